import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { fullBucket, pauseMsMax, retriesLeft, stepRetry, tokensMax, tokensPerSecond, type RetryInput, type RetryPolicy } from "./retry.ts";

const policy: RetryPolicy = { attempts: 3, budget: 0.1, pauseMs: 100 };
const failed: Extract<RetryInput, { kind: "failed" }> = { kind: "failed", atMs: 0, attempt: 1, advice: "later", leftMs: 10_000, random: 0 };
const after = (change: Partial<typeof failed>, of = policy, state = fullBucket(0)) => stepRetry(of, state, { ...failed, ...change });

test("retry: what may be sent again is, after a jittered pause that doubles with each attempt up to its bound (R5)", () => {
  const many = { ...policy, attempts: 10 };
  const pauses = [1, 2, 3, 9].flatMap((attempt) => [0, 0.999_999].map((random) => after({ attempt, random, leftMs: 60_000 }, many)[1]));
  assert.deepEqual(
    pauses.map((effect) => (effect.kind === "again" ? Math.round(effect.afterMs) : effect.kind)),
    [50, 100, 100, 200, 200, 400, pauseMsMax / 2, pauseMsMax],
  );
});

test("retry: given up for its advice, its attempts, its deadline or the budget, and only a retry takes a token (R1 to R4)", () => {
  const empty = { tokens: 0.5, atMs: 0 };
  for (const [change, why, state] of [
    [{ advice: "never" }, "advice", fullBucket(0)],
    [{ attempt: 3 }, "attempts", fullBucket(0)],
    [{ leftMs: 50 }, "deadline", fullBucket(0)],
    [{ leftMs: -1 }, "deadline", fullBucket(0)],
    [{}, "budget", empty],
  ] as const) {
    assert.deepEqual(after(change, policy, state), [state, { kind: "give-up", why }], why);
  }
  assert.deepEqual(after({ advice: "same-id", leftMs: 51 }), [
    { tokens: tokensMax - 1, atMs: 0 },
    { kind: "again", afterMs: 50 },
  ]);
});

test("retry: the bucket is filled by calls and by time, and holds no more than its bound", () => {
  let state = { tokens: 0, atMs: 0 };
  for (let i = 0; i < 15; i++) [state] = stepRetry({ ...policy, budget: 0.5 }, state, { kind: "called", atMs: 0 });
  assert.equal(retriesLeft(state, 0), 7);
  assert.equal(retriesLeft(state, 2_000), 9);
  assert.equal(retriesLeft(state, 3_600_000), tokensMax);
});

type Act = { readonly afterMs: number; readonly kind: "called" | "failed"; readonly attempt: number; readonly leftMs: number };
const acts = fc.array(
  fc.record<Act>({
    afterMs: fc.integer({ min: 0, max: 400 }),
    kind: fc.constantFrom("called", "failed", "failed"),
    attempt: fc.integer({ min: 1, max: 4 }),
    leftMs: fc.integer({ min: 0, max: 2_000 }),
  }),
  { maxLength: 200 },
);

test("retry: in any stretch of any history an outage is not multiplied: retries stay within the budget, and before the deadline (R2, R3, R4)", () => {
  fc.assert(
    fc.property(acts, fc.double({ min: 0.01, max: 1, noNaN: true }), fc.nat(), (history, budget, start) => {
      const of: RetryPolicy = { attempts: 4, budget, pauseMs: 10 };
      let state = fullBucket(0);
      let atMs = 0;
      const seen: { readonly atMs: number; readonly called: number; readonly retried: number }[] = [];
      for (const { afterMs, kind, attempt, leftMs } of history) {
        atMs += afterMs;
        const input: RetryInput =
          kind === "called" ? { kind, atMs } : { kind, atMs, attempt, leftMs, advice: "later", random: (atMs % 100) / 100 };
        const [next, effect] = stepRetry(of, state, input);
        state = next;
        if (effect.kind === "again") assert.ok(attempt < of.attempts && effect.afterMs < leftMs);
        seen.push({ atMs, called: kind === "called" ? 1 : 0, retried: effect.kind === "again" ? 1 : 0 });
      }
      const stretch = seen.slice(start % (seen.length + 1));
      const seconds = (atMs - (stretch[0]?.atMs ?? atMs)) / 1_000;
      const [called, retried] = (["called", "retried"] as const).map((what) => stretch.reduce((sum, act) => sum + act[what], 0));
      assert.ok((retried ?? 0) <= tokensMax + budget * (called ?? 0) + tokensPerSecond * seconds + 1e-6);
    }),
    { seed: 16, numRuns: 500 },
  );
});
