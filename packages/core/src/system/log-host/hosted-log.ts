// The log of a service in the process that has its file open, whoever uses it: this node, or another one over a link. What goes
// through it is heard of here, once, by those who live beside it.
import { backoffMs } from "../../base/backoff.ts";
import {
  type AlarmEntry,
  answerWithin,
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
} from "../../journal/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { KnownEpochs } from "./known-epochs.ts";
import type { LogHostLimits } from "./limits.ts";
import type { Answer } from "./wire.ts";

/** Whoever hears of what becomes of the log. Called within the journal's answers: it must not throw, and not take long. */
export interface LogWatch {
  /** The row is in the log, whoever has appended it; before that one hears of it. */
  appended(row: Row): void;
  /**
   * Somebody holds the partition under `epoch` now, and `head` is where it ends: rows below may be there that nobody was told
   * of (J7).
   */
  taken(partition: number, epoch: number, head: number): void;
}

type Ports = Pick<Runtime, "scheduler" | "timers" | "random">;

interface Question {
  readonly partition: number;
  readonly epoch: number;
  readonly resolve: (current: boolean) => void;
  readonly reject: (error: unknown) => void;
}

export class HostedLog implements Journal {
  readonly meta: JournalMeta;
  readonly #journal: Journal;
  readonly #runtime: Ports;
  readonly #limits: LogHostLimits;
  readonly #watch: LogWatch;
  readonly #epochs: KnownEpochs;
  /** Of one turn: asked together at its end. */
  #questions: Question[] = [];
  #closed = false;

  private constructor(journal: Journal, runtime: Ports, limits: LogHostLimits, watch: LogWatch, epochs: readonly number[]) {
    this.meta = journal.meta;
    this.#journal = journal;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#watch = watch;
    this.#epochs = new KnownEpochs(epochs);
  }

  /** Fails with a `JournalError`. The log was opened just now, and nobody has used it. */
  static async open(
    journal: Journal,
    runtime: Ports,
    limits: LogHostLimits,
    watch: LogWatch,
  ): Promise<{ readonly log: HostedLog; readonly heads: readonly number[] }> {
    const states = await answerWithin(runtime, limits.firstAnswerMs, journal.partitions());
    const epochs = states.map(({ epoch }) => epoch);
    return { log: new HostedLog(journal, runtime, limits, watch, epochs), heads: states.map(({ head }) => head) };
  }

  /** As far as is known here: what went through here, and what was there before. */
  get epochs(): readonly number[] {
    return this.#epochs.all;
  }

  append(rows: readonly Row[]): Promise<readonly Appended[]> {
    return this.#journal.append(rows).then((results) => {
      for (const [i, row] of rows.entries()) if (results[i] === "written") this.#watch.appended(row);
      return results;
    });
  }

  async takeOver(partition: number, seen: number, to = seen + 1): Promise<Answer<"takeOver">> {
    this.#epochs.begin(partition);
    let result: Answer<"takeOver">;
    try {
      result = await this.#journal.takeOver(partition, seen, to);
    } catch (error) {
      if (error instanceof JournalError && definite.has(error.kind)) this.#epochs.end(partition, undefined);
      else this.#epochs.doubt(partition, seen);
      throw error;
    }
    this.#epochs.end(partition, result.epoch);
    if (result.taken) await this.#tellHead(partition, result.epoch, 1); // before any row of that epoch
    return result;
  }

  /** J14. At once where nothing is in doubt; else the log is asked, once for all who ask in one turn. */
  confirm(partition: number, epoch: number): boolean | Promise<boolean> {
    const known = this.#epochs.isCurrent(partition, epoch);
    if (known !== undefined) return known;
    return new Promise((resolve, reject) => {
      this.#questions.push({ partition, epoch, resolve, reject });
      if (this.#questions.length === 1) this.#runtime.scheduler.endOfTurn(() => void this.#ask());
    });
  }

  partitions(): Promise<readonly PartitionState[]> {
    return this.#journal.partitions();
  }

  read(partition: number, from: number, bytesMax: number): Promise<Page> {
    return this.#journal.read(partition, from, bytesMax);
  }

  chain(partition: number, last: number, after: number, max: number, bytesMax: number): Promise<Chain> {
    return this.#journal.chain(partition, last, after, max, bytesMax);
  }

  records(partition: number, offsets: readonly number[]): Promise<readonly string[]> {
    return this.#journal.records(partition, offsets);
  }

  lookup(partition: number, type: string, key: string): Promise<Answer<"lookup">> {
    return this.#journal.lookup(partition, type, key);
  }

  mayHold(partition: number, type: string, key: string): boolean {
    return this.#journal.mayHold(partition, type, key);
  }

  index(update: IndexUpdate): Promise<boolean> {
    return this.#journal.index(update);
  }

  alarms(after: AlarmEntry | undefined, max: number): Promise<readonly AlarmEntry[]> {
    return this.#journal.alarms(after, max);
  }

  cursors(): Promise<readonly Cursor[]> {
    return this.#journal.cursors();
  }

  moveCursors(cursors: readonly Cursor[]): Promise<void> {
    return this.#journal.moveCursors(cursors);
  }

  deadLetters(after: Pick<DeadLetter, "stream" | "place"> | undefined, max: number): Promise<readonly DeadLetter[]> {
    return this.#journal.deadLetters(after, max);
  }

  park(letter: DeadLetter): Promise<void> {
    return this.#journal.park(letter);
  }

  discard(stream: string, place: number): Promise<boolean> {
    return this.#journal.discard(stream, place);
  }

  quarantined(): Promise<readonly QuarantineEntry[]> {
    return this.#journal.quarantined();
  }

  quarantine(entry: QuarantineEntry): Promise<void> {
    return this.#journal.quarantine(entry);
  }

  release(type: string, key: string): Promise<boolean> {
    return this.#journal.release(type, key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#journal[Symbol.asyncDispose]();
  }

  /** Once at least; if that fails, again beside what goes on. */
  async #tellHead(partition: number, epoch: number, attempt: number): Promise<void> {
    try {
      const state = (await this.#journal.partitions())[partition] as PartitionState;
      this.#watch.taken(partition, epoch, state.head);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      if (this.#closed) return;
      const delayMs = backoffMs(this.#limits.reconnect, attempt, () => this.#runtime.random.next());
      this.#runtime.timers.after(delayMs, () => void this.#tellHead(partition, epoch, attempt + 1));
    }
  }

  async #ask(): Promise<void> {
    const asked = this.#questions;
    this.#questions = [];
    try {
      const states = await this.#journal.partitions();
      for (const [partition, { epoch }] of states.entries()) this.#epochs.learn(partition, epoch);
      for (const { partition, epoch, resolve } of asked) resolve(states[partition]?.epoch === epoch);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}

/** Of these errors it is certain that nothing was done, now or ever (J6). */
const definite: ReadonlySet<string> = new Set(["refused", "full", "failed"]);
