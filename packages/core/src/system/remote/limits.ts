import type { Backoff } from "../../base/backoff.ts";

/** Bounds of what one node keeps for others, and of what it lets them ask. */
export interface RemoteLimits {
  /** Calls of one remote service that wait for a link, or for room on it; beyond that they are refused (OVERLOADED). */
  readonly heldMax: number;
  /** Characters of their frames together. */
  readonly heldLengthMax: number;
  /** Requests of one link that are open at its serving end; beyond that they are refused (OVERLOADED). */
  readonly servedMax: number;
  /** Characters of answers that wait for room on a link; a peer that does not take them loses the link. */
  readonly answersLengthMax: number;
  /** Bytes of a page of a log, whatever its reader asks for. */
  readonly pageBytesMax: number;
  /** Characters of the metrics of a node; families beyond them are left out. */
  readonly metricsCharsMax: number;
  /** Before a node that could not be reached is tried again. */
  readonly reconnect: Backoff;
}

export const remoteLimits: RemoteLimits = {
  heldMax: 10_000,
  heldLengthMax: 32 << 20,
  servedMax: 20_000,
  answersLengthMax: 32 << 20,
  pageBytesMax: 256 << 10,
  metricsCharsMax: 256 << 10,
  reconnect: { firstMs: 10, maxMs: 500 },
};
