// Every bound of the entity runtime, by name, with its reason.
import type { Backoff } from "../base/backoff.ts";

export interface EntityLimits {
  /** Messages of one entity that are not answered yet, waiting for their commit included; beyond: OVERLOADED. */
  readonly mailboxCapacity: number;
  /** Entities in memory, of one type. Idle ones leave, the longest unused first; if none is idle: OVERLOADED. */
  readonly residentsMax: number;
  /** Estimated bytes of what entities of one type occupy, receipts included: idle ones leave above it. */
  readonly residentBytesMax: number;
  /** Entities that read their log at the same time; others wait their turn. */
  readonly recoveriesMax: number;
  /** Receipts of one entity. Several times `mailboxCapacity`, or a command could outlive its receipts in the queue. */
  readonly receiptsMax: number;
  /** Events that make a snapshot worth its write; the records must also be longer than the snapshot is likely to be. */
  readonly snapshotEvery: number;
  /** Commits of one command that may end "certainly not in the log" before it is answered so. */
  readonly commitAttemptsMax: number;
  /** Failures in a row that quarantine a key; a command that succeeds starts the count anew. */
  readonly strikesMax: number;
  readonly restart: Backoff;
}

export const entityLimits: EntityLimits = {
  mailboxCapacity: 1_024,
  residentsMax: 100_000,
  residentBytesMax: 256 * 2 ** 20,
  recoveriesMax: 64,
  receiptsMax: 4_096,
  snapshotEvery: 16,
  commitAttemptsMax: 3,
  strikesMax: 5,
  restart: { firstMs: 100, maxMs: 10_000 },
};
