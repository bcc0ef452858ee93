import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Origin } from "./origin.ts";
import { freezeDeep, frozenCopy, jsonDepthMax, jsonNodesMax, NotJson } from "./frozen-copy.ts";

/** Calls `visit` for `value` and every object in it. */
function eachObject(value: unknown, visit: (part: object) => void): void {
  if (typeof value !== "object" || value === null) return;
  visit(value);
  for (const member of Object.values(value)) eachObject(member, visit);
}

function assertPrivate(copy: unknown, source: unknown): void {
  const theirs = new Set<object>();
  eachObject(source, (part) => theirs.add(part));
  eachObject(copy, (part) => {
    assert.ok(Object.isFrozen(part), "every part of a copy is frozen");
    assert.ok(!theirs.has(part), "no part of a copy is the caller's");
  });
}

function refusal(value: unknown): { readonly pointer: string; readonly detail: string } {
  try {
    frozenCopy(value);
  } catch (error) {
    assert.ok(error instanceof NotJson, `refused with ${String(error)}`);
    return error.issue;
  }
  return assert.fail("it was not refused");
}

test("frozenCopy: a JSON value is copied, frozen and equal", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      const copy = frozenCopy(value);
      assert.equal(JSON.stringify(copy), text);
      assertPrivate(copy, value);
    }),
  );
});

test("frozenCopy: whatever is not refused is what its JSON text says", () => {
  let copied = 0;
  const strange = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    maxDepth: 3,
  });
  const scalar = fc.oneof(fc.string(), fc.double({ noDefaultInfinity: true, noNaN: true }), fc.constant(undefined), fc.boolean());
  const nearlyJson = fc.dictionary(fc.string(), fc.oneof(scalar, fc.dictionary(fc.string(), scalar)));
  fc.assert(
    fc.property(fc.oneof(strange, nearlyJson), (value) => {
      let copy: unknown;
      try {
        copy = frozenCopy(value);
      } catch (error) {
        assert.ok(error instanceof NotJson);
        return;
      }
      copied += 1;
      assertPrivate(copy, value);
      assert.deepEqual(copy, copy === undefined ? undefined : JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 500 },
  );
  assert.ok(copied > 100, `only ${copied} of 500 values were copied: the property said little`);
});

test("frozenCopy: what JSON cannot carry is refused with its place", () => {
  class Money {
    readonly cents = 1;
  }
  const refused: readonly (readonly [value: unknown, pointer: string, detail: RegExp])[] = [
    [() => 1, "", /a function/],
    [{ a: { "b/c~d": Symbol("s") } }, "/a/b~1c~0d", /a symbol/],
    [[1, 2n], "/1", /a bigint/],
    [{ rate: Number.NaN }, "/rate", /NaN/],
    [{ rates: [0, Number.NEGATIVE_INFINITY] }, "/rates/1", /-Infinity/],
    [{ when: new Date(0) }, "/when", /an instance of Date/],
    [new Money(), "", /an instance of Money/],
    [{ m: new Map() }, "/m", /an instance of Map/],
    [Object.create({ inherited: 1 }), "", /an instance of Object|a prototype of its own/],
    [{ [Symbol("hidden")]: 1 }, "", /named by a symbol/],
    [{ list: [1, undefined] }, "/list/1", /undefined in a list/],
    [new Array(3), "/0", /undefined in a list/],
  ];
  for (const [value, pointer, detail] of refused) {
    const issue = refusal(value);
    assert.equal(issue.pointer, pointer);
    assert.match(issue.detail, detail);
  }
});

test("frozenCopy: an undefined member is absent and -0 is 0, as in JSON text", () => {
  const copy = frozenCopy({ a: undefined, b: -0, c: [-0], d: null });
  assert.deepEqual(copy, { b: 0, c: [0], d: null });
  assert.ok(Object.is((copy as { readonly b: number }).b, 0));
  assert.ok(Object.isFrozen(copy));
  assert.equal(frozenCopy(undefined), undefined);
  assert.ok(Object.is(frozenCopy(-0), 0));
});

