// How a writer reads its own log: the part that the index does not know, when it takes a partition over, and what became of records
// whose commit it has not heard of.
import type { Journal, Page } from "./journal.ts";
import { recordsOf, type PlacedRecord } from "./row-records.ts";
import type { Tail } from "./tail.ts";

type Ask = <T>(operation: Promise<T>) => Promise<T>;

/** Notes every record from `indexedTo` on, a page in memory at a time. Returns the offset behind the last one. */
export async function foldTail(
  ask: Ask,
  journal: Journal,
  tail: Tail,
  partition: number,
  indexedTo: number,
  pageBytes: number,
): Promise<number> {
  tail.begin(partition, indexedTo);
  let head = indexedTo;
  for (let next: number | undefined = indexedTo; next !== undefined;) {
    const page: Page = await ask(journal.read(partition, next, pageBytes));
    for (const row of page.rows) {
      head = row.offset + row.count;
      for (const { offset, record } of recordsOf(row, indexedTo)) tail.note(partition, offset, record);
    }
    ({ next } = page);
    if (tail.full) await tail.flush();
  }
  return head;
}

/** The records from offset `from` on whose rows have an epoch up to this one: in a partition, epochs rise with the offsets. */
export async function recordsUpTo(
  ask: Ask,
  journal: Journal,
  partition: number,
  epoch: number,
  from: number,
  pageBytes: number,
): Promise<readonly PlacedRecord[]> {
  const found: PlacedRecord[] = [];
  for (let next: number | undefined = from; next !== undefined;) {
    const page: Page = await ask(journal.read(partition, next, pageBytes));
    for (const row of page.rows) {
      if (row.epoch > epoch) return found;
      found.push(...recordsOf(row, from));
    }
    ({ next } = page);
  }
  return found;
}
