import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, type Evidence } from "./verdict.ts";

const evidence = (logged: readonly number[], total: number, acknowledged: readonly number[] = [1, 2, 3]): Evidence => {
  const times = new Map<number, number>();
  for (const number of logged) times.set(number, (times.get(number) ?? 0) + 1);
  return {
    acknowledged: new Map([["a", new Set(acknowledged)]]),
    sent: new Map([["a", 4]]),
    logged: new Map([["a", times]]),
    totals: new Map([["a", total]]),
  };
};
const counts = (given: Evidence): readonly number[] => {
  const { acknowledged, lost, twice, faults } = judge(given);
  assert.equal(faults.length > 0, lost + twice > 0);
  return [acknowledged, lost, twice];
};

test("kill9: commands that are in the log once each, acknowledged or not, are no fault", () => {
  assert.deepEqual(counts(evidence([1, 2, 3], 6)), [3, 0, 0]);
  assert.deepEqual(counts(evidence([1, 2, 3, 4], 10)), [3, 0, 0]);
});

test("kill9: an acknowledged command that is not in the log is lost", () => {
  assert.deepEqual(counts(evidence([1, 3], 4)), [3, 1, 0]);
});

test("kill9: a command that is in the log again is applied twice", () => {
  assert.deepEqual(counts(evidence([1, 2, 2, 3], 8)), [3, 0, 1]);
  assert.deepEqual(counts(evidence([1, 2, 3, 4, 4, 4], 18)), [3, 0, 2]);
});

test("kill9: a lost command and others applied twice are both seen where the total is right", () => {
  assert.deepEqual(counts(evidence([1, 1, 2, 2], 6)), [3, 1, 2]);
});

test("kill9: a number that nobody sent counts as applied too often", () => {
  assert.deepEqual(counts(evidence([1, 2, 3, 9], 15)), [3, 0, 1]);
});

test("kill9: a state that differs from a log without fault is a fault", () => {
  assert.deepEqual(counts(evidence([1, 2, 3], 5)), [3, 1, 0]);
  assert.deepEqual(counts(evidence([1, 2, 3], 7)), [3, 0, 1]);
  assert.deepEqual(counts({ ...evidence([1, 2, 3], 6), totals: new Map() }), [3, 1, 0]);
});
