// Every bound of the runtime of sagas, by name, with its reason.
import type { Backoff } from "../../base/backoff.ts";

export interface SagaLimits {
  /** Sagas of one contract in memory. Beyond: a new one is refused as OVERLOADED, one that is to wake waits its turn. */
  readonly runningMax: number;
  /** Callers that wait for the outcome of a saga, of one contract; beyond: OVERLOADED. */
  readonly waitingMax: number;
  /** Parked sagas and open apologies of one contract that are kept in sight; of more, the oldest are counted no longer. */
  readonly attentionMax: number;
  /** Between tries to write a record that the journal did not take. */
  readonly recordAgain: Backoff;
}

export const sagaLimits: SagaLimits = {
  runningMax: 10_000,
  waitingMax: 100_000,
  attentionMax: 100_000,
  recordAgain: { firstMs: 50, maxMs: 5_000 },
};

/** Signals that one saga takes; more are refused. */
export const signalsMax = 1_000;
