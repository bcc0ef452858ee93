// A journal that misbehaves according to a plan, within the laws: whatever it reports is what a real medium may report,
// so whoever uses a journal must come through. It wraps any other journal and stores nothing itself.
import { unreachable } from "../../base/assert.ts";
import type { Timer, Timers } from "../../runtime/index.ts";
import {
  type Chain,
  type AlarmEntry,
  type Appended,
  type Cursor,
  type DeadLetter,
  type IndexUpdate,
  type Journal,
  JournalError,
  type JournalMeta,
  type EntityEntry,
  type Page,
  type PartitionState,
  type QuarantineEntry,
  type Row,
  type Snapshot,
} from "../journal.ts";
import { type Fault, type FaultPlan, type JournalOperation, type Lateness, type PlannedFault, writingOperations } from "./fault-plan.ts";

/** An operation that was reported ambiguous and has not been carried out yet. */
interface Late {
  readonly operation: JournalOperation;
  readonly work: () => Promise<unknown>;
  /** Calls still to pass; Infinity where it waits for something else. */
  calls: number;
  timer: Timer | undefined;
}

export interface FaultyJournalOptions {
  /** For what is slow. */
  readonly timers: Timers;
  /** For what is late; by default `timers`. Those of the medium outlive the process, and so does then what is late. */
  readonly lateTimers?: Timers;
  /** Told of every fault as it happens, numbered so that the list replays the run as a fixed schedule. */
  readonly onFault?: (planned: PlannedFault) => void;
}

export class FaultyJournal implements Journal {
  readonly #inner: Journal;
  readonly #plan: FaultPlan;
  readonly #timers: Timers;
  readonly #lateTimers: Timers;
  readonly #onFault: ((planned: PlannedFault) => void) | undefined;
  #calls = 0;
  readonly #late = new Set<Late>();
  /** Operations under way whose answer nobody gets. At most one per fault. */
  readonly #unanswered = new Set<Promise<unknown>>();
  /** Calls that will be answered, but have not reached the journal at once. */
  readonly #delayed = new Set<Promise<unknown>>();

  constructor(inner: Journal, plan: FaultPlan, options: FaultyJournalOptions) {
    this.#inner = inner;
    this.#plan = plan;
    this.#timers = options.timers;
    this.#lateTimers = options.lateTimers ?? options.timers;
    this.#onFault = options.onFault;
  }

  get meta(): JournalMeta {
    return this.#inner.meta;
  }

  /** Operations that were reported ambiguous and may still be carried out. */
  get lateCount(): number {
    return this.#late.size;
  }

  partitions(): Promise<readonly PartitionState[]> {
    return this.#call("partitions", [], (...given) => this.#inner.partitions(...given));
  }

  takeOver(partition: number, seen: number, to = seen + 1): Promise<{ readonly taken: boolean; readonly epoch: number }> {
    return this.#call("takeOver", [partition, seen, to], (...given) => this.#inner.takeOver(...given));
  }

  append(rows: readonly Row[]): Promise<readonly Appended[]> {
    return this.#call("append", [rows], (...given) => this.#inner.append(...given));
  }

  read(partition: number, from: number, bytesMax: number): Promise<Page> {
    return this.#call("read", [partition, from, bytesMax], (...given) => this.#inner.read(...given));
  }

  chain(partition: number, last: number, after: number, max: number, bytesMax: number): Promise<Chain> {
    return this.#call("chain", [partition, last, after, max, bytesMax], (...given) => this.#inner.chain(...given));
  }

  records(partition: number, offsets: readonly number[]): Promise<readonly string[]> {
    return this.#call("records", [partition, offsets], (...given) => this.#inner.records(...given));
  }

  lookup(partition: number, type: string, key: string): Promise<{ readonly entry?: EntityEntry; readonly snapshot?: Snapshot }> {
    return this.#call("lookup", [partition, type, key], (...given) => this.#inner.lookup(...given));
  }

  /** No operation of the medium: there is nothing in it that could fail. */
  mayHold(partition: number, type: string, key: string): boolean {
    return this.#inner.mayHold(partition, type, key);
  }

  index(update: IndexUpdate): Promise<boolean> {
    return this.#call("index", [update], (...given) => this.#inner.index(...given));
  }

  quarantined(): Promise<readonly QuarantineEntry[]> {
    return this.#call("quarantined", [], (...given) => this.#inner.quarantined(...given));
  }

  quarantine(entry: QuarantineEntry): Promise<void> {
    return this.#call("quarantine", [entry], (...given) => this.#inner.quarantine(...given));
  }

  release(type: string, key: string): Promise<boolean> {
    return this.#call("release", [type, key], (...given) => this.#inner.release(...given));
  }

  alarms(after: AlarmEntry | undefined, max: number): Promise<readonly AlarmEntry[]> {
    return this.#call("alarms", [after, max], (...given) => this.#inner.alarms(...given));
  }

  cursors(): Promise<readonly Cursor[]> {
    return this.#call("cursors", [], (...given) => this.#inner.cursors(...given));
  }

