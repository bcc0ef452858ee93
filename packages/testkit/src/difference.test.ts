import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { differences } from "./difference.ts";

test("difference: there is none exactly if two values are the same JSON", () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.deepEqual(differences(a, structuredClone(a), 10), []);
      let same = true;
      try {
        assert.deepStrictEqual(a, b);
      } catch {
        same = false;
      }
      assert.equal(differences(a, b, 10).length === 0, same);
    }),
  );
});

test("difference: each names the pointer, escaped, and both sides", () => {
  assert.deepEqual(differences({ a: [1, { "b/c": 2 }], d: 1, same: null }, { a: [1, { "b/c": 3 }, 4], e: 1, same: null }, 10), [
    { pointer: "/a/1/b~1c", actual: 2, expected: 3 },
    { pointer: "/a/2", actual: undefined, expected: 4 },
    { pointer: "/e", actual: undefined, expected: 1 },
    { pointer: "/d", actual: 1, expected: undefined },
  ]);
  assert.deepEqual(differences([], {}, 10), [{ pointer: "", actual: [], expected: {} }]);
});

test("difference: a member that is undefined counts as absent, an inherited one does not count", () => {
  assert.deepEqual(differences({ a: undefined }, {}, 10), []);
  assert.equal(differences({}, { toString: 1 }, 10).length, 1);
});

test("difference: no more are gathered than asked for", () => {
  const wide = Array.from({ length: 1_000 }, (_, i) => i);
  assert.equal(differences(wide, wide.toReversed(), 7).length, 7);
});
