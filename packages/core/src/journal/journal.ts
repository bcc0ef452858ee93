// The port to a service's log: partitioned, fenced, append-only. Implementations: journal/sqlite (a file and a worker
// thread), journal/simulated (memory, for the simulator). Both, also wrapped in faults, pass journal/tck.
//
// The laws, cited by number in the TCK:
//
//  J1  dense        Offsets of a partition are 0, 1, 2, … in commit order, without gap or overlap: `append` writes a row
//                   only if its offset is the partition's head; another offset is `misplaced` and nothing is written.
//  J2  fenced       A row is written only if its epoch is the partition's current one; otherwise it is `fenced`.
//  J3  taken once   `takeOver(p, seen, to)` succeeds only if the current epoch is `seen`; it then is `to`, which is higher. Of
//                   two takers that saw the same epoch one wins.
//  J4  durable      When `append`, `takeOver` or `index` has resolved, what it did survives a crash at any later moment.
//  J5  atomic       A row is there whole or not at all. Rows of one `append` are independent: each result says what
//                   happened to its own row.
//  J6  honest       A rejected promise is a `JournalError`. `refused` and `full` and `failed`: certainly nothing was
//                   written, now or ever. `ambiguous`: it may have been, and may yet be until the next successful
//                   `takeOver` of the partition.
//  J7  after epoch  Once `takeOver` has resolved, no row with an older epoch is written any more, and `read` sees every
//                   row that ever will be of older epochs.
//  J8  read         `read(p, from)` gives the rows that hold offset `from` and above, in order, complete up to the head or
//                   to the page's bound. A damaged row is an error with its position, never skipped.
//  J9  chain        `chain(p, last, after)` gives the offsets of an entity's records, newest first, following `prev` from
//                   `last` down to, not including, `after`; and of the newest of them the records themselves, as many as
//                   fit into the bytes that the caller allows.
//  J10 behind       What `index` stores is a cache: it never claims more than the log holds, and losing it loses time
//                   only. Entries and `indexedTo` of one call commit together. An update below the `indexedTo` that is
//                   stored changes nothing (it may come late, J6), and resolves true: the index knows it all already.
//  J11 alarms       `alarms` gives what the index knows of entities that want to be woken, earliest first, in one order for
//                   the whole journal; asked again after the last one given, it goes on from there.
//  J12 rising       A cursor never falls: of two values stored for a stream, in whatever order they arrive, the higher
//                   one stays. Cursors and dead letters are durable like rows (J4, J6), and no part of the index.
//  J13 absent       `mayHold` is answered at once, and false only of an entity that no index update has named yet, so that
//                   `lookup` finds nothing of it. It may be true of any other, also of one that the index does not know.
//  J14 confirmed    `confirm(p, epoch)` is true only if `epoch` was the current one of the partition at some moment after
//                   the call. A journal without it is the only one through which anybody can take over.

/** One row of the log: the records of one commit in one partition, as JSON, one record a line. */
export interface Row {
  readonly partition: number;
  /** Offset of the first record. */
  readonly offset: number;
  /** Number of records, at least 1. */
  readonly count: number;
  readonly epoch: number;
  readonly body: string;
}

export type Appended = "written" | "fenced" | "misplaced";

export interface PartitionState {
  readonly epoch: number;
  /** The next offset to be written. */
  readonly head: number;
  /** Every record below this offset is in the index. */
  readonly indexedTo: number;
}

/** What the index knows of an entity. */
export interface EntityEntry {
  readonly type: string;
  readonly key: string;
  /** Number of events up to and including the record at `last`. */
  readonly version: number;
  /** Offset of its newest indexed record. */
  readonly last: number;
}

export interface Snapshot {
  readonly type: string;
  readonly key: string;
  /** Offset of the record after which it was taken. */
  readonly offset: number;
  /** JSON; its form is the entity runtime's business. */
  readonly body: string;
}

/** An entity that is kept from running, and why. Kept in the journal so that it outlives the process. */
export interface QuarantineEntry {
  readonly type: string;
  readonly key: string;
  /** Wall clock, ms. */
  readonly since: number;
  readonly reason: string;
  /** The record that could not be applied, where there is one. */
  readonly offset?: number;
}

/** That an entity wants to be woken, or, with null, no longer does. */
export interface AlarmChange {
  readonly type: string;
  readonly key: string;
  /** Wall clock, ms. */
  readonly due: number | null;
}

/** What the index knows of an entity that wants to be woken; there is at most one of each. */
export interface AlarmEntry {
  readonly partition: number;
  readonly type: string;
  readonly key: string;
  /** Wall clock, ms. */
  readonly due: number;
}

/** How far a reader of somebody's log has come. */
export interface Cursor {
  /** Names the reader, the log and its partition. */
  readonly stream: string;
  /** Everything below this offset is done with. */
  readonly offset: number;
}

/** A message that could not be delivered and never will be by itself: kept until an operator has dealt with it. */
export interface DeadLetter {
  readonly stream: string;
  /** Of the message in its stream. */
  readonly place: number;
  /** Wall clock, ms. */
  readonly since: number;
  /** Contract and command it was meant for, and the key; "" for a contract without one. */
  readonly contract: string;
  readonly command: string;
  readonly key: string;
  /** JSON of the input. */
  readonly input: string;
  /** Code of the failure, and what it said. */
  readonly code: string;
  readonly reason: string;
}

