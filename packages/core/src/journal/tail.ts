// The part of the log that the index does not know yet, kept in memory and written behind. The log row is all that a
// commit holds; everything else the journal knows is folded from it here, about once a second, one partition a
// transaction, so that no commit waits long behind an index write.
import type { Logger, Runtime, Timer } from "../runtime/index.ts";
import type { AlarmChange, EntityEntry, Journal, Snapshot } from "./journal.ts";
import { JournalError } from "./journal.ts";
import { answerWithin } from "./patience.ts";
import type { LogRecord } from "./record.ts";

/** Who can say what an entity's state is now; asked at most once a flush. Undefined: nothing to store at the moment. */
export interface SnapshotSource {
  snapshot(): Snapshot | undefined;
}

export interface TailLimits {
  /** Pause between a change and the flush that indexes it. */
  readonly indexDelayMs: number;
  /** Entities not yet indexed, over all partitions, above which the log stops taking records until a flush. */
  readonly entitiesMax: number;
  /** An index write that has not answered by then counts as failed, and is repeated. */
  readonly indexTimeoutMs: number;
  /** Snapshots, and their bytes, taken in one flush of one partition; the others' turn comes with the next. */
  readonly snapshotsMax: number;
  readonly snapshotBytesMax: number;
  /** Snapshots wanted and not yet taken, over all partitions; their sources stay in memory until then. */
  readonly snapshotsWaitingMax: number;
}

interface Entry {
  readonly type: string;
  readonly key: string;
  version: number;
  last: number;
  /** As in a record: undefined if none of its records here has changed it. */
  alarm: number | null | undefined;
}

interface PartitionTail {
  indexedTo: number;
  /** One above the offset of the newest committed record. */
  head: number;
  entries: Map<string, Entry>;
  /** What the running flush is storing: not in `entries` any more, not surely in the index yet. */
  flying: ReadonlyMap<string, Entry>;
  readonly due: Set<SnapshotSource>;
}

const idOf = (type: string, key: string): string => `${type}\u0000${key}`;

const emptyTail = (indexedTo: number): PartitionTail => ({
  indexedTo,
  head: indexedTo,
  entries: new Map(),
  flying: new Map(),
  due: new Set(),
});

export class Tail {
  readonly #journal: Journal;
  readonly #runtime: Runtime;
  readonly #logger: Logger;
  readonly #limits: TailLimits;
  readonly #partitions: PartitionTail[];
  #count = 0;
  #timer: Timer | undefined;
  #flushing: Promise<void> | undefined;
  #failures = 0;
  #flushes = 0;
  #onRoom: () => void = () => {};
  #onAlarm: (partition: number, change: AlarmChange) => void = () => {};

  constructor(journal: Journal, runtime: Runtime, limits: TailLimits, indexedTo: readonly number[]) {
    this.#journal = journal;
    this.#runtime = runtime;
    this.#logger = runtime.logger;
    this.#limits = limits;
    this.#partitions = indexedTo.map(emptyTail);
  }

  /** Entities whose newest record is not in the index yet. */
  get size(): number {
    return this.#count;
  }

