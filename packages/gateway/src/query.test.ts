import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "@atoll/core/contract";
import * as z from "zod";
import { Problem } from "./problem.ts";
import { parseQuery, queryShapes } from "./query.ts";

const shapes = queryShapes(
  z.object({
    page: z.int().default(1),
    price: z.number().optional(),
    deep: z.boolean(),
    tags: z.array(z.string()),
    sizes: z.array(z.int()),
    text: z.string(),
  }),
);

test("query: text is read as the number or boolean that the schema asks for", () => {
  assert.deepEqual(parseQuery("page=2&price=-1.5e3&deep=true&text=7", shapes), { page: 2, price: -1500, deep: true, text: "7" });
});

test("query: what cannot be read so stays text for the schema to refuse", () => {
  assert.deepEqual(parseQuery("page=2x&price=&deep=yes", shapes), { page: "2x", price: "", deep: "yes" });
  assert.deepEqual(parseQuery("page=0x10&price=Infinity", shapes), { page: "0x10", price: "Infinity" });
});

test("query: a single value of a list is a list of one, several values keep their order", () => {
  assert.deepEqual(parseQuery("tags=a&sizes=3&sizes=1", shapes), { tags: ["a"], sizes: [3, 1] });
});

test("query: a name given twice becomes a list, which a schema for one value refuses", () => {
  assert.deepEqual(parseQuery("text=a&text=b&text=c", shapes), { text: ["a", "b", "c"] });
});

test("query: plus is a space, percent-encoding is decoded, empty parts are nothing", () => {
  assert.deepEqual(parseQuery("&text=a+b%2Bc%C3%B6&&other&x=1=2&", shapes), { text: "a b+cö", other: "", x: "1=2" });
});

test("query: bad percent-encoding is a problem", () => {
  for (const search of ["text=%", "%zz=1", "text=%c3"]) assert.throws(() => parseQuery(search, shapes), Problem, search);
});

test("query: a parameter named __proto__ changes no prototype", () => {
  const query = parseQuery("__proto__=x&__proto__=y&text=a&constructor=b", shapes);
  assert.equal(Object.getPrototypeOf(query), Object.prototype);
  assert.deepEqual(query, { text: "a", constructor: "b" });
});

test("query: without JSON Schema from the library every parameter is text", () => {
  const schema = { "~standard": { version: 1, vendor: "own", validate: (value: unknown) => ({ value }) } } as Schema;
  assert.deepEqual(parseQuery("page=2", queryShapes(schema)), { page: "2" });
});