/** What is written behind, about once a second, for one partition. */
export interface IndexUpdate {
  readonly partition: number;
  readonly epoch: number;
  readonly indexedTo: number;
  readonly entities: readonly EntityEntry[];
  readonly snapshots: readonly Snapshot[];
  readonly alarms: readonly AlarmChange[];
}

export interface Page {
  readonly rows: readonly Row[];
  /** The offset to go on from, or undefined when the head was reached. */
  readonly next: number | undefined;
}

/** Of one entity, newest first. */
export interface Chain {
  readonly offsets: readonly number[];
  /** The records at the first of these offsets, as JSON text. */
  readonly lines: readonly string[];
}

export interface JournalMeta {
  /** 32 hexadecimal digits, minted when the log was created. */
  readonly logId: string;
  /** 1 at creation; a restore from a backup raises it. */
  readonly timeline: number;
  readonly partitions: number;
}

export type JournalErrorKind =
  /** Not written; the journal names something about these rows that it will never store. */
  | "refused"
  /** Not written; there is no room. */
  | "full"
  /** Not written; the medium answered with an error before anything could have been. */
  | "failed"
  /** May have been written, or may yet be. */
  | "ambiguous"
  /** A stored row or file cannot be read. */
  | "damaged";

export class JournalError extends Error {
  override readonly name = "JournalError";
  readonly kind: JournalErrorKind;
  constructor(kind: JournalErrorKind, what: string, options?: { readonly cause?: unknown }) {
    super(what, options);
    this.kind = kind;
  }
}

export interface Journal extends AsyncDisposable {
  readonly meta: JournalMeta;
  /** State of every partition, indexed by partition. */
  partitions(): Promise<readonly PartitionState[]>;
  /** J3, J4, J7. `to`: by default `seen` + 1. `taken` false: somebody else was faster; `epoch` is the current one either way. */
  takeOver(partition: number, seen: number, to?: number): Promise<{ readonly taken: boolean; readonly epoch: number }>;
  /** J14. At once where the answer is known here; rejects with a `JournalError` where it has to be asked for and is not to be had. */
  confirm?(partition: number, epoch: number): boolean | Promise<boolean>;
  /** At most one row per partition; a result per row, in order. J1, J2, J4, J5, J6. */
  append(rows: readonly Row[]): Promise<readonly Appended[]>;
  /** J8. A page ends after `bytesMax` of bodies, and holds at least one row if there is one. */
  read(partition: number, from: number, bytesMax: number): Promise<Page>;
  /**
   * J9. At most `max` offsets; more follow from the last one's `prev` by asking again with it as `last`. Lines end before the
   * first that would bring them above `bytesMax` characters.
   */
  chain(partition: number, last: number, after: number, max: number, bytesMax: number): Promise<Chain>;
  /** The records at these offsets, as JSON text, in the order asked for. J8. */
  records(partition: number, offsets: readonly number[]): Promise<readonly string[]>;
  /** What the index knows; `snapshot` only if one is stored. J10. */
  lookup(partition: number, type: string, key: string): Promise<{ readonly entry?: EntityEntry; readonly snapshot?: Snapshot }>;
  /** False: `lookup` would find nothing. J13. */
  mayHold(partition: number, type: string, key: string): boolean;
  /** J10. Resolves false, and stores nothing, if the epoch is no longer current. */
  index(update: IndexUpdate): Promise<boolean>;
  /** J11. At most `max`, in the order of due, partition, type and key (texts compared by their UTF-8 bytes), behind `after`. */
  alarms(after: AlarmEntry | undefined, max: number): Promise<readonly AlarmEntry[]>;
  /** Of every stream that has one. J12. */
  cursors(): Promise<readonly Cursor[]>;
  /** J12. All or none. */
  moveCursors(cursors: readonly Cursor[]): Promise<void>;
  /** At most `max`, in the order of stream and place, behind `after`. */
  deadLetters(after: Pick<DeadLetter, "stream" | "place"> | undefined, max: number): Promise<readonly DeadLetter[]>;
  /** Durable like `append`. The same (stream, place) again replaces. */
  park(letter: DeadLetter): Promise<void>;
  /** Resolves false if there is no such dead letter. */
  discard(stream: string, place: number): Promise<boolean>;
  quarantined(): Promise<readonly QuarantineEntry[]>;
  /** Durable like `append`. The same (type, key) again replaces. */
  quarantine(entry: QuarantineEntry): Promise<void>;
  /** Resolves false if it was not quarantined. */
  release(type: string, key: string): Promise<boolean>;
}

/** Opens the journal of a service; one per service and process. */
export interface JournalStore {
  /**
   * Creates it with `partitions` if there is none; an existing one keeps its own number. Fails with a `Failure`:
   * JOURNAL_IN_USE (names the owner's pid), JOURNAL_NEWER, JOURNAL_DAMAGED (path, last readable position, advice).
   */
  open(service: string, partitions: number): Promise<Journal>;
  /** Whether there is one, so that a service that may never need it opens it only if it once did. Rejects like `open`. */
  exists(service: string): Promise<boolean>;
}
