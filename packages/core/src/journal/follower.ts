// Following a partition of a log: every committed record, in order, from an offset on, and then those that are committed
// from now on. What reads others' logs, topics, read models, is built on it.
//
//  F1  complete   A follower gets every record of its partition from its offset on, in the order of the offsets, each once.
//  F2  durable    It gets a record only when the writer knows that it is durable: never one that is under way, in doubt, or
//                 void, whatever the journal shows of it in between.
//  F3  pull only  Nothing is kept for a follower: one that is slow or does not ask costs the log nothing, and memory is
//                 bounded by what is shared (commit-feed.ts) and by the one page it asked for.
//  F4  in turns   What is read from the journal is decoded `turnLength` at a time: a row may be megabytes, and commands that
//                 are under way meanwhile need several turns each.
import { assert } from "../base/assert.ts";
import type { CommitFeed } from "./commit-feed.ts";
import type { Page } from "./journal.ts";
import { placedLinesOf, placedRecord, type PlacedLine, type PlacedRecord } from "./row-records.ts";

/** Characters decoded before others have a turn. */
const turnLength = 2 ** 15;

export interface LogFollower {
  readonly partition: number;
  /** The offset of the first record that the next page will hold. */
  readonly position: number;
  /**
   * The next page: whole rows until `bytesMax` of lines is reached, at least one record. At the head it waits for a commit.
   * Resolves with none once the follower is closed. Rejects with a `JournalError` if the log cannot be read now; the same
   * page may then be asked for again. One question at a time.
   */
  next(bytesMax: number): Promise<readonly PlacedRecord[]>;
  /** The same page, its records as they are in the log: for whoever does not need all of them, or not all of each. */
  nextLines(bytesMax: number): Promise<readonly PlacedLine[]>;
  /** Ends a `next` that waits. Idempotent. */
  close(): void;
}

export class FeedFollower implements LogFollower {
  readonly #feed: CommitFeed;
  readonly #read: (partition: number, from: number, bytesMax: number) => Promise<Page>;
  #position: number;
  #asked = false;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(feed: CommitFeed, from: number, read: (partition: number, from: number, bytesMax: number) => Promise<Page>) {
    assert(Number.isSafeInteger(from) && from >= 0, "a log is followed from one of its offsets");
    this.#feed = feed;
    this.#position = from;
    this.#read = read;
    feed.joined();
  }

  get partition(): number {
    return this.#feed.partition;
  }

  get position(): number {
    return this.#position;
  }

  next(bytesMax: number): Promise<readonly PlacedRecord[]> {
    const { partition } = this.#feed;
    return this.#next(
      () => this.#feed.recent(this.#position, bytesMax),
      () => this.#page(bytesMax, (placed) => placedRecord(placed, partition)),
    );
  }

  nextLines(bytesMax: number): Promise<readonly PlacedLine[]> {
    return this.#next(
      () => this.#feed.recentLines(this.#position, bytesMax),
      () => this.#page(bytesMax, (placed) => placed),
    );
  }

  async #next<T extends { readonly offset: number }>(
    recent: () => readonly T[] | undefined,
    stored: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    assert(!this.#asked, "a follower is asked for one page at a time");
    this.#asked = true;
    try {
      while (!this.#closed && this.#position >= this.#feed.head) await this.#commit();
      if (this.#closed) return [];
      const page = recent() ?? (await stored());
      if (this.#closed) return [];
      this.#position = (page.at(-1) as T).offset + 1;
      return page;
    } finally {
      this.#asked = false;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#feed.left();
    this.#wake?.();
  }

  #commit(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#feed.forget(wake);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = wake;
      this.#feed.wait(wake);
    });
  }

  /** From the journal, which may show rows that are not known to be durable yet: those are left for later (F2). */
  async #page<T extends { readonly offset: number }>(bytesMax: number, as: (placed: PlacedLine) => T): Promise<readonly T[]> {
    const { head } = this.#feed;
    const { rows } = await this.#read(this.#feed.partition, this.#position, bytesMax);
    const page: T[] = [];
    let length = 0;
    for (const row of rows) {
      for (const placed of placedLinesOf(row, this.#position)) {
        if (placed.offset < head) page.push(as(placed));
        length += placed.line.length;
        if (length < turnLength) continue;
        length = 0;
        await this.#feed.othersTurn();
        if (this.#closed) return page;
      }
    }
    assert(page[0]?.offset === this.#position, "the log holds every record below its durable head");
    return page;
  }
}
