import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { isSchema, jsonSchema, type Schema } from "./schema.ts";

test("jsonSchema: input and output differ where a default does", () => {
  const schema = z.object({ by: z.int().positive(), note: z.string().default("none") });
  const input = jsonSchema(schema, "input");
  const output = jsonSchema(schema, "output");
  assert.deepEqual(input?.["required"], ["by"]);
  assert.deepEqual(output?.["required"], ["by", "note"]);
  assert.equal(((input ?? {})["properties"] as { readonly by: { readonly type: string } }).by.type, "integer");
  assert.equal(input !== undefined && "$schema" in input, false);
});

test("jsonSchema: is undefined where the library cannot say", () => {
  const silent: Schema = { "~standard": { version: 1, vendor: "hand", validate: (value) => ({ value: value as never }) } };
  assert.equal(jsonSchema(silent, "input"), undefined);
  assert.equal(jsonSchema(z.object({ a: z.custom<string>(() => true) }), "input"), undefined);
  assert.equal(
    jsonSchema(
      z.string().transform((text) => text.length),
      "output",
    ),
    undefined,
  );
  assert.deepEqual(
    jsonSchema(
      z.string().transform((text) => text.length),
      "input",
    ),
    { type: "string" },
  );
});

const converter =
  (io: string) =>
  ({ target }: { readonly target: string }) => ({ $schema: "x", title: `${io} ${target}` });

test("jsonSchema: any library that follows Standard JSON Schema will do", () => {
  const schema = {
    "~standard": {
      version: 1,
      vendor: "hand",
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: converter("in"), output: converter("out") },
    },
  } as unknown as Schema;
  assert.deepEqual(jsonSchema(schema, "input"), { title: "in draft-2020-12" });
  assert.deepEqual(jsonSchema(schema, "output"), { title: "out draft-2020-12" });
});

test("isSchema: takes objects and functions that carry Standard Schema v1, nothing else", () => {
  const standard = { version: 1, vendor: "hand", validate: () => ({ value: 1 }) };
  assert.ok(isSchema(z.string()));
  assert.ok(isSchema({ "~standard": standard }));
  assert.ok(isSchema(Object.assign(() => 1, { "~standard": standard })));
  for (const other of [
    undefined,
    null,
    1,
    "x",
    {},
    () => 1,
    { "~standard": null },
    { "~standard": { ...standard, version: 2 } },
    { "~standard": { version: 1 } },
  ]) {
    assert.equal(isSchema(other), false);
  }
});

test("jsonSchema: a schema is translated once for each side, also where there is no translation", () => {
  const asked: string[] = [];
  const count = (io: string) => (): object => {
    asked.push(io);
    if (io === "output") throw new Error("not expressible");
    return { type: "string" };
  };
  const standard = { version: 1, vendor: "hand", validate: () => ({}), jsonSchema: { input: count("input"), output: count("output") } };
  const schema = { "~standard": standard } as unknown as Schema;
  for (let i = 0; i < 2; i++)
    assert.deepEqual([jsonSchema(schema, "input"), jsonSchema(schema, "output")], [{ type: "string" }, undefined]);
  assert.deepEqual(asked, ["input", "output"]);
});
