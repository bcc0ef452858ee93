import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyFilter, keyFilterBytes } from "./key-filter.ts";

const empty = (): KeyFilter => new KeyFilter(new SharedArrayBuffer(keyFilterBytes));

test("key filter: a key that was added is never denied, however many there are", () => {
  const filter = empty();
  for (let i = 0; i < 400_000; i++) filter.add("order", `k${i}`);
  for (let i = 0; i < 400_000; i++) assert(filter.mayHold("order", `k${i}`), `k${i}`);
});

test("key filter: of keys that were not added nearly all are denied, and at two million keys still more than nine in ten", () => {
  const filter = empty();
  const taken = (): number => {
    let count = 0;
    for (let i = 0; i < 10_000; i++) count += filter.mayHold("order", `new ${i}`) ? 1 : 0;
    return count / 10_000;
  };
  assert.equal(taken(), 0);
  for (let i = 0; i < 100_000; i++) filter.add("order", `k${i}`);
  assert(taken() < 0.001, String(taken()));
  for (let i = 100_000; i < 2_000_000; i++) filter.add("order", `k${i}`);
  assert(taken() < 0.1, String(taken()));
});

test("key filter: the same key of another type is another key", () => {
  const filter = empty();
  filter.add("order", "a");
  assert(filter.mayHold("order", "a"));
  assert(!filter.mayHold("stock", "a"));
  assert(!filter.mayHold("order", "ordera"));
});

test("key filter: what one thread adds the other finds in the same memory", () => {
  const memory = new SharedArrayBuffer(keyFilterBytes);
  new KeyFilter(memory).add("order", "a");
  assert(new KeyFilter(memory).mayHold("order", "a"));
});
