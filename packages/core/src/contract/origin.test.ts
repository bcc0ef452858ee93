import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import * as z from "zod";
import * as mini from "zod/mini";
import { checkOf } from "./check.ts";
import { frozenCopy } from "./frozen-copy.ts";
import { originOf } from "./origin.ts";
import type { Schema } from "./schema.ts";

const line = z.object({ sku: z.string(), count: z.int(), note: z.string().optional() });

/** Schemas, some of whose parts are provably new, with values that fit them. */
const schemas: readonly (readonly [name: string, schema: Schema, fits: fc.Arbitrary<unknown>])[] = [
  ["flat", line, fc.record({ sku: fc.string(), count: fc.integer(), note: fc.string() }, { requiredKeys: ["sku", "count"] })],
  ["undefined member", line, fc.constant({ sku: "a", count: -0, note: undefined })],
  [
    "nested",
    z.object({ lines: z.array(line), at: z.object({ x: z.number(), y: z.number() }) }),
    fc.record({
      lines: fc.array(fc.record({ sku: fc.string(), count: fc.integer() }), { maxLength: 4 }),
      at: fc.record({ x: fc.double({ noNaN: true, noDefaultInfinity: true }), y: fc.constantFrom(-0, 1) }),
    }),
  ],
  [
    "any inside",
    z.object({ extra: z.any(), list: z.array(z.any()) }),
    fc.record({ extra: fc.jsonValue(), list: fc.array(fc.jsonValue()) }),
  ],
  ["json", z.object({ body: z.json() }), fc.record({ body: fc.jsonValue() })],
  ["loose", z.looseObject({ a: z.int() }) as unknown as Schema, fc.record({ a: fc.integer(), b: fc.jsonValue() })],
  ["record", z.object({ by: z.record(z.string(), z.any()) }), fc.record({ by: fc.dictionary(fc.string(), fc.jsonValue()) })],
  ["default", z.object({ tags: z.array(z.string()).default([]) }), fc.constant({})],
  ["union", z.union([line, z.array(z.any())]), fc.array(fc.jsonValue())],
  ["strict", z.strictObject({ a: z.object({ b: z.any() }).optional() }), fc.record({ a: fc.record({ b: fc.jsonValue() }) })],
  ["mini", mini.object({ a: mini.array(mini.any()) }), fc.record({ a: fc.array(fc.jsonValue()) })],
];

function objectsOf(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  found.add(value);
  for (const member of Object.values(value)) objectsOf(member, found);
  return found;
}

for (const [name, schema, fits] of schemas) {
  test(`check: what a schema proves to be new is frozen where it is, with the same result as a copy (${name})`, () => {
    const check = checkOf(schema, "x");
    fc.assert(
      fc.property(fits, (value): void => {
        const theirs = objectsOf(value);
        const taken = check(value);
        const again = check(value);
        const parsed = schema["~standard"].validate(value);
        assert.ok(!(parsed instanceof Promise) && !parsed.issues);
        assert.deepStrictEqual(taken, frozenCopy(parsed.value), "as if it were copied");
        for (const part of objectsOf(taken)) {
          assert.ok(Object.isFrozen(part), "every part is frozen");
          assert.ok(!theirs.has(part), "no part is the caller's");
          assert.ok(!objectsOf(again).has(part), "no part is shared with another result");
        }
        for (const part of theirs) assert.ok(!Object.isFrozen(part), "the caller keeps the use of its own object");
      }),
      { numRuns: 50 },
    );
  });
}

test("origin: objects and lists that zod builds are new, down to the first part that is not", () => {
  const known = (schema: Schema): unknown => {
    void schema["~standard"].validate(undefined);
    return originOf(schema);
  };
  const flat = { kind: "object", members: new Map() };
  assert.deepEqual(known(line), flat);
  assert.deepEqual(known(mini.object({ a: mini.string() })), flat);
  assert.deepEqual(known(z.array(z.array(z.any()))), { kind: "list", entries: { kind: "list", entries: "anywhere" } });
  assert.deepEqual(known(z.object({ lines: z.array(line), extra: z.any() })), {
    kind: "object",
    members: new Map([["lines", { kind: "list", entries: flat }]]),
  });
});

