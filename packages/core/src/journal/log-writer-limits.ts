// Every bound of the log writer and its tail, by name.
import type { TailLimits } from "./tail.ts";

export interface LogWriterLimits extends TailLimits {
  readonly batchRecordsMax: number;
  readonly batchBytesMax: number;
  /** Records that are committed before the turn ends, while no commit is in flight; at least half of the last batch. */
  readonly earlyRecordsMin: number;
  /** Bytes submitted to one partition and not yet committed. */
  readonly uncommittedBytesMax: number;
  /** A commit that has not answered by then counts as ambiguous. */
  readonly commitTimeoutMs: number;
  /** A page of the log when it is read at start. */
  readonly readPageBytes: number;
  /** Of each partition that is followed, the newest records kept in memory for those who keep up. */
  readonly recentBytesMax: number;
}

export const logWriterLimits: LogWriterLimits = {
  batchRecordsMax: 1_000,
  batchBytesMax: 4 * 2 ** 20,
  earlyRecordsMin: 32,
  uncommittedBytesMax: 8 * 2 ** 20,
  commitTimeoutMs: 15_000,
  readPageBytes: 2 ** 20,
  recentBytesMax: 2 ** 18,
  indexDelayMs: 1_000,
  indexTimeoutMs: 15_000,
  entitiesMax: 100_000,
  snapshotsMax: 128,
  snapshotBytesMax: 8 * 2 ** 20,
  snapshotsWaitingMax: 16_384,
};
