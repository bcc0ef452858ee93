import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, interleave, isMet, Latencies, ratioOf, type Row, sampleOf, spreadOf } from "./measure.ts";

const row = (median: number, aim?: Row["aim"]): Row => {
  const plain: Row = { name: "row", unit: "/s", ours: sampleOf([median]), bare: beside({ bare: sampleOf([100]) }) };
  return aim ? { ...plain, aim } : plain;
};

test("sample: the median of an odd number of rounds is the middle one, of an even number the mean of the two", () => {
  assert.deepEqual(sampleOf([9, 1, 5]), { median: 5, rounds: [9, 1, 5] });
  assert.deepEqual(sampleOf([9, 1, 5, 6]), { median: 5.5, rounds: [9, 1, 5, 6] });
  assert.throws(() => sampleOf([]), /at least one round/);
});

test("sample: the spread is half the range, as a part of the median", () => {
  assert.equal(spreadOf(sampleOf([90, 100, 120])), 0.15);
  assert.equal(spreadOf(sampleOf([0, 0])), 0);
});

test("interleave: sides take turns in their order, and the first round of each does not count", async () => {
  const ran: string[] = [];
  const side = (name: string) => (round: number) => {
    ran.push(name + round);
    return Promise.resolve(round === 0 ? 1_000 : round);
  };
  const { a, b } = await interleave(2, { a: side("a"), b: side("b") });
  assert.deepEqual(ran, ["a0", "b0", "a1", "b1", "a2", "b2"]);
  assert.deepEqual([a, b], [sampleOf([1, 2]), sampleOf([1, 2])]);
});

test("aim: met at its bound, missed beyond it, undefined where there is none", () => {
  assert.equal(isMet(row(10)), undefined);
  for (const [kind, met, missed] of [
    ["at-least", 50, 49],
    ["at-most", 50, 51],
  ] as const) {
    assert.equal(isMet(row(met, { kind, value: 50 })), true);
    assert.equal(isMet(row(missed, { kind, value: 50 })), false);
  }
  assert.equal(isMet(row(80, { kind: "ratio-at-least", value: 0.8, to: "bare" })), true);
  assert.equal(isMet(row(79, { kind: "ratio-at-least", value: 0.8, to: "bare" })), false);
  assert.equal(isMet(row(80, { kind: "ratio-at-most", value: 0.8, to: "bare" })), true);
  assert.equal(isMet(row(81, { kind: "ratio-at-most", value: 0.8, to: "bare" })), false);
  assert.throws(() => isMet(row(1, { kind: "ratio-at-least", value: 0.8, to: "other" })), /not beside it/);
});

test("ratio: the median of the rounds' own ratios, so that a bad round does not count on one side only", () => {
  const [bare] = beside({ bare: sampleOf([100, 10, 80]) });
  assert.ok(bare);
  assert.equal(ratioOf({ ...row(1), ours: sampleOf([50, 5, 60]) }, bare), 0.5);
});

test("ratio: sides with different rounds are compared by their medians", () => {
  const [bare] = beside({ bare: sampleOf([100, 10, 80]) });
  assert.ok(bare);
  assert.equal(ratioOf(row(20), bare), 0.25);
});

test("latencies: the round that does not count is forgotten, those that follow add up", () => {
  const times = new Latencies();
  times.startRound(0);
  times.record(900);
  times.startRound(1);
  for (let i = 0; i < 98; i++) times.record(2);
  times.startRound(2);
  for (let i = 0; i < 2; i++) times.record(50);
  const { p50_ms: p50, p99_ms: p99 } = times.details();
  assert.ok(Math.abs(p50 - 2) < 0.01 && Math.abs(p99 - 50) < 0.1, `${p50} ${p99}`);
});
