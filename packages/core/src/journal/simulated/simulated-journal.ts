// The journal of a simulated process: the port on a `SimulatedDisk`, in memory, deterministic. Every operation is an
// event of the disk, every answer a hand-over of the process's scheduler, so the seed decides how they interleave.
// Faults come from `SimulatedDisk.faults`, carried out by `FaultyJournal`.
import { assert } from "../../base/assert.ts";
import { hash32 } from "../../base/hash.ts";
import type { Runtime } from "../../runtime/index.ts";
import { type FaultPlan, type PlannedFault, randomFaults } from "../faults/fault-plan.ts";
import { FaultyJournal } from "../faults/faulty-journal.ts";
import {
  type Chain,
  type AlarmEntry,
  type Appended,
  type Cursor,
  type DeadLetter,
  type EntityEntry,
  type IndexUpdate,
  type Journal,
  JournalError,
  type JournalMeta,
  type JournalStore,
  type Page,
  type PartitionState,
  type QuarantineEntry,
  type Row,
  type Snapshot,
} from "../journal.ts";
import type { DiskUser, SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedLog } from "./simulated-log.ts";

export interface SimulatedJournalStoreOptions {
  /** Name of the process, for messages. */
  readonly process: string;
  /** What goes wrong with the journal of a service; by default what `SimulatedDisk.faults` says, drawn from the disk's randomness. */
  readonly plan?: (service: string) => FaultPlan;
  /** Told of every injected fault, by service. */
  readonly onFault?: (service: string, planned: PlannedFault) => void;
}

/** One per simulated process and life: after a crash the successor takes a new one on the same disk. */
export class SimulatedJournalStore implements JournalStore {
  readonly #disk: SimulatedDisk;
  readonly #options: SimulatedJournalStoreOptions;
  readonly #runtime: Pick<Runtime, "scheduler" | "timers">;
  readonly #journals = new Set<FaultyJournal>();
  readonly #user: DiskUser;
  #alive = true;

  /** `runtime`: the process's own, so that answers wait while it is paused and are lost when it dies. */
  constructor(disk: SimulatedDisk, runtime: Pick<Runtime, "scheduler" | "timers">, options: SimulatedJournalStoreOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#runtime = runtime;
    const alive = (): boolean => this.#alive;
    this.#user = {
      name: options.process,
      answer: (task) =>
        this.#runtime.scheduler.soon(() => {
          if (this.#alive) task();
        }),
      get alive() {
        return alive();
      },
    };
  }

  async open(service: string, partitions: number): Promise<Journal> {
    assert(Number.isSafeInteger(partitions) && partitions >= 1, "a journal has at least one partition");
    const log = await this.#disk.open(this.#user, service, partitions);
    const { onFault } = this.#options;
    const plan = this.#options.plan?.(service) ?? randomFaults(() => this.#disk.faults, this.#disk.random);
    const inner = new SimulatedJournal(this.#disk, this.#user, service, log);
    const journal: FaultyJournal = new FaultyJournal(inner, plan, {
      timers: this.#runtime.timers,
      lateTimers: this.#disk.timers,
      ...(onFault && { onFault: (planned) => onFault(service, planned) }),
    });
    this.#journals.add(journal);
    return journal;
  }

  exists(service: string): Promise<boolean> {
    return this.#disk.exists(this.#user, service);
  }

  /**
   * The process dies. What was under way is on the disk or is not; a late operation may also still be travelling and
   * arrive after the successor has opened the journal. No answer arrives any more.
   */
  crash(): void {
    const { random } = this.#disk;
    for (const journal of this.#journals) {
      journal.decideLate(() => {
        const draw = random.next();
        return draw < 0.4 ? "apply" : draw < 0.7 ? "drop" : "keep";
      });
    }
    this.#alive = false;
    this.#disk.crash(this.#user);
  }
}