  moveCursors(cursors: readonly Cursor[]): Promise<void> {
    return this.#call("moveCursors", [cursors], (...given) => this.#inner.moveCursors(...given));
  }

  deadLetters(after: Pick<DeadLetter, "stream" | "place"> | undefined, max: number): Promise<readonly DeadLetter[]> {
    return this.#call("deadLetters", [after, max], (...given) => this.#inner.deadLetters(...given));
  }

  park(letter: DeadLetter): Promise<void> {
    return this.#call("park", [letter], (...given) => this.#inner.park(...given));
  }

  discard(stream: string, place: number): Promise<boolean> {
    return this.#call("discard", [stream, place], (...given) => this.#inner.discard(...given));
  }

  /** Carries out every late operation now, and waits until nothing that was begun is under way. */
  async releaseLate(): Promise<void> {
    this.decideLate(() => "apply");
    while (this.#unanswered.size > 0) await Promise.all(this.#unanswered);
  }

  /** Settles the fate of the late operations one by one: carried out now, never, or whenever it would have been. */
  decideLate(decide: (operation: JournalOperation) => "apply" | "drop" | "keep"): void {
    for (const late of this.#late) {
      const fate = decide(late.operation);
      if (fate === "apply") void this.#apply(late);
      else if (fate === "drop") this.#forget(late);
    }
  }

  /** Waits for what is slow. What is late and not carried out yet never will be: the connection it was on is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.decideLate(() => "drop");
    while (this.#delayed.size > 0) await Promise.allSettled(this.#delayed);
    await this.#inner[Symbol.asyncDispose]();
  }

  #call<const A extends readonly unknown[], T>(operation: JournalOperation, args: A, call: (...args: A) => Promise<T>): Promise<T> {
    this.#calls += 1;
    const due = this.#dueLate();
    const fault = this.#plan.next(operation);
    if (!fault && due.length === 0) return call(...args);
    if (fault) this.#onFault?.({ call: this.#calls, fault });
    const given = structuredClone(args); // the caller may change its own once it has been answered
    const work = (): Promise<T> => call(...given);
    const proceed = (): Promise<T> => (fault ? this.#misbehave(operation, fault, work) : work());
    if (due.length === 0) return fault?.kind === "slow" ? this.#delay(proceed()) : proceed();
    const answer = Promise.all(due.map((late) => this.#apply(late))).then(proceed);
    return fault?.kind === "hang" ? answer : this.#delay(answer);
  }

  #delay<T>(answer: Promise<T>): Promise<T> {
    const delayed: Promise<unknown> = Promise.allSettled([answer]).finally(() => this.#delayed.delete(delayed));
    this.#delayed.add(delayed);
    return answer;
  }

  #misbehave<T>(operation: JournalOperation, fault: Fault, work: () => Promise<T>): Promise<T> {
    const writes = writingOperations.has(operation);
    switch (fault.kind) {
      case "fail-before":
        return Promise.reject(new JournalError(fault.error, `injected: ${operation} ${fault.error}`));
      case "fail-after":
        return work().then(() => {
          throw new JournalError(writes ? "ambiguous" : "failed", `injected: ${operation} done, answer lost`);
        });
      case "hang":
        if (fault.done) void this.#unobserved(work);
        return new Promise<T>(() => {});
      case "late":
        if (!writes) return Promise.reject(new JournalError("failed", `injected: ${operation} answer lost`));
        this.#postpone(operation, fault.until, work);
        return Promise.reject(new JournalError("ambiguous", `injected: ${operation} under way, answer lost`));
      case "slow":
        return new Promise<void>((resolve) => this.#timers.after(fault.delayMs, resolve)).then(work);
      default:
        return unreachable(fault, "FaultyJournal");
    }
  }

  #postpone(operation: JournalOperation, until: Lateness, work: () => Promise<unknown>): void {
    const late: Late = { operation, work, calls: typeof until === "object" && "calls" in until ? until.calls : Infinity, timer: undefined };
    this.#late.add(late);
    if (typeof until === "object" && "delayMs" in until) late.timer = this.#lateTimers.after(until.delayMs, () => void this.#apply(late));
  }

  #dueLate(): readonly Late[] {
    if (this.#late.size === 0) return [];
    const due: Late[] = [];
    for (const late of this.#late) {
      if (late.calls === 0) due.push(late);
      else late.calls -= 1;
    }
    return due;
  }

  #apply(late: Late): Promise<void> {
    this.#forget(late);
    return this.#unobserved(late.work);
  }

  #forget(late: Late): void {
    this.#late.delete(late);
    late.timer?.cancel();
  }

  /** Its outcome is nobody's any more: the caller has been told that it is not known, or nothing at all. */
  #unobserved(work: () => Promise<unknown>): Promise<void> {
    const run = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
      }
    };
    const running: Promise<void> = run().finally(() => this.#unanswered.delete(running));
    this.#unanswered.add(running);
    return running;
  }
}
