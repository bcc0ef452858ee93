// What a scenario of `simulate` sees: the system from outside, virtual time, and the seed's randomness.
import type { At, Duration, Tell } from "@atoll/core";

/**
 * "crash": the process dies at any event and comes back after a pause; what it had not committed is lost. "duplicate": a
 * command, or a POST with an Idempotency-Key, is delivered once more, together with the first or long after it. "slow-disk":
 * journal operations take long and overtake each other. "failing-disk": they fail, find the disk full, or end with an unknown
 * outcome, done, not done, or done later.
 */
export type Fault = "crash" | "duplicate" | "slow-disk" | "failing-disk";

export const faultKinds: readonly Fault[] = ["crash", "duplicate", "slow-disk", "failing-disk"];

/** One run of the system. Everything in it is virtual: time passes only when nothing else can happen. */
export interface World {
  /**
   * Speaks from outside of the process, as the operator. A call that ends with a `Failure` whose advice is to ask again is asked
   * again, under the same command id, until `within` (10 s by default, of virtual time) is over; then it rejects with
   * what is known: "not-delivered" only if no delivery can have had an effect. A rejection is an answer.
   */
  readonly at: At;
  /**
   * Tells from outside, as the operator, who never dies: each command is delivered again, under the same id, until there is an answer,
   * and those for one entity one after the other. Nobody waits for that: a tell resolves at once, `settle` waits for all of them. A rejection
   * is an answer; one that fails for good fails the run.
   */
  readonly tell: Tell;
  /**
   * One request to the gateway, over no socket. Sent once, whatever comes of it, as `fetch` does: rejects with a `Failure`
   * UNAVAILABLE if the process is down, UNKNOWN_OUTCOME if it dies before the whole answer has left.
   */
  http(request: Request): Promise<Response>;
  /**
   * The end of the faults, for the rest of the run: waits until the process is up, everything that was asked is answered,
   * nothing works any more, and the index is stored. The run fails if that takes more than five virtual minutes.
   */
  settle(): Promise<void>;
  /** Virtual time passes. */
  pause(duration: Duration): Promise<void>;
  /** Uniform in [0, 1), out of the seed: what a scenario may choose by. */
  readonly random: () => number;
  /** 0 for the run without faults, which comes first. */
  readonly seed: number;
}

export type Scenario = (world: World) => Promise<void>;