class SimulatedJournal implements Journal {
  readonly meta: JournalMeta;
  readonly #disk: SimulatedDisk;
  readonly #user: DiskUser;
  readonly #service: string;
  readonly #log: SimulatedLog;
  /** Operations of this journal whose answer is on its way; closing waits for them. */
  readonly #unanswered = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(disk: SimulatedDisk, user: DiskUser, service: string, log: SimulatedLog) {
    this.meta = log.meta;
    this.#disk = disk;
    this.#user = user;
    this.#service = service;
    this.#log = log;
  }

  partitions(): Promise<readonly PartitionState[]> {
    return this.#look(() => this.#log.partitions());
  }

  takeOver(partition: number, seen: number, to = seen + 1): Promise<{ readonly taken: boolean; readonly epoch: number }> {
    return this.#change(() => this.#log.takeOver(partition, seen, to));
  }

  append(rows: readonly Row[]): Promise<readonly Appended[]> {
    const given = rows.map((row) => ({ ...row })); // as they are now, whatever the caller does with its own later
    const work = (): readonly Appended[] => {
      this.#disk.checkRefused(given);
      return this.#append(given);
    };
    // J5: rows are independent, so each has its own lot.
    const survivors = (): readonly Row[] => given.filter((row) => !this.#disk.refuses(row) && this.#disk.random.next() < 0.5);
    return this.#submit(work, () => void this.#append(survivors()));
  }

  read(partition: number, from: number, bytesMax: number): Promise<Page> {
    return this.#look(() => this.#log.read(partition, from, bytesMax));
  }

  chain(partition: number, last: number, after: number, max: number, bytesMax: number): Promise<Chain> {
    return this.#look(() => this.#log.chain(partition, last, after, max, bytesMax));
  }

  records(partition: number, offsets: readonly number[]): Promise<readonly string[]> {
    return this.#look(() => this.#log.records(partition, offsets));
  }

  lookup(partition: number, type: string, key: string): Promise<{ readonly entry?: EntityEntry; readonly snapshot?: Snapshot }> {
    return this.#look(() => this.#log.lookup(partition, type, key));
  }

  /** Of one new entity in four it is not certain that it is new, as it is not where a filter is behind it (J13). */
  mayHold(partition: number, type: string, key: string): boolean {
    const { entry, snapshot } = this.#log.lookup(partition, type, key);
    return entry !== undefined || snapshot !== undefined || hash32(`${type}/${key}`) % 4 === 0;
  }

  index(update: IndexUpdate): Promise<boolean> {
    const given = {
      ...update,
      entities: update.entities.map((entry) => ({ ...entry })),
      snapshots: update.snapshots.map((snapshot) => ({ ...snapshot })),
      alarms: update.alarms.map((alarm) => ({ ...alarm })),
    };
    return this.#change(() => this.#log.index(given));
  }

  quarantined(): Promise<readonly QuarantineEntry[]> {
    return this.#look(() => this.#log.quarantined());
  }

  quarantine(entry: QuarantineEntry): Promise<void> {
    return this.#change(() => this.#log.quarantine(entry));
  }

  release(type: string, key: string): Promise<boolean> {
    return this.#change(() => this.#log.release(type, key));
  }

  alarms(after: AlarmEntry | undefined, max: number): Promise<readonly AlarmEntry[]> {
    return this.#look(() => this.#log.alarms(after, max));
  }

  cursors(): Promise<readonly Cursor[]> {
    return this.#look(() => this.#log.cursors());
  }

  moveCursors(cursors: readonly Cursor[]): Promise<void> {
    const given = cursors.map((cursor) => ({ ...cursor }));
    return this.#change(() => this.#log.moveCursors(given));
  }

  deadLetters(after: Pick<DeadLetter, "stream" | "place"> | undefined, max: number): Promise<readonly DeadLetter[]> {
    return this.#look(() => this.#log.deadLetters(after, max));
  }

  park(letter: DeadLetter): Promise<void> {
    return this.#change(() => this.#log.park(letter));
  }

  discard(stream: string, place: number): Promise<boolean> {
    return this.#change(() => this.#log.discard(stream, place));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#unanswered).then(() => this.#disk.close(this.#user, this.#service));
    return this.#closing;
  }

  #append(rows: readonly Row[]): readonly Appended[] {
    const appended = this.#log.append(rows);
    for (const [i, row] of rows.entries()) if (appended[i] === "written") this.#disk.onCommitted(this.#service, row);
    return appended;
  }

  #look<T>(work: () => T): Promise<T> {
    return this.#submit(work, () => {});
  }

  #change<T>(work: () => T): Promise<T> {
    return this.#submit(work, () => {
      if (this.#disk.random.next() < 0.5) work();
    });
  }

  #submit<T>(work: () => T, survive: () => void): Promise<T> {
    if (this.#closing) return Promise.reject(new JournalError("failed", `the journal of ${this.#service} is closed`));
    const answer = this.#disk.submit(this.#user, work, survive);
    const settled: Promise<unknown> = Promise.allSettled([answer]).finally(() => this.#unanswered.delete(settled));
    this.#unanswered.add(settled);
    return answer;
  }
}
