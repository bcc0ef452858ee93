import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf, rowSum } from "./row-sum.ts";

test("row sum: the golden values hold, for a log must be readable for ever", () => {
  assert.equal(rowSum(0, 0, 1, 1, ""), 3_527_656_349);
  assert.equal(rowSum(3, 120, 2, 7, '{"a":1}\n{"b":"é\u{1f30a}"}'), 2_195_380_634);
  assert.equal(rowSum(4_095, 2 ** 40, 1_000, 2 ** 33, "x".repeat(1_000)), 1_415_473_745);
});

test("row sum: another partition, offset, count, epoch or body gives another sum", () => {
  const sums = [
    rowSum(1, 2, 3, 4, "body"),
    rowSum(2, 2, 3, 4, "body"),
    rowSum(1, 3, 3, 4, "body"),
    rowSum(1, 2, 4, 4, "body"),
    rowSum(1, 2, 3, 5, "body"),
    rowSum(1, 2, 3, 4, "bodY"),
    rowSum(12, 3, 4, 0, "body"),
  ];
  assert.equal(new Set(sums).size, sums.length);
});

test("row sum: a body has one line more than raw newlines", () => {
  assert.deepEqual(
    ["", "a", "a\nb", "\n\n"].map((body) => linesOf(body)),
    [1, 1, 2, 3],
  );
});
