// Whether and when a call that failed is sent again, as a pure machine over one token bucket per dependency. Every retry takes
// a token; calls and time bring them. Without that, three attempts at each of four layers multiply an outage by 81; with it,
// each layer adds its share and no more. The bucket is Finagle's retry budget (a share of the calls, and a reserve for whoever
// calls seldom), the pause is "exponential backoff and jitter" of the AWS architecture blog, in its form of equal jitter;
// Envoy and gRPC (A6) bound retries by the same idea. ADR 0016.
//
// R1  Only what the failure's advice allows is sent again: "later" or "same-id", never "never".
// R2  A call is sent at most `attempts` times.
// R3  No retry begins at or after the deadline: where the pause would last until then, the call is given up at once.
// R4  In any stretch of time there are at most `tokensMax + budget × calls + tokensPerSecond × seconds` retries. A retry that
//     one of the other laws forbids takes no token.
// R5  The n-th pause lies between a half and the whole of `pauseMs × 2^(n - 1)`, at most `pauseMsMax`.
import { unreachable } from "../base/assert.ts";
import { backoffMs } from "../base/backoff.ts";
import type { Retry } from "../base/failure.ts";

export interface RetryPolicy {
  /** The first one included; 1: nothing is sent again. */
  readonly attempts: number;
  /** Retries per call, 0 to 1. */
  readonly budget: number;
  readonly pauseMs: number;
}

/** A full bucket: what a service that has just started, or calls seldom, may send again at once. */
export const tokensMax = 10;
export const tokensPerSecond = 1;
export const pauseMsMax = 10_000;

export interface RetryState {
  readonly tokens: number;
  /** When they were counted. */
  readonly atMs: number;
}

/** Times are those of a monotonic clock. */
export type RetryInput =
  /** A call is sent for the first time. */
  | { readonly kind: "called"; readonly atMs: number }
  | {
      readonly kind: "failed";
      readonly atMs: number;
      /** Which attempt it was, from 1. */
      readonly attempt: number;
      readonly advice: Retry;
      /** Until the call's deadline. */
      readonly leftMs: number;
      /** Uniform in [0, 1). */
      readonly random: number;
    };

export type RetryEffect =
  | { readonly kind: "nothing" }
  | { readonly kind: "again"; readonly afterMs: number }
  | { readonly kind: "give-up"; readonly why: "advice" | "attempts" | "deadline" | "budget" };

export const fullBucket = (atMs: number): RetryState => ({ tokens: tokensMax, atMs });

export function stepRetry(policy: RetryPolicy, state: RetryState, input: RetryInput): readonly [RetryState, RetryEffect] {
  switch (input.kind) {
    case "called":
      return [brought(state, input.atMs, policy.budget), { kind: "nothing" }];
    case "failed": {
      const { atMs, attempt, advice, leftMs, random } = input;
      const giveUp = (why: "advice" | "attempts" | "deadline" | "budget"): RetryEffect => ({ kind: "give-up", why });
      if (advice === "never") return [state, giveUp("advice")];
      if (attempt >= policy.attempts) return [state, giveUp("attempts")];
      const afterMs = backoffMs({ firstMs: policy.pauseMs, maxMs: pauseMsMax }, attempt, () => random);
      if (afterMs >= leftMs) return [state, giveUp("deadline")];
      const { tokens } = brought(state, atMs, 0);
      return tokens < 1
        ? [{ tokens, atMs }, giveUp("budget")]
        : [
            { tokens: tokens - 1, atMs },
            { kind: "again", afterMs },
          ];
    }
    default:
      return unreachable(input, "a retry budget");
  }
}

/** Whole retries that could be sent at this time. */
export const retriesLeft = (state: RetryState, atMs: number): number => Math.floor(brought(state, atMs, 0).tokens);

const brought = ({ tokens, atMs }: RetryState, nowMs: number, deposit: number): RetryState => ({
  tokens: Math.min(tokensMax, tokens + deposit + ((nowMs - atMs) / 1_000) * tokensPerSecond),
  atMs: nowMs,
});
