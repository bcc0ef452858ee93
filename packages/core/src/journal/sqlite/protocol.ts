// What the journal and its worker thread say to each other. Both ends are this version of this package, so the form may
// change freely. Messages are flat arrays: their keys are not cloned, which halves the cost of a batch.
import type { FailureCode } from "../../base/failure.ts";
import type { LogFields, LogLevel } from "../../runtime/index.ts";
import type {
  AlarmEntry,
  Appended,
  Chain,
  Cursor,
  DeadLetter,
  EntityEntry,
  IndexUpdate,
  JournalErrorKind,
  JournalMeta,
  PartitionState,
  QuarantineEntry,
  Snapshot,
} from "../journal.ts";

/** Partition, offset, count, epoch and body of each row, one after the other. */
export type FlatRows = readonly (number | string)[];
export const flatRowWidth = 5;

/** The operations, with what they take; what they give is `Answers`. */
export type Ask =
  /** First of all, once, and without an answer. `directory`: where log.db is. `owner`: written to `partition.owner` by a take-over, for people. */
  | readonly ["serve", directory: string, owner: string]
  | readonly ["open", partitions: number]
  | readonly ["append", rows: FlatRows]
  | readonly ["takeOver", partition: number, seen: number, to: number]
  | readonly ["index", update: IndexUpdate]
  | readonly ["quarantine", entry: QuarantineEntry]
  | readonly ["release", type: string, key: string]
  | readonly ["partitions"]
  | readonly ["read", partition: number, from: number, bytesMax: number]
  | readonly ["chain", partition: number, last: number, after: number, max: number, bytesMax: number]
  | readonly ["records", partition: number, offsets: readonly number[]]
  | readonly ["lookup", partition: number, type: string, key: string]
  | readonly ["quarantined"]
  | readonly ["alarms", after: AlarmEntry | undefined, max: number]
  | readonly ["cursors"]
  | readonly ["moveCursors", cursors: readonly Cursor[]]
  | readonly ["deadLetters", after: Pick<DeadLetter, "stream" | "place"> | undefined, max: number]
  | readonly ["park", letter: DeadLetter]
  | readonly ["discard", stream: string, place: number]
  | readonly ["close"];

export interface Answers {
  readonly open: JournalMeta;
  readonly append: readonly Appended[];
  readonly takeOver: { readonly taken: boolean; readonly epoch: number };
  readonly index: boolean;
  readonly quarantine: void;
  readonly release: boolean;
  readonly partitions: readonly PartitionState[];
  readonly read: { readonly rows: FlatRows; readonly next: number | undefined };
  readonly chain: Chain;
  readonly records: readonly string[];
  readonly lookup: { readonly entry?: EntityEntry; readonly snapshot?: Snapshot };
  readonly quarantined: readonly QuarantineEntry[];
  readonly alarms: readonly AlarmEntry[];
  readonly cursors: readonly Cursor[];
  readonly moveCursors: void;
  readonly deadLetters: readonly DeadLetter[];
  readonly park: void;
  readonly discard: boolean;
  readonly close: void;
}

/** Operations that change what is stored: when the thread dies under them, the outcome is open. */
export const writing: ReadonlySet<Ask[0]> = new Set([
  "append",
  "takeOver",
  "index",
  "quarantine",
  "release",
  "moveCursors",
  "park",
  "discard",
]);

/** `id`: a whole number of 32 bits that wraps. */
export type Request = readonly [id: number, ask: Ask];

export type Answer =
  /** The append of this id is done, every row is written. */
  | number
  | readonly [id: number, "value", value: unknown]
  | readonly [id: number, "error", kind: JournalErrorKind, what: string]
  | readonly [id: number, "failure", code: FailureCode, what: string, at: string]
  | readonly [id: 0, "log", level: LogLevel, event: string, fields: LogFields];

export interface WorkerInput {
  /** Int32: `signalPosted`, `signalBegun`, `signalKeysKnown`. */
  readonly signal: SharedArrayBuffer;
  /** Of a `KeyFilter`. */
  readonly keys: SharedArrayBuffer;
}

/** Counts the requests posted. The worker sleeps on it. */
export const signalPosted = 0;
/** The newest request that may have begun to write. */
export const signalBegun = 1;
/** 1 once the filter holds every key of the index. */
export const signalKeysKnown = 2;
export const signalBytes = 12;
