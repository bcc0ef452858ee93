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
import { recordsOf, type PlacedRecord } from "./row-records.ts";

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

  async next(bytesMax: number): Promise<readonly PlacedRecord[]> {
    assert(!this.#asked, "a follower is asked for one page at a time");
    this.#asked = true;
    try {
      while (!this.#closed && this.#position >= this.#feed.head) await this.#commit();
      if (this.#closed) return [];
      const page = this.#feed.recent(this.#position, bytesMax) ?? (await this.#page(bytesMax));
      if (this.#closed) return [];
      this.#position = (page.at(-1) as PlacedRecord).offset + 1;
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
  async #page(bytesMax: number): Promise<readonly PlacedRecord[]> {
    const { head } = this.#feed;
    const { rows } = await this.#read(this.#feed.partition, this.#position, bytesMax);
    const page: PlacedRecord[] = [];
    let length = 0;
    for (const row of rows) {
      for (const placed of recordsOf(row, this.#position)) {
        if (placed.offset < head) page.push(placed);
        length += row.body.length / row.count;
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
