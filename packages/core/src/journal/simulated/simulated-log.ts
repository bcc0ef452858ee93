// What is on the simulated disk of one service: the log, its index, the quarantine. Every function here is one atomic
// step that obeys the laws of the port; when it happens, and whether anybody learns of it, is the disk's business. What is
// given to it is kept, so it must not change afterwards.
import { assert } from "../../base/assert.ts";
import {
  type Chain,
  type AlarmEntry,
  type Appended,
  type Cursor,
  type DeadLetter,
  type EntityEntry,
  type IndexUpdate,
  JournalError,
  type JournalMeta,
  type Page,
  type PartitionState,
  type QuarantineEntry,
  type Row,
  type Snapshot,
} from "../journal.ts";
import { compareAlarms, compareLetters } from "../orders.ts";

interface StoredRow {
  readonly row: Row;
  /** The records, one a line: slices of the body, so they cost no copy. */
  readonly lines: readonly string[];
  /** `prev` of a record once a chain has gone through it. */
  readonly prevs: (number | undefined)[];
  damaged: boolean;
}

interface Partition {
  epoch: number;
  head: number;
  indexedTo: number;
  readonly rows: StoredRow[];
  readonly entities: Map<string, EntityEntry>;
  readonly snapshots: Map<string, Snapshot>;
  readonly alarms: Map<string, AlarmEntry>;
}

/** Everything but the log rows, for comparison with a fold of them. */
export interface SimulatedImage {
  readonly meta: JournalMeta;
  readonly partitions: readonly PartitionState[];
  readonly entities: readonly (EntityEntry & { readonly partition: number })[];
  readonly snapshots: readonly (Snapshot & { readonly partition: number })[];
  readonly alarms: readonly AlarmEntry[];
  readonly quarantined: readonly QuarantineEntry[];
  readonly cursors: readonly Cursor[];
  readonly deadLetters: readonly DeadLetter[];
}

const idOf = (type: string, key: string): string => `${type}\u0000${key}`;

export class SimulatedLog {
  readonly meta: JournalMeta;
  readonly #partitions: readonly Partition[];
  readonly #quarantine = new Map<string, QuarantineEntry>();
  readonly #cursors = new Map<string, number>();
  readonly #letters = new Map<string, DeadLetter>();

