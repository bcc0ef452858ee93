// The journal of a service in a file of its own, `<directory>/log.db`, worked on by a thread of its own. This side only
// dresses requests and answers; if the thread dies, the next call starts another.
import { assert } from "../../base/assert.ts";
import type { Logger } from "../../runtime/index.ts";
import {
  type AlarmEntry,
  type Appended,
  type Chain,
  type Cursor,
  type DeadLetter,
  type IndexUpdate,
  type Journal,
  JournalError,
  type JournalMeta,
  type Page,
  type PartitionState,
  type QuarantineEntry,
  type Row,
} from "../journal.ts";
import { LogThread } from "./log-thread.ts";
import type { OwnerLock } from "./owner-lock.ts";
import { type Answers, type Ask, flatRowWidth } from "./protocol.ts";
import type { ReadyThreads } from "./ready-threads.ts";

export interface OpenSqliteJournal {
  readonly directory: string;
  /** Released when the journal is closed. */
  readonly lock: OwnerLock;
  /** For a new log. */
  readonly partitions: number;
  readonly logger: Logger;
  /** Threads started ahead, if there are any. */
  readonly ready?: ReadyThreads | undefined;
}

export class SqliteJournal implements Journal {
  readonly meta: JournalMeta;
  readonly #options: OpenSqliteJournal;
  /** "Every row written", by number of rows. */
  readonly #allWritten: (readonly Appended[])[] = [];
  #thread: LogThread;
  #closed: Promise<void> | undefined;

  private constructor(meta: JournalMeta, options: OpenSqliteJournal, thread: LogThread) {
    this.meta = meta;
    this.#options = options;
    this.#thread = thread;
  }

  /** Fails with a `Failure`; see `JournalStore.open`. */
  static async open(options: OpenSqliteJournal): Promise<SqliteJournal> {
    const thread = startThread(options);
    try {
      const meta = await thread.ask<Answers["open"]>(["open", options.partitions]);
      return new SqliteJournal(meta, options, thread);
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  partitions(): Promise<readonly PartitionState[]> {
    return this.#ask<Answers["partitions"]>(["partitions"]);
  }

  takeOver(partition: number, seen: number, to = seen + 1): Promise<Answers["takeOver"]> {
    assert(to > seen, "an epoch only rises");
    return this.#ask<Answers["takeOver"]>(["takeOver", partition, seen, to]);
  }

  append(rows: readonly Row[]): Promise<readonly Appended[]> {
    const flat: (number | string)[] = [];
    for (const { partition, offset, count, epoch, body } of rows) flat.push(partition, offset, count, epoch, body);
    const written = (this.#allWritten[rows.length] ??= Object.freeze(new Array<Appended>(rows.length).fill("written")));
    return this.#ask<Answers["append"]>(["append", flat], written);
  }

  async read(partition: number, from: number, bytesMax: number): Promise<Page> {
    const { rows: flat, next } = await this.#ask<Answers["read"]>(["read", partition, from, bytesMax]);
    const rows: Row[] = [];
    for (let i = 0; i < flat.length; i += flatRowWidth) {
      const [p, offset, count, epoch, body] = flat.slice(i, i + flatRowWidth) as [number, number, number, number, string];
      rows.push({ partition: p, offset, count, epoch, body });
    }
    return { rows, next };
  }

  chain(partition: number, last: number, after: number, max: number, bytesMax: number): Promise<Chain> {
    return this.#ask<Answers["chain"]>(["chain", partition, last, after, max, bytesMax]);
  }

  records(partition: number, offsets: readonly number[]): Promise<readonly string[]> {
    return this.#ask<Answers["records"]>(["records", partition, offsets]);
  }

  lookup(partition: number, type: string, key: string): Promise<Answers["lookup"]> {
    return this.#ask<Answers["lookup"]>(["lookup", partition, type, key]);
  }

  mayHold(_: number, type: string, key: string): boolean {
    return !this.#thread.alive || this.#thread.mayHold(type, key);
  }

  index(update: IndexUpdate): Promise<boolean> {
    return this.#ask<Answers["index"]>(["index", update]);
  }

  quarantined(): Promise<readonly QuarantineEntry[]> {
    return this.#ask<Answers["quarantined"]>(["quarantined"]);
  }

  quarantine(entry: QuarantineEntry): Promise<void> {
    return this.#ask<Answers["quarantine"]>(["quarantine", entry]);
  }

  release(type: string, key: string): Promise<boolean> {
    return this.#ask<Answers["release"]>(["release", type, key]);
  }

  alarms(after: AlarmEntry | undefined, max: number): Promise<readonly AlarmEntry[]> {
    return this.#ask<Answers["alarms"]>(["alarms", after, max]);
  }

  cursors(): Promise<readonly Cursor[]> {
    return this.#ask<Answers["cursors"]>(["cursors"]);
  }

  moveCursors(cursors: readonly Cursor[]): Promise<void> {
    return this.#ask<Answers["moveCursors"]>(["moveCursors", cursors]);
  }

  deadLetters(after: Pick<DeadLetter, "stream" | "place"> | undefined, max: number): Promise<readonly DeadLetter[]> {
    return this.#ask<Answers["deadLetters"]>(["deadLetters", after, max]);
  }

  park(letter: DeadLetter): Promise<void> {
    return this.#ask<Answers["park"]>(["park", letter]);
  }

  discard(stream: string, place: number): Promise<boolean> {
    return this.#ask<Answers["discard"]>(["discard", stream, place]);
  }

  /** Answers what is under way, leaves one file behind, releases the directory. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#thread.close();
    this.#options.lock.release();
  }

  #ask<T>(ask: Ask, bare?: T): Promise<T> {
    if (this.#closed) return Promise.reject(new JournalError("failed", `${ask[0]}: the journal is closed`));
    if (!this.#thread.alive) this.#thread = startThread(this.#options);
    return this.#thread.ask<T>(ask, bare);
  }
}

function startThread({ directory, lock, logger, ready }: OpenSqliteJournal): LogThread {
  return new LogThread(directory, lock.owner, logger, ready?.take());
}
