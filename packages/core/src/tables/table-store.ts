// The port to SQL files that are derived from logs: what a read model keeps. Losing one loses time only, because it is
// folded again; losing a part of one would be a wrong answer for ever. So durability is relaxed and atomicity is not.
// Implementations: tables/sqlite (files, worker threads), tables/simulated (memory, for the simulator). Both pass tables/tck.
//
// The laws, cited by number in the TCK:
//
//  T1  whole        A batch is in the file whole or not at all, also after a crash. Every query sees whole batches.
//  T2  seen         A query that is asked after `write` has resolved without refusals sees that batch and all before it.
//  T3  refused      `write` resolves with the groups that cannot be written (a constraint, a mistake in the SQL), and then
//                   nothing of the batch is. Each group was tried on what the groups before it had left, without those
//                   refused; behind a refused one the later groups of its subject were not tried.
//  T4  prefix       After a crash a file holds the batches up to some moment, in order, none without those before it; at
//                   least those before a `sync` that has resolved.
//  T5  read only    `query` changes nothing; what would change something is `refused`.
//  T6  told         Whether a batch whose `write` was rejected is in the file, a query tells that is asked afterwards; it
//                   does not appear later, except by a crash (T4: as the last one, whole).
//  T7  bounded      Beyond the store's bounds (requests that wait, rows and bytes of a result) it says so: `overloaded`,
//                   `refused`. It never queues without end.
//  T8  values       Text comes back as it was, NUL included, if it is well-formed; a number without a fraction below 2^53
//                   is stored as an integer, every other as a real; a bigint has 64 bits. An integer beyond 2^53 comes
//                   back as a bigint.
//  T9  read apart   A file that is opened by `read` may be open to write elsewhere, also in another process: its queries keep
//                   T1, T2, T5, T7 and T8, and nothing that is written, closed or removed there waits for them. What one of
//                   them has seen outlives the process that wrote it.
//  T10 gone         A query of such a file that is asked after its removal has resolved is `failed`, also if there is another
//                   file of that name by then. It never goes on with what nobody writes any more.

/** What SQLite keeps. There are no booleans and no dates in it. */
export type SqlValue = null | number | bigint | string | Uint8Array;

export interface Statement {
  /** One statement; values are in `parameters`, one per `?`. */
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/** Statements that belong together, and whom they are about. */
export interface Group {
  readonly subject: string;
  readonly statements: readonly Statement[];
}

export interface Refusal {
  /** Index in the batch. */
  readonly group: number;
  readonly reason: string;
}

export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
}

export type TableErrorKind =
  /** The query cannot be answered: a mistake in its SQL, an attempt to write, more than the bounds allow. */
  | "refused"
  /** The medium or the thread failed; it may work the next time. */
  | "failed"
  /** The file is not what it was: it has to be made again. */
  | "damaged"
  | "overloaded";

export class TableError extends Error {
  override readonly name = "TableError";
  readonly kind: TableErrorKind;
  constructor(kind: TableErrorKind, what: string, options?: { readonly cause?: unknown }) {
    super(what, options);
    this.kind = kind;
  }
}

/** One open file. Everything rejects with a `TableError`. */
export interface TableFile {
  /** One transaction. Resolves with the refusals, empty once it is written (T1, T3). */
  write(groups: readonly Group[]): Promise<readonly Refusal[]>;
  /** Runs beside writes and does not wait for them (T2, T5). */
  query(statement: Statement): Promise<Rows>;
  /** What was written before it survives a crash (T4). */
  sync(): Promise<void>;
  /** Answers what is under way. Idempotent. */
  close(): Promise<void>;
}

/** One file that is open to be read (T9, T10). */
export type ReadTableFile = Pick<TableFile, "query" | "close">;

/** The files of all services on one machine. A file is open to write once at a time, and to be read as often as somebody likes. */
export interface TableStore {
  /** Of the files that `service` has, in no order. */
  names(service: string): Promise<readonly string[]>;
  /** `name`: 1 to 127 of a-z, 0-9, "-" and "_". One that is not there is made, empty. */
  open(service: string, name: string): Promise<TableFile>;
  /** One that is there: it is not made. */
  read(service: string, name: string): Promise<ReadTableFile>;
  /** Of one that is not open to write. Idempotent. */
  remove(service: string, name: string): Promise<void>;
}

/** Rows of one query. */
export const rowsMax = 10_000;
/** UTF-16 units and bytes of one query's values. */
export const resultBytesMax = 16 * 2 ** 20;
