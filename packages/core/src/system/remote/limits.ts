import type { Backoff } from "../../base/backoff.ts";
import type { StreamLimits } from "./stream-machine.ts";

/** Bounds of what one node keeps for others, and of what it lets them ask. */
export interface RemoteLimits extends StreamLimits {
  /** Calls of one remote service that wait for a link, or for room on it; beyond that they are refused (OVERLOADED). */
  readonly heldMax: number;
  /** Characters of their frames together. */
  readonly heldLengthMax: number;
  /** Requests of one link that are open at its serving end; beyond that they are refused (OVERLOADED). */
  readonly servedMax: number;
  /** Messages of one link that wait for partitions which their node is about to own; beyond that they are refused (OVERLOADED). */
  readonly earlyMax: number;
  /** Characters of answers that wait for room on a link; a peer that does not take them loses the link. */
  readonly answersLengthMax: number;
  /** Bytes of a page of a log, or of a batch of a stream, whatever its reader asks for. */
  readonly pageBytesMax: number;
  /** Streams that one link may read; each keeps at most one batch. Beyond that they are refused (OVERLOADED). */
  readonly streamsMax: number;
  /** Batches of a stream that its reader holds and has not taken: sent ahead, so that it never waits for an answer. */
  readonly batchesAhead: number;
  /** Batches that a reader may ask for ahead; one that asks for more loses the link. */
  readonly batchesAskedMax: number;
  /** Characters of the metrics of a node; families beyond them are left out. */
  readonly metricsCharsMax: number;
  /** Before a node that could not be reached is tried again. */
  readonly reconnect: Backoff;
}

export const remoteLimits: RemoteLimits = {
  heldMax: 10_000,
  heldLengthMax: 32 << 20,
  servedMax: 20_000,
  earlyMax: 2_000,
  answersLengthMax: 32 << 20,
  pageBytesMax: 256 << 10,
  streamsMax: 4_096,
  batchesAhead: 2,
  batchesAskedMax: 64,
  metricsCharsMax: 256 << 10,
  reconnect: { firstMs: 10, maxMs: 500 },
};
