import assert from "node:assert/strict";
import { test } from "node:test";
import { Phase, slopeOf, type PhaseFigures } from "./phase.ts";
import { heapNoiseBytes, judge, residentNoiseBytes, tableOf, type CaseResult } from "./verdict.ts";

const mb = 2 ** 20;
const phase = (name: string, heapBytes: number, rssBytes = 300 * mb): PhaseFigures => ({
  name,
  perSecond: 100,
  commands: 1_000,
  p50Ms: 2,
  p99Ms: 8,
  heapBytes,
  rssBytes,
  slopeBytesPerMinute: -mb,
  queued: "5 records behind",
});
const given = (change: Partial<CaseResult> = {}): CaseResult => ({
  name: "feed",
  calm: phase("nobody listens", 40 * mb),
  disturbed: phase("deaf", 45 * mb),
  allowedBytes: 10 * mb,
  withheldBytes: 500 * mb,
  lost: 0,
  wrong: 0,
  ...change,
});

test("flat: what lies within the named bounds passes, and one byte beyond them does not", () => {
  assert.deepEqual([judge(given()).flat, judge(given()).passed], [true, true]);
  const limit = 50 * mb + heapNoiseBytes;
  assert.equal(judge(given({ disturbed: phase("deaf", limit) })).flat, true);
  const beyond = judge(given({ disturbed: phase("deaf", limit + 1) }));
  assert.deepEqual([beyond.flat, beyond.passed], [false, false]);
  assert.match(beyond.text, /memory flat: NO/);
});

test("flat: resident memory and the phase of catching up are judged as well", () => {
  const resident = 300 * mb + 10 * mb + heapNoiseBytes + residentNoiseBytes;
  assert.equal(judge(given({ disturbed: phase("deaf", 40 * mb, resident) })).flat, true);
  assert.equal(judge(given({ disturbed: phase("deaf", 40 * mb, resident + 1) })).flat, false);
  assert.equal(judge(given({ after: phase("reads on", 80 * mb) })).passed, false);
});

test("flat: a message that is lost, or comes out of its turn, fails whatever memory says", () => {
  assert.equal(judge(given({ lost: 1 })).passed, false);
  assert.equal(judge(given({ wrong: 1 })).passed, false);
});

test("flat: where hardly more was waiting than is allowed, a flat memory proves nothing and does not pass", () => {
  const { flat, telling, passed, text } = judge(given({ withheldBytes: 20 * mb }));
  assert.deepEqual([flat, telling, passed], [true, false, false]);
  assert.match(text, /too little was waiting/);
});

test("flat: latency is shown as a ratio and never judged", () => {
  const { passed, text } = judge(given({ disturbed: { ...phase("deaf", 40 * mb), p50Ms: 200, p99Ms: 4_000 } }));
  assert.equal(passed, true);
  assert.match(text, /p50 ×100\.00, p99 ×500\.00/);
});

test("flat: the slope is that of the line through the samples", () => {
  assert.equal(slopeOf([]), 0);
  assert.equal(slopeOf([{ atMs: 5, heapBytes: 3 }]), 0);
  const rising = [0, 1, 2, 3].map((i) => ({ atMs: i * 10, heapBytes: 100 + i * 50 }));
  assert.equal(slopeOf(rising), 5);
});

test("flat: a phase puts its rounds together, and keeps the highest of what waited", () => {
  const both = new Phase("both");
  both.answered({ latenciesMs: [1, 2, 3], perSecond: 90 });
  both.answered({ latenciesMs: [4], perSecond: 110 });
  const figures = both.figures();
  assert.deepEqual([figures.perSecond, figures.commands, figures.p50Ms, figures.p99Ms], [100, 4, 3, 4]);
});

test("flat: the table has a line for every phase", () => {
  const lines = tableOf([given({ after: phase("reads on", 41 * mb) })]).split("\n");
  assert.equal(lines.length, 4);
  assert.match(lines[3] ?? "", /^feed: reads on +100 +2\.00 +8\.00 +41\.0 +−1\.0 +300\.0 {2}5 records behind$/);
});
