import assert from "node:assert/strict";
import { test } from "node:test";
import { KnownEpochs } from "./known-epochs.ts";

test("known epochs: until the first take-over since the log was opened they are not certain, but lower ones are over", () => {
  const known = new KnownEpochs([5, 0]);
  assert.equal(known.isCurrent(0, 5), undefined);
  assert.equal(known.isCurrent(0, 4), false);
  known.begin(0);
  known.end(0, 6);
  assert.deepEqual([known.isCurrent(0, 5), known.isCurrent(0, 6), known.isCurrent(0, 7)], [false, true, false]);
  assert.equal(known.isCurrent(1, 0), undefined);
});

test("known epochs: while a take-over is under way nothing is certain; one that was refused leaves no doubt", () => {
  const known = new KnownEpochs([0]);
  known.begin(0);
  known.end(0, 1);
  known.begin(0);
  assert.equal(known.isCurrent(0, 1), undefined);
  known.end(0, undefined);
  assert.equal(known.isCurrent(0, 1), true);
});

test("known epochs: a take-over without an answer is in doubt until a higher epoch than the one it saw is current", () => {
  const known = new KnownEpochs([0]);
  known.begin(0);
  known.end(0, 1);
  known.begin(0);
  known.doubt(0, 1);
  assert.equal(known.isCurrent(0, 1), undefined);
  known.learn(0, 1);
  assert.equal(known.isCurrent(0, 1), undefined, "it may yet come");
  known.learn(0, 2);
  assert.deepEqual([known.isCurrent(0, 1), known.isCurrent(0, 2)], [false, true]);
});