test("frozenCopy: a member named __proto__ stays a member, at any depth, and pollutes nothing", () => {
  const hostile = JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":{"admin":true},"x":{}},"u":[{"__proto__":1}]}') as unknown;
  const copy = frozenCopy(hostile) as { readonly a: object; readonly admin?: unknown };
  assert.equal(JSON.stringify(copy), JSON.stringify(hostile));
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  assert.equal(Object.getPrototypeOf(copy.a), Object.prototype);
  assert.equal(copy.admin, undefined);
  assert.equal(({} as { readonly admin?: unknown }).admin, undefined);
  const dropped = frozenCopy({ ...(JSON.parse('{"__proto__":{"admin":true}}') as object), gone: undefined });
  assert.equal(JSON.stringify(dropped), '{"__proto__":{"admin":true}}', "also where an absent member makes it rebuild the copy");
});

test("frozenCopy: what somebody has added to every object's prototype is no member of a copy", () => {
  const prototype = Reflect.getPrototypeOf({}) as object;
  const added = { addedFunction: () => 1, addedObject: { a: 1 }, addedZero: -0, addedNothing: undefined };
  try {
    for (const [name, value] of Object.entries(added))
      Reflect.defineProperty(prototype, name, { value, enumerable: true, configurable: true });
    const copy = frozenCopy({ a: 1, b: { c: 2 } });
    assert.equal(JSON.stringify(copy), '{"a":1,"b":{"c":2}}');
    assert.deepEqual(Object.keys(copy as object), ["a", "b"]);
  } finally {
    for (const name of Object.keys(added)) Reflect.deleteProperty(prototype, name);
  }
});

test("frozenCopy: what is new by its origin is frozen where it is, what is not is copied", () => {
  const mine = { list: [{ n: -0 }], theirs: { n: 1 }, gone: undefined };
  const { theirs } = mine;
  const [entry] = mine.list;
  const object = { kind: "object", members: new Map() } as const;
  const origin: Origin = { kind: "object", members: new Map([["list", { kind: "list", entries: object }]]) };
  const copy = frozenCopy(mine, origin) as unknown as typeof mine;
  assert.equal(copy.list[0], entry, "not copied");
  assert.ok(Object.is(entry?.n, 0) && Object.isFrozen(entry) && Object.isFrozen(copy) && Object.isFrozen(copy.list));
  assert.ok(copy.theirs !== theirs && Object.isFrozen(copy.theirs) && !Object.isFrozen(theirs));
  assert.deepEqual(Object.keys(copy), ["list", "theirs"]);
});

test("frozenCopy: an object without a prototype gets the usual one", () => {
  const bare = Object.assign(Object.create(null) as object, { a: 1 });
  assert.deepEqual(frozenCopy(bare), { a: 1 });
});

test("frozenCopy: a cycle and a value nested too deep are refused, one at the bound is not", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  assert.match(refusal(cycle).detail, /in a circle/);
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  assert.equal(JSON.stringify(frozenCopy(nested(jsonDepthMax))), JSON.stringify(nested(jsonDepthMax)));
  assert.equal(refusal(nested(jsonDepthMax + 1)).pointer, "/0".repeat(jsonDepthMax));
});

test("frozenCopy: a small value that unfolds into an endless one is refused", () => {
  let doubled: unknown = "x";
  for (let i = 0; i < 40; i++) doubled = [doubled, doubled]; // 2^40 leaves
  assert.match(refusal(doubled).detail, new RegExp(`more than ${jsonNodesMax} parts`));
  assert.match(refusal(new Array(jsonNodesMax + 1).fill(0)).detail, /parts/);
});

test("frozenCopy: an object that throws while it is read lets that error through", () => {
  const touchy = {
    get a(): never {
      throw new RangeError("do not touch");
    },
  };
  assert.throws(() => frozenCopy({ touchy }), RangeError);
});

test("freezeDeep: freezes in place, all the way down, and survives a cycle", () => {
  const value: { list: { n: number }[]; self?: unknown } = { list: [{ n: 1 }] };
  value.self = value;
  assert.equal(freezeDeep(value), value);
  assert.throws(() => {
    (value.list[0] as { n: number }).n = 2;
  }, TypeError);
  assert.equal(freezeDeep(7), 7);
});