  constructor(logId: string, partitions: number) {
    this.meta = { logId, timeline: 1, partitions };
    this.#partitions = Array.from({ length: partitions }, () => ({
      epoch: 0,
      head: 0,
      indexedTo: 0,
      rows: [],
      entities: new Map<string, EntityEntry>(),
      snapshots: new Map<string, Snapshot>(),
      alarms: new Map<string, AlarmEntry>(),
    }));
  }

  partitions(): readonly PartitionState[] {
    return this.#partitions.map(({ epoch, head, indexedTo }) => ({ epoch, head, indexedTo }));
  }

  takeOver(partition: number, seen: number, to: number): { readonly taken: boolean; readonly epoch: number } {
    assert(to > seen, "an epoch only rises");
    const on = this.#partition(partition);
    const taken = on.epoch === seen;
    if (taken) on.epoch = to;
    return { taken, epoch: on.epoch };
  }

  append(rows: readonly Row[]): readonly Appended[] {
    assert(new Set(rows.map((row) => row.partition)).size === rows.length, "an append has at most one row per partition");
    return rows.map((row) => this.#appendRow(row));
  }

  read(partition: number, from: number, bytesMax: number): Page {
    const on = this.#partition(partition);
    const rows: Row[] = [];
    let bytes = 0;
    for (let i = this.#rowIndex(on, from); i < on.rows.length; i++) {
      if (rows.length > 0 && bytes >= bytesMax) return { rows, next: (on.rows[i] as StoredRow).row.offset };
      const { row } = this.#readable(on.rows[i] as StoredRow);
      rows.push(row);
      bytes += row.body.length;
    }
    return { rows, next: undefined };
  }

  chain(partition: number, last: number, after: number, max: number, bytesMax: number): Chain {
    const on = this.#partition(partition);
    const offsets: number[] = [];
    for (let offset = last; offset > after && offset >= 0 && offsets.length < max; offset = this.#prevOf(partition, on, offset))
      offsets.push(offset);
    const lines: string[] = [];
    for (let room = bytesMax; lines.length < offsets.length;) {
      const line = this.#line(partition, on, offsets[lines.length] as number);
      room -= line.length;
      if (room < 0) break;
      lines.push(line);
    }
    return { offsets, lines };
  }

  records(partition: number, offsets: readonly number[]): readonly string[] {
    const on = this.#partition(partition);
    return offsets.map((offset) => this.#line(partition, on, offset));
  }

  lookup(partition: number, type: string, key: string): { readonly entry?: EntityEntry; readonly snapshot?: Snapshot } {
    const on = this.#partition(partition);
    const id = idOf(type, key);
    const entry = on.entities.get(id);
    const snapshot = on.snapshots.get(id);
    return { ...(entry && { entry }), ...(snapshot && { snapshot }) };
  }

  index(update: IndexUpdate): boolean {
    const on = this.#partition(update.partition);
    if (update.epoch !== on.epoch) return false;
    if (update.indexedTo > on.head)
      throw new JournalError("refused", `index of partition ${update.partition} to ${update.indexedTo}: its head is ${on.head}`);
    if (update.indexedTo < on.indexedTo) return true; // it was overtaken: what is stored says more
    for (const entry of update.entities) on.entities.set(idOf(entry.type, entry.key), entry);
    for (const snapshot of update.snapshots) on.snapshots.set(idOf(snapshot.type, snapshot.key), snapshot);
    for (const { type, key, due } of update.alarms) {
      if (due === null) on.alarms.delete(idOf(type, key));
      else on.alarms.set(idOf(type, key), { partition: update.partition, type, key, due });
    }
    on.indexedTo = update.indexedTo;
    return true;
  }

  alarms(after: AlarmEntry | undefined, max: number): readonly AlarmEntry[] {
    const all = this.#partitions.flatMap((on) => [...on.alarms.values()]).sort(compareAlarms);
    return all.filter((alarm) => after === undefined || compareAlarms(alarm, after) > 0).slice(0, max);
  }

  cursors(): readonly Cursor[] {
    return Array.from(this.#cursors, ([stream, offset]) => ({ stream, offset }));
  }

  moveCursors(cursors: readonly Cursor[]): void {
    for (const { stream, offset } of cursors) this.#cursors.set(stream, Math.max(offset, this.#cursors.get(stream) ?? 0));
  }

  deadLetters(after: Pick<DeadLetter, "stream" | "place"> | undefined, max: number): readonly DeadLetter[] {
    const all = [...this.#letters.values()].sort(compareLetters);
    return all.filter((letter) => after === undefined || compareLetters(letter, after) > 0).slice(0, max);
  }

  park(letter: DeadLetter): void {
    this.#letters.set(idOf(letter.stream, String(letter.place)), { ...letter });
  }

  discard(stream: string, place: number): boolean {
    return this.#letters.delete(idOf(stream, String(place)));
  }

  quarantined(): readonly QuarantineEntry[] {
    return [...this.#quarantine.values()];
  }

  quarantine(entry: QuarantineEntry): void {
    this.#quarantine.set(idOf(entry.type, entry.key), { ...entry });
  }

  release(type: string, key: string): boolean {
    return this.#quarantine.delete(idOf(type, key));
  }

  /** The whole log, partition by partition. */
  rows(): readonly Row[] {
    return this.#partitions.flatMap((on) => on.rows.map((stored) => stored.row));
  }

  image(): SimulatedImage {
    const inAll = <T extends object>(of: (on: Partition) => Iterable<T>): readonly (T & { readonly partition: number })[] =>
      this.#partitions.flatMap((on, partition) => Array.from(of(on), (item) => ({ ...item, partition })));
    return {
      meta: this.meta,
      partitions: this.partitions(),
      entities: inAll((on) => on.entities.values()),
      snapshots: inAll((on) => on.snapshots.values()),
      alarms: this.alarms(undefined, Number.POSITIVE_INFINITY),
      quarantined: this.quarantined(),
      cursors: this.cursors(),
      deadLetters: this.deadLetters(undefined, Number.POSITIVE_INFINITY),
    };
  }

  /** The index is a cache (J10); a journal that found it unusable starts again without it. */
  loseIndex(): void {
    for (const on of this.#partitions) {
      on.indexedTo = 0;
      on.entities.clear();
      on.snapshots.clear();
      on.alarms.clear();
    }
  }

  /** The row that holds `offset` cannot be read any more. */
  damage(partition: number, offset: number): void {
    this.#holding(partition, this.#partition(partition), offset).damaged = true;
  }

  #partition(partition: number): Partition {
    const on = this.#partitions[partition];
    assert(on, `partition ${partition} is one of ${this.#partitions.length}`);
    return on;
  }

  #appendRow(row: Row): Appended {
    const on = this.#partition(row.partition);
    if (row.epoch !== on.epoch) return "fenced";
    if (row.offset !== on.head) return "misplaced";
    const lines = row.body.split("\n");
    assert(row.count >= 1 && lines.length === row.count, "a row has as many lines as records");
    on.rows.push({ row, lines, prevs: [], damaged: false });
    on.head += row.count;
    return "written";
  }

  #line(partition: number, on: Partition, offset: number): string {
    const stored = this.#holding(partition, on, offset);
    return stored.lines[offset - stored.row.offset] as string;
  }

  /** Index of the first row that ends above `offset`. */
  #rowIndex(on: Partition, offset: number): number {
    let low = 0;
    let high = on.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { row } = on.rows[middle] as StoredRow;
      if (row.offset + row.count > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #holding(partition: number, on: Partition, offset: number): StoredRow {
    const stored = offset < 0 ? undefined : on.rows[this.#rowIndex(on, offset)];
    if (!stored) throw new JournalError("damaged", `no record at partition ${partition}, offset ${offset}: the head is ${on.head}`);
    return this.#readable(stored);
  }

  #readable(stored: StoredRow): StoredRow {
    if (!stored.damaged) return stored;
    throw new JournalError("damaged", `the row at partition ${stored.row.partition}, offset ${stored.row.offset} cannot be read`);
  }

  #prevOf(partition: number, on: Partition, offset: number): number {
    const stored = this.#holding(partition, on, offset);
    const line = offset - stored.row.offset;
    let prev = stored.prevs[line];
    if (prev === undefined) {
      prev = (JSON.parse(stored.lines[line] as string) as { readonly prev: number }).prev;
      assert(Number.isSafeInteger(prev) && prev < offset, `the record at partition ${partition}, offset ${offset} points back`);
      stored.prevs[line] = prev;
    }
    return prev;
  }
}
