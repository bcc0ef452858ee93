// Reading the log: pages of rows, chains of records, single records. Every row is checked against its checksum, and what
// should be there and is not is damage. Each function is a generator that yields after a bounded piece of work, so that
// commits are not held up, and keeps no statement open across a yield.
import { JournalError } from "../journal.ts";
import type { LogFile } from "./log-file.ts";
import type { Answers } from "./protocol.ts";
import { rowSum } from "./row-sum.ts";

/** What is read between two yields: records of a chain, rows of a page, and their characters. */
const sliceRecordsMax = 16;
const sliceRowsMax = 64;
const sliceCharactersMax = 256 * 2 ** 10;
/** A page ends here whatever its caller would take. */
const pageCharactersMax = 16 * 2 ** 20;

export type Slices<T> = Generator<void, T>;

interface StoredRow {
  readonly offset: number;
  readonly count: number;
  readonly epoch: number;
  readonly body: string;
}

type Columns = [o: number, n: number, epoch: number, body: string, sum: number];

const rowHolding = "select o, n, epoch, body, sum from log where p = ? and o <= ? order by o desc limit 1";
const rowsFrom = "select o, n, epoch, body, sum from log where p = ? and o >= ? order by o";

/** J8. */
export function* readPage(log: LogFile, p: number, from: number, charactersMax: number): Slices<Answers["read"]> {
  const partition = partitionOf(log, p);
  if (from >= partition.head) return { rows: [], next: undefined };
  const first = rowAt(log, p, Math.max(0, from));
  const rows: (number | string)[] = [p, first.offset, first.count, first.epoch, first.body];
  let next = first.offset + first.count;
  let characters = first.body.length;
  const max = Math.min(charactersMax, pageCharactersMax);
  while (next < partition.head && characters < max) {
    if (rows.length > 5) yield;
    const slice = readSlice(log, p, next, partition.head, max - characters);
    for (const { offset, count, epoch, body } of slice) {
      rows.push(p, offset, count, epoch, body);
      characters += body.length;
      next = offset + count;
    }
  }
  return { rows, next: next < partition.head ? next : undefined };
}

/** J9. Follows `prev` of the stored records; a chain that does not fall is damage. */
export function* followChain(
  log: LogFile,
  p: number,
  last: number,
  after: number,
  max: number,
  charactersMax: number,
): Slices<Answers["chain"]> {
  const offsets: number[] = [];
  const lines: string[] = [];
  const stored = new Lines(log, p);
  let room = Math.min(charactersMax, pageCharactersMax);
  for (let offset = last; offset > after && offset >= 0 && offsets.length < max;) {
    if (offsets.length > 0 && offsets.length % sliceRecordsMax === 0) yield;
    const line = stored.at(offset);
    offsets.push(offset);
    room -= line.length;
    if (room >= 0) lines.push(line);
    const prev = prevOf(line);
    if (prev === undefined || prev >= offset) throw damagedRow(p, offset, "the record does not say which one is before it");
    offset = prev;
  }
  return { offsets, lines };
}

/** The line of each offset, in the order asked for. */
export function* readRecords(log: LogFile, p: number, offsets: readonly number[]): Slices<readonly string[]> {
  const found: string[] = [];
  const lines = new Lines(log, p);
  let characters = 0;
  for (const offset of offsets) {
    if (found.length > 0 && (found.length % sliceRecordsMax === 0 || characters > sliceCharactersMax)) {
      characters = 0;
      yield;
    }
    const line = lines.at(offset);
    found.push(line);
    characters += line.length;
  }
  return found;
}

/** Records one at a time. Neighbours are often in one row, so the row read last is kept, with where its lines begin. */
class Lines {
  readonly #log: LogFile;
  readonly #p: number;
  #row: StoredRow | undefined;
  #starts: readonly number[] = [];

  constructor(log: LogFile, p: number) {
    this.#log = log;
    this.#p = p;
  }

  at(offset: number): string {
    if (!this.#row || offset < this.#row.offset || offset >= this.#row.offset + this.#row.count) {
      this.#row = rowAt(this.#log, this.#p, offset);
      this.#starts = startsOf(this.#row.body);
      if (this.#starts.length !== this.#row.count)
        throw damagedRow(this.#p, this.#row.offset, `${this.#starts.length} records instead of ${this.#row.count}`);
    }
    const { body, offset: first } = this.#row;
    const start = this.#starts[offset - first] as number;
    return body.slice(start, (this.#starts[offset - first + 1] ?? body.length + 1) - 1);
  }
}

function startsOf(body: string): readonly number[] {
  const starts = [0];
  for (let at = body.indexOf("\n"); at >= 0; at = body.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** How a record begins as `encodeRecord` writes it: four times faster than parsing all of it for one number. */
const beginning = /^\{"type":"(?:[^"\\]|\\.)*","key":"(?:[^"\\]|\\.)*","version":\d+,"prev":(-?\d{1,15}),/;

function prevOf(line: string): number | undefined {
  const written = beginning.exec(line);
  if (written) return Number(written[1]);
  try {
    const prev = (JSON.parse(line) as { readonly prev?: unknown } | null)?.prev;
    return Number.isSafeInteger(prev) ? (prev as number) : undefined;
  } catch {
    return undefined;
  }
}

function partitionOf(log: LogFile, p: number): LogFile["partitions"][number] {
  const partition = log.partitions[p];
  if (!partition) throw new JournalError("failed", `there is no partition ${p}, there are ${log.partitions.length}`);
  return partition;
}

function rowAt(log: LogFile, p: number, offset: number): StoredRow {
  const { head } = partitionOf(log, p);
  if (offset < 0 || offset >= head) throw damagedRow(p, offset, `there is no such record, the partition ends before ${head}`);
  const columns = log.reading(`partition ${p}, offset ${offset}`, () => log.statement(rowHolding).get(p, offset)) as Columns | undefined;
  if (!columns || offset >= columns[0] + columns[1]) throw damagedRow(p, offset, "the row is missing");
  return checked(p, columns);
}

function readSlice(log: LogFile, p: number, from: number, head: number, charactersMax: number): readonly StoredRow[] {
  const rows: StoredRow[] = [];
  let next = from;
  let characters = 0;
  log.reading(`partition ${p}, offset ${from} and above`, () => {
    for (const columns of log.statement(rowsFrom).iterate(p, from)) {
      const row = checked(p, columns as unknown as Columns);
      if (row.offset !== next) break;
      rows.push(row);
      next = row.offset + row.count;
      characters += row.body.length;
      if (next >= head || rows.length >= sliceRowsMax || characters >= charactersMax || characters >= sliceCharactersMax) return;
    }
    throw damagedRow(p, next, "the row is missing");
  });
  return rows;
}

function checked(p: number, [offset, count, epoch, body, sum]: Columns): StoredRow {
  if (typeof body !== "string" || rowSum(p, offset, count, epoch, body) !== sum)
    throw damagedRow(p, offset, "the row does not match its checksum");
  return { offset, count, epoch, body };
}

/** The words "partition P, offset O" are what people search the log for. */
function damagedRow(partition: number, offset: number, what: string): JournalError {
  return new JournalError("damaged", `partition ${partition}, offset ${offset}: ${what}`);
}
