import assert from "node:assert/strict";
import { test } from "node:test";
import { fateOf, faultsIn } from "./faults.ts";

/** Gives these, one after the other. */
const drawing = (...draws: readonly number[]) => {
  let i = 0;
  return () => draws[i++] ?? assert.fail("one draw too many");
};

test("bank faults: what is not named is calm", () => {
  assert.deepEqual(faultsIn(""), { faults: { latencyMs: 0, errors: 0, hangs: 0 } });
  assert.deepEqual(faultsIn("latency=50ms,errors=0.1,hangs=0.01"), { faults: { latencyMs: 50, errors: 0.1, hangs: 0.01 } });
  assert.deepEqual(faultsIn(" hangs=1 , latency=1.5s,"), { faults: { latencyMs: 1_500, errors: 0, hangs: 1 } });
});

test("bank faults: what cannot be meant is refused with the reason", () => {
  for (const [text, reason] of [
    ["latency=50", /latency is a time/],
    ["latency=61s", /at most 60s/],
    ["errors=10%", /errors is a part/],
    ["errors=1.1", /errors is a part/],
    ["hangs=-1", /hangs is a part/],
    ["hangs=", /none of/],
    ["mood=bad", /"mood=bad" is none of/],
    ["errors=0.6,hangs=0.6", /more than all/],
  ] as const) {
    const read = faultsIn(text);
    assert.match("mistake" in read ? read.mistake : "accepted", reason, text);
  }
});

test("bank faults: errors and hangs take their parts of the draws, latency is spread around its mean", () => {
  const faults = { latencyMs: 50, errors: 0.1, hangs: 0.2 };
  assert.deepEqual(fateOf(faults, drawing(0.5, 0.09, 0.4)), { delayMs: 50, kind: "error", before: true });
  assert.deepEqual(fateOf(faults, drawing(0, 0.1, 0.5)), { delayMs: 0, kind: "hang", before: false });
  assert.deepEqual(fateOf(faults, drawing(0.99, 0.29, 0)), { delayMs: 99, kind: "hang", before: true });
  assert.equal(fateOf(faults, drawing(0, 0.31, 0)).kind, "answer");
  assert.equal(fateOf({ latencyMs: 0, errors: 0, hangs: 0 }, drawing(0, 0, 0)).kind, "answer");
  assert.equal(fateOf({ latencyMs: 0, errors: 1, hangs: 0 }, drawing(0, 0.999, 0)).kind, "error");
});
