import assert from "node:assert/strict";
import { test } from "node:test";
import { growthBytesMax, judge, type FloodResult, type PhaseFigures, type Window } from "./verdict.ts";

const capacity = 200;
const window = (answers: { readonly [status: string]: number }, residentBytes = 100 * 2 ** 20, lost = 0): Window => ({
  ms: 5_000,
  outcome: { answers, tookMs: [50], unsent: 0, lost },
  residentBytes: { "press-1": residentBytes, "ledger-1": 90 * 2 ** 20 },
});
const phase = (name: string, perSecond: number, windows: readonly Window[]): PhaseFigures => ({
  name,
  perSecond,
  windows,
  overHttpMs: [2, 4],
  betweenServicesMs: [1, 3],
});
const calm = window({ 200: 800 });
const full = window({ 200: 1_000, "503 OVERLOADED": 9_000 });
const given = (flood: readonly Window[], after: readonly Window[] = [calm]): FloodResult => ({
  capacity,
  calm: phase("calm", 160, [calm]),
  flood: phase("flood", 2_000, flood),
  after: phase("afterwards", 160, after),
});

test("flood: a service that answers at its capacity in every window but the first, and refuses the rest, passes", () => {
  const { passed, text } = judge(given([window({ 200: 300, "503 OVERLOADED": 5_000 }), full, full]));
  assert.equal(passed, true, text);
  assert.match(
    text,
    /^serves at capacity: yes \(at least 200 of 200\/s\) · sheds: yes \(23000 OVERLOADED, 0 other answers, 0 connections lost\)/,
  );
});

test("flood: one window far below its capacity fails, and so does a flood of which nothing but the beginning was seen", () => {
  assert.equal(judge(given([full, full, window({ 200: 899, "503 OVERLOADED": 9_000 })])).passed, false);
  assert.equal(judge(given([full, full, window({ 200: 900, "503 OVERLOADED": 9_000 })])).passed, true);
  assert.equal(judge(given([full])).passed, false);
});

test("flood: whatever is answered but 200 and OVERLOADED is named and fails, in any phase; so does a lost connection, and a flood of which nothing was refused", () => {
  const other = judge(given([full, window({ 200: 1_000, "503 OVERLOADED": 9_000, "504 DEADLINE": 100 })]));
  assert.equal(other.passed, false);
  assert.match(other.text, /100 other answers: 504 DEADLINE/);
  assert.equal(judge(given([full, full], [window({ 200: 800, "504 DEADLINE": 100 })])).passed, false);
  assert.equal(judge(given([full, window({ 200: 1_000, "503 OVERLOADED": 9_000 }, 100 * 2 ** 20, 1)])).passed, false);
  assert.equal(judge(given([full, full].map(() => window({ 200: 1_000 })))).passed, false);
});

test("flood: memory that grows beyond the bound in the second half fails; up to it, and in the first half, it does not", () => {
  const grown = (bytes: number): Window => window({ 200: 1_000, "503 OVERLOADED": 9_000 }, bytes);
  const start = 300 * 2 ** 20;
  assert.equal(judge(given([full, full, grown(start), grown(start + growthBytesMax)])).passed, true);
  const beyond = judge(given([full, full, grown(start), grown(start + growthBytesMax + 1)]));
  assert.equal(beyond.passed, false);
  assert.match(beyond.text, /memory flat in its second half: NO \(most at press-1/);
});

test("flood: a service that is slower afterwards than it is asked fails; latency of others is shown and never judged", () => {
  assert.equal(judge(given([full, full], [window({ 200: 700 })])).passed, false);
  const slow = given([full, full]);
  const { passed, text } = judge({ ...slow, flood: { ...slow.flood, overHttpMs: [200, 400] } });
  assert.equal(passed, true);
  assert.match(text, /over HTTP p50 ×100\.00, p99 ×100\.00; between services p50 ×1\.00/);
});