  /** Snapshots that are wanted and not taken yet. */
  get snapshotsWaiting(): number {
    let waiting = 0;
    for (const { due } of this.#partitions) waiting += due.size;
    return waiting;
  }

  get full(): boolean {
    return this.#count >= this.#limits.entitiesMax;
  }

  /** Called after a flush that made room in a full tail. */
  onRoom(task: () => void): void {
    this.#onRoom = task;
  }

  /** A committed record; offsets of a partition come in order. */
  note(partition: number, offset: number, { type, key, version, alarm }: LogRecord): void {
    const tail = this.#partitions[partition] as PartitionTail;
    const id = idOf(type, key);
    const entry = tail.entries.get(id);
    if (entry) {
      entry.version = version;
      entry.last = offset;
      if (alarm !== undefined) entry.alarm = alarm;
    } else {
      tail.entries.set(id, { type, key, version, last: offset, alarm });
      this.#count += 1;
    }
    tail.head = offset + 1;
    if (alarm !== undefined) this.#onAlarm(partition, { type, key, due: alarm });
    this.#schedule();
  }

  lookup(partition: number, type: string, key: string): EntityEntry | undefined {
    const tail = this.#partitions[partition] as PartitionTail;
    const id = idOf(type, key);
    const entry = tail.entries.get(id) ?? tail.flying.get(id);
    return entry && { type, key, version: entry.version, last: entry.last };
  }

  /** Told of every committed change of an alarm from now on. */
  onAlarm(listener: (partition: number, change: AlarmChange) => void): void {
    this.#onAlarm = listener;
  }

  /** Counts the flushes that took something from here because the index has it. */
  get flushes(): number {
    return this.#flushes;
  }

  /** Changes of alarms that may not be in the index yet, older ones of an entity before newer ones. */
  *alarms(): Generator<readonly [partition: number, change: AlarmChange]> {
    for (const [partition, { flying, entries }] of this.#partitions.entries())
      for (const entry of [flying, entries].flatMap((some) => [...some.values()]))
        if (entry.alarm !== undefined) yield [partition, { type: entry.type, key: entry.key, due: entry.alarm }];
  }

  /** A coming flush of the partition asks `source` for a snapshot. False if so many wait that this one is left out. */
  wantSnapshot(partition: number, source: SnapshotSource): boolean {
    const { due } = this.#partitions[partition] as PartitionTail;
    if (due.size * this.#partitions.length >= this.#limits.snapshotsWaitingMax) return false;
    due.add(source);
    this.#schedule();
    return true;
  }

  /** The index knows the partition up to here; records from there on are noted next. */
  begin(partition: number, indexedTo: number): void {
    this.forget(partition);
    this.#partitions[partition] = emptyTail(indexedTo);
  }

  /** Whoever owns the partition now folds it from the log. Of a flush that is running nothing comes back. */
  forget(partition: number): void {
    const { entries, flying, indexedTo } = this.#partitions[partition] as PartitionTail;
    const wasFull = this.full;
    this.#count -= entries.size + flying.size;
    this.#partitions[partition] = emptyTail(indexedTo);
    if (wasFull && !this.full) this.#onRoom();
  }

  /** Indexes everything that is not yet, of one partition or of all; returns when it is stored or has failed once. */
  async flush(partition?: number): Promise<void> {
    while (this.#flushing) await this.#flushing;
    await this.#run(partition);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Where flushes take the partitions' epochs from. */
  attach(epochOf: (partition: number) => number): void {
    this.#epochOf = epochOf;
  }

  #epochOf: (partition: number) => number = () => 0;

  #schedule(): void {
    if (this.#timer || this.#flushing) return;
    // A full tail holds up the log, so it does not wait for its second.
    const delayMs = this.full && this.#failures === 0 ? 0 : this.#limits.indexDelayMs * Math.min(30, 2 ** this.#failures);
    this.#timer = this.#runtime.timers.after(delayMs, () => {
      this.#timer = undefined;
      void this.#run();
    });
  }

  #run(partition?: number): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flushing = this.#flushSome(partition).finally(() => {
      this.#flushing = undefined;
      if (this.#partitions.some((tail) => tail.entries.size > 0 || tail.due.size > 0)) this.#schedule();
    });
    return this.#flushing;
  }

  async #flushSome(only: number | undefined): Promise<void> {
    const wasFull = this.full;
    const before = this.#failures;
    try {
      if (only !== undefined) await this.#flushPartition(only);
      else for (let p = 0; p < this.#partitions.length; p++) await this.#flushPartition(p);
      if (this.#failures === before) this.#failures = 0;
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      // The index is a cache: what is late is only late.
      this.#logger.log("warn", "journal.index_failed", { error, failures: this.#failures });
    }
    if (wasFull && !this.full) this.#onRoom();
  }

  async #flushPartition(partition: number): Promise<void> {
    const tail = this.#partitions[partition] as PartitionTail;
    if (tail.entries.size === 0 && tail.due.size === 0) return;
    const { entries, head } = tail;
    const sources: SnapshotSource[] = [];
    const snapshots = this.#takeSnapshots(tail, sources);
    tail.flying = entries;
    tail.entries = new Map();
    let stored = false;
    try {
      const entities = Array.from(entries.values(), ({ type, key, version, last }): EntityEntry => ({ type, key, version, last }));
      const alarms: AlarmChange[] = [];
      for (const { type, key, alarm } of entries.values()) if (alarm !== undefined) alarms.push({ type, key, due: alarm });
      const update = { partition, epoch: this.#epochOf(partition), indexedTo: head, entities, snapshots, alarms };
      stored = await answerWithin(this.#runtime, this.#limits.indexTimeoutMs, this.#journal.index(update));
    } finally {
      tail.flying = new Map();
      if (this.#partitions[partition] !== tail) {
        // It was forgotten meanwhile.
      } else if (stored) {
        tail.indexedTo = head;
        this.#flushes += 1;
        this.#count -= entries.size;
      } else {
        this.#failures += 1;
        for (const source of sources) tail.due.add(source);
        for (const [id, entry] of tail.entries) {
          const older = entries.get(id);
          if (older) this.#count -= 1;
          entry.alarm = entry.alarm === undefined ? older?.alarm : entry.alarm;
          entries.set(id, entry);
        }
        tail.entries = entries;
      }
    }
  }

  #takeSnapshots(tail: PartitionTail, taken: SnapshotSource[]): readonly Snapshot[] {
    const snapshots: Snapshot[] = [];
    let bytes = 0;
    for (const source of tail.due) {
      if (bytes >= this.#limits.snapshotBytesMax || snapshots.length >= this.#limits.snapshotsMax) break;
      tail.due.delete(source);
      const snapshot = source.snapshot();
      if (!snapshot) continue;
      bytes += snapshot.body.length;
      taken.push(source);
      snapshots.push(snapshot);
    }
    return snapshots;
  }
}
