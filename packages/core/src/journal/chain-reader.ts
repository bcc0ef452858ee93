// Reads the records of one entity, oldest first, through the chain in which each names the one before: an entity's past costs what
// it is itself, whatever else its partition holds.
//
//  C1  complete   Every durable record of the entity from an offset on to the head that the partition had when it was first asked,
//                 each once, in order; perhaps some that came meanwhile, without a gap.
//  C2  pull only  Memory holds the offsets that are still to be read, and the one page that was asked for.
import type { LogWriter } from "./log-writer.ts";
import { decodeRecord } from "./record.ts";
import { formatPosition } from "./position.ts";
import type { PlacedRecord } from "./row-records.ts";

export interface ChainPage {
  readonly records: readonly PlacedRecord[];
  /** Every record of the entity below this offset is in this page or before it. */
  readonly next: number;
}

/** Offsets that are asked for at a time. */
const chainPage = 10_000;
/** Records that are read at a time: few, because most entities' are small in number, and pages in size. */
const recordsPage = 64;

export class ChainReader {
  readonly #writer: LogWriter;
  readonly #partition: number;
  readonly #entity: { readonly type: string; readonly key: string };
  #next: number;
  /** What is still to be read, newest first, and where the reading ends. Undefined until it was asked for. */
  #rest: { readonly offsets: number[]; readonly end: number } | undefined;
  #closed = false;

  constructor(writer: LogWriter, partition: number, entity: { readonly type: string; readonly key: string }, from: number) {
    this.#writer = writer;
    this.#partition = partition;
    this.#entity = entity;
    this.#next = from;
  }

  /** About `bytesMax` characters of records, at least one if there is one. Rejects with a `JournalError`; ask again. */
  async next(bytesMax: number): Promise<ChainPage> {
    if (this.#closed) return { records: [], next: this.#next };
    const { offsets, end } = (this.#rest ??= await this.#find());
    const records: PlacedRecord[] = [];
    for (let bytes = 0; bytes < bytesMax && offsets.length > 0 && !this.#closed;) {
      for (const { length, ...placed } of await this.#read(offsets.slice(-recordsPage).reverse())) {
        if (bytes >= bytesMax) break;
        records.push(placed);
        bytes += length;
        offsets.pop();
      }
    }
    if (this.#closed) return { records: [], next: this.#next };
    this.#next = offsets.at(-1) ?? Math.max(this.#next, end);
    return { records, next: this.#next };
  }

  close(): void {
    this.#closed = true;
    this.#rest = undefined;
  }

  async #find(): Promise<{ readonly offsets: number[]; readonly end: number }> {
    const { journal, tail } = this.#writer;
    const { type, key } = this.#entity;
    const partition = this.#partition;
    const after = this.#next - 1;
    const head = this.#writer.durable(partition); // before the newest record is looked up: none below it may be missed
    const unindexed = tail.lookup(partition, type, key); // before the index is asked: a flush may come between
    const last = unindexed?.last ?? (await this.#writer.within(journal.lookup(partition, type, key))).entry?.last ?? -1;
    const offsets: number[] = [];
    for (let from = last; from > after; from = offsets.at(-1) as number) {
      const page = await this.#writer.within(journal.chain(partition, from, after, chainPage, 0));
      // A further page starts with the offset that the one before ended with.
      offsets.push(...(from === last ? page.offsets : page.offsets.slice(1)));
      if (page.offsets.length < chainPage) break;
    }
    return { offsets, end: Math.max(head, last + 1) };
  }

  async #read(offsets: readonly number[]): Promise<readonly (PlacedRecord & { readonly length: number })[]> {
    const { journal } = this.#writer;
    const lines = await this.#writer.within(journal.records(this.#partition, offsets));
    return lines.map((line, i) => {
      const offset = offsets[i] as number;
      return { offset, record: decodeRecord(line, formatPosition(journal.meta, this.#partition, offset)), length: line.length };
    });
  }
}
