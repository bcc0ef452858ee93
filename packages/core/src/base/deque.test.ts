import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Deque } from "./deque.ts";

test("deque: an empty one has nothing at either end", () => {
  const deque = new Deque<number>();
  assert.deepEqual([deque.length, deque.shift(), deque.peek(), deque.last(), [...deque]], [0, undefined, undefined, undefined, []]);
});

test("deque: it keeps its order when it grows with its head anywhere in the ring", () => {
  for (let head = 0; head < 8; head++) {
    const deque = new Deque<number>();
    for (let i = 0; i < head; i++) deque.push(-1);
    for (let i = 0; i < head; i++) deque.shift();
    const items = Array.from({ length: 100 }, (_, i) => i);
    for (const item of items) deque.push(item);
    assert.deepEqual([...deque], items);
    assert.deepEqual(
      items.map(() => deque.shift()),
      items,
    );
  }
});

test("deque: what has left is not held on to, what is undefined counts as an item", () => {
  const deque = new Deque<number | undefined>();
  deque.push(undefined);
  deque.push(1);
  assert.equal(deque.length, 2);
  assert.equal(deque.shift(), undefined);
  assert.equal(deque.length, 1);
  assert.equal(deque.shift(), 1);
});

test("deque: any sequence of operations gives what an array gives", () => {
  type Operation = readonly ["push" | "unshift", number] | readonly ["shift", number];
  const operation: fc.Arbitrary<Operation> = fc.tuple(
    fc.constantFrom("push" as const, "push" as const, "unshift" as const, "shift" as const),
    fc.nat(),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const deque = new Deque<number>();
      const array: number[] = [];
      for (const [kind, item] of operations) {
        if (kind === "shift") assert.equal(deque.shift(), array.shift());
        else {
          deque[kind](item);
          array[kind](item);
        }
        assert.deepEqual([deque.length, deque.peek(), deque.last()], [array.length, array[0], array.at(-1)]);
      }
      assert.deepEqual([...deque], array);
    }),
    { seed: 5 },
  );
});