test("origin: whatever may hand on, keep or replace an object is taken to come from anywhere", () => {
  const Tree: z.ZodType = z.object({
    get children() {
      return z.array(Tree);
    },
  });
  Tree.parse({ children: [] });
  assert.deepEqual(originOf(Tree as unknown as Schema), {
    kind: "object",
    members: new Map([["children", { kind: "list", entries: "anywhere" }]]),
  });

  const asObject: (inst: z.ZodObject, def: z.core.$ZodObjectDef) => void = z.ZodObject.init;
  const Derived = z.core.$constructor("Derived", asObject);
  const own = line.clone();
  const handsBack = { ...line["~standard"], validate: (value: unknown) => ({ value }) };
  Object.defineProperty(own, "~standard", { value: handsBack, enumerable: true });
  const assigned = line.clone();
  (assigned as { "~standard": unknown })["~standard"] = handsBack;
  const replaced = line.clone();
  const { _zod: internals } = replaced;
  internals.run = (payload) => payload;
  const anywhere: { readonly [name: string]: Schema } = {
    any: z.any(),
    "a refinement": line.refine(() => true),
    "a check": line.check(() => undefined),
    "a transformation": line.transform((value) => value),
    "a custom type": z.custom<{ a: 1 }>(() => true),
    "members beyond the shape": line.loose() as unknown as Schema,
    "a catch-all": line.catchall(z.any()),
    "a member named by a symbol": z.object({ [Symbol("s")]: z.any() } as never),
    "a list with a check": z.array(z.any()).max(9),
    "a record": z.record(z.string(), z.any()),
    "a union": z.union([line, z.any()]),
    "a class of somebody else": new Derived({ type: "object", shape: { a: z.any() } } as never) as unknown as Schema,
    "a validator put in its place": own,
    "a validator assigned to it": assigned,
    "a parser put in its place": replaced,
    "a compiled parser": z.compile(line),
    "a shape that cannot be read": z.object({
      list: z.array(
        z.object({
          get later(): z.ZodString {
            throw new ReferenceError("not yet");
          },
        }),
      ),
    }),
    "another library": { "~standard": { version: 1, vendor: "hand", validate: (value) => ({ value: value as never }) } },
    "a stranger that says it is zod": { "~standard": { version: 1, vendor: "zod", validate: (value) => ({ value: value as never }) } },
  };
  for (const [name, schema] of Object.entries(anywhere)) {
    void schema["~standard"].validate({ sku: "a", count: 1, a: 1, list: [] });
    assert.equal(originOf(schema), "anywhere", name);
  }
});

test("check: an object that a schema's own check puts in, keeps or swaps stays its own, usable and not shared", () => {
  const theirs = { sku: "kept", count: 1, list: [1] };
  const replacing = line.check((payload) => {
    payload.value = theirs;
  });
  const swapping = z.object({
    inner: z.object({ list: z.array(z.int()) }).check((payload) => {
      payload.value = theirs;
    }),
  });
  const takenWhole = checkOf(replacing, "x")({ sku: "a", count: 2 }) as typeof theirs;
  const takenInside = (checkOf(swapping, "x")({ inner: { list: [] } }) as { readonly inner: typeof theirs }).inner;
  for (const taken of [takenWhole, takenInside]) {
    assert.notEqual(taken, theirs);
    assert.notEqual(taken.list, theirs.list);
    assert.deepEqual(taken, { sku: "kept", count: 1, list: [1] });
  }
  assert.ok(!Object.isFrozen(theirs) && !Object.isFrozen(theirs.list));
});
