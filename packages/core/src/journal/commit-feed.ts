// What of one partition followers are told: how far it is durable, and the newest records while somebody follows, so that
// who keeps up is served from memory. It holds nothing for anybody in particular: a follower that does not ask misses
// nothing but the memory, and reads the journal.
import type { Scheduler } from "../runtime/index.ts";
import { placedRecord, type PlacedLine, type PlacedRecord } from "./row-records.ts";

interface Recent extends PlacedLine {
  /** Decoded when it is first asked for: what followers see is what the log holds, not the object that was submitted. */
  placed: PlacedRecord | undefined;
}

export class CommitFeed {
  readonly partition: number;
  /** The offset that the next committed record will have: everything below is durable. */
  head: number;
  readonly #scheduler: Scheduler;
  readonly #bytesMax: number;
  /** The newest records by offset, without gap up to the head. */
  readonly #recent = new Map<number, Recent>();
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #followers = 0;

  constructor(partition: number, head: number, scheduler: Scheduler, bytesMax: number) {
    this.partition = partition;
    this.head = head;
    this.#scheduler = scheduler;
    this.#bytesMax = bytesMax;
  }

  /** A follower has come, or gone. Without any nothing is kept. */
  joined(): void {
    this.#followers += 1;
  }

  left(): void {
    this.#followers -= 1;
    if (this.#followers > 0) return;
    this.#recent.clear();
    this.#bytes = 0;
  }

  /** The next record is in the log. */
  committed(line: string): void {
    const offset = this.head;
    this.head += 1;
    if (this.#followers === 0) return;
    this.#recent.set(offset, { offset, line, placed: undefined });
    this.#bytes += line.length;
    for (const [oldest, recent] of this.#recent) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#recent.delete(oldest);
      this.#bytes -= recent.line.length;
    }
    this.#wake();
  }

  /** Records up to `head` are in the log, and it is not known here what they are: whoever follows reads them from the journal. */
  moveTo(head: number): void {
    if (head <= this.head) return;
    this.head = head;
    this.#recent.clear();
    this.#bytes = 0;
    this.#wake();
  }

  /** Records from `from` on, until `bytesMax` is reached, at least one; undefined if they are not in memory. */
  recent(from: number, bytesMax: number): readonly PlacedRecord[] | undefined {
    return this.#recentLines(from, bytesMax)?.map((recent) => (recent.placed ??= placedRecord(recent, this.partition)));
  }

  /** The same, as they are in the log. */
  recentLines(from: number, bytesMax: number): readonly PlacedLine[] | undefined {
    return this.#recentLines(from, bytesMax);
  }

  #recentLines(from: number, bytesMax: number): Recent[] | undefined {
    if (!this.#recent.has(from)) return undefined;
    const page: Recent[] = [];
    let bytes = 0;
    for (let offset = from; offset < this.head && (page.length === 0 || bytes < bytesMax); offset++) {
      const recent = this.#recent.get(offset) as Recent;
      bytes += recent.line.length;
      page.push(recent);
    }
    return page;
  }

  /** Resolves when everything that is ready now has run. */
  othersTurn(): Promise<void> {
    return new Promise((resolve) => this.#scheduler.endOfTurn(resolve));
  }

  /** Calls `wake` once, after the next commit. */
  wait(wake: () => void): void {
    this.#waiting.add(wake);
  }

  forget(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  #wake(): void {
    for (const wake of this.#waiting) this.#scheduler.soon(wake);
    this.#waiting.clear();
  }
}
