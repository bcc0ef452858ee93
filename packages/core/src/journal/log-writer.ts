// The log of one service, as a process that appends to it sees it. The writer knows records and offsets, not entities: whoever
// submits is a `Sink` and is told what became of its records. How they are gathered into commits: group-commit.ts.
//
//  W1  A sink hears `committed` for its submissions in the order in which it made them, each only after the journal
//      said `written` or a read under a newer epoch found the record.
//  W2  A sink hears `rewind` when submissions of its own are certainly not in the log and never will be; then all its
//      younger submissions are void too. Nothing is void while its outcome is open.
//  W3  After an ambiguous commit nothing is appended to the partitions concerned, and nothing is said of its records,
//      until a newer epoch is committed and the log was reread under it (architecture: ambiguous commits).
//  W4  A commit that is refused is halved until the record that causes it stands alone; the others are committed.
//  W5  Submissions of one partition that wait are bounded in bytes; beyond, `admits` is false.
//
// A writer that takes "all" partitions is the only one of its journal, and whatever it finds newer than its epoch is its own word whose
// answer was lost. One that takes what is "granted" shares the journal with others (ADR 0030):
//
//  W6  acquired   `acquire(p, epoch)` sets the epoch to the granted one, once it is certain that it was lower; the partition is owned, and
//                 takes submissions, when its tail has been folded. A grant that is not above the present epoch is used up and
//                 changes nothing, also if it was this writer that used it and has not heard so.
//  W7  released   `release(p)` lets what is open settle, stores the index (one try: it is a cache), and keeps nothing of the partition.
//  W8  lost       A partition whose epoch somebody else has raised is never retaken. Its sinks are told first: a submission is committed
//                 if it is in a row of this writer's own epoch, whatever others have written, and void otherwise. Then `onLost`.
//  W9  observed   What others append is followed, without being folded: `durable` and followers see every partition, in order.
//  W10 confirmed  `confirm` is true only if the epoch was the partition's at some moment after the call; without a journal that
//                 can say so, nobody else can take over. Where it is not, the partition is lost as in W8 before the answer is given.
import { assert } from "../base/assert.ts";
import { partitionOf } from "../base/hash.ts";
import type { LogFields, Runtime } from "../runtime/index.ts";
import { Conditions } from "./conditions.ts";
import { FeedFollower, type LogFollower } from "./follower.ts";
import { GroupCommit } from "./group-commit.ts";
import type { Journal, JournalError, PartitionState, Row } from "./journal.ts";
import { foldTail, recordsUpTo } from "./log-reading.ts";
import type { LogWriterLimits } from "./log-writer-limits.ts";
import { PartitionLog } from "./partition-log.ts";
import { Questions } from "./questions.ts";
import type { LogRecord } from "./record.ts";
import type { PlacedRecord } from "./row-records.ts";
import type { Sink, Submission } from "./submission.ts";
import { Tail } from "./tail.ts";
import { takeGranted, takeOver, type Acquired } from "./take-over.ts";

type Takes = "all" | "granted";
type Listener = (partition: number, epoch: number) => void;

export class LogWriter {
  readonly journal: Journal;
  readonly tail: Tail;
  readonly #runtime: Runtime;
  readonly #limits: LogWriterLimits;
  readonly #service: string;
  readonly #takes: Takes;
  readonly #partitions: readonly PartitionLog[];
  readonly #commits: GroupCommit;
  readonly #questions: Questions;
  readonly #conditions = new Conditions();
  #stopped = false;
  /** Tails are folded one after the other: of all that are read together memory holds one page. */
  #folding: Promise<unknown> = Promise.resolve();
  #lost: Listener = () => {};
  #raised: Listener = () => {};

  private constructor(service: string, journal: Journal, runtime: Runtime, limits: LogWriterLimits, takes: Takes) {
    const count = journal.meta.partitions;
    this.journal = journal;
    this.tail = new Tail(journal, runtime, limits, new Array<number>(count).fill(0));
    this.#service = service;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#takes = takes;
    this.#questions = new Questions(journal, runtime, limits.commitTimeoutMs);
    this.#partitions = Array.from({ length: count }, (_, p) => new PartitionLog(p, runtime.scheduler, limits.recentBytesMax));
    const doubt = (firsts: readonly Submission[]): void => this.#stillOpen(firsts).forEach((log) => this.#doubt(log));
    this.#commits = new GroupCommit(service, journal, runtime, limits, this.tail, {
      epoch: (partition) => this.epoch(partition),
      refused: doubt,
      written: (submissions, firsts) => this.#written(submissions, firsts),
      failed: (firsts) => this.#failed(firsts),
      ambiguous: doubt,
      idle: () => this.#conditions.changed(),
    });
    this.tail.attach((partition) => this.epoch(partition));
    this.tail.onRoom(() => {
      for (const log of this.#partitions) this.#resume(log);
    });
  }

  /**
   * "all": takes over every partition of the journal, and folds what its index does not know. "granted": owns none yet. Fails with a
   * `JournalError`.
   */
  static async open(
    service: string,
    journal: Journal,
    runtime: Runtime,
    limits: LogWriterLimits,
    takes: Takes = "all",
  ): Promise<LogWriter> {
    const writer = new LogWriter(service, journal, runtime, limits, takes);
    const states = await writer.within(journal.partitions());
    if (takes === "all") {
      // All at once: a journal may make one commit of them.
      const epochs = await Promise.all(states.map(({ epoch }, p) => writer.within(takeOver(journal, p, epoch))));
      for (const [p, state] of states.entries()) await writer.#begin(p, epochs[p] as number, state);
    } else {
      for (const [p, { epoch, head }] of states.entries()) {
        writer.#log(p).epoch = epoch;
        writer.observeHead(p, head);
      }
    }
    return writer;
  }

  // ── ownership ───────────────────────────────────────────────────────────────────────────────────────────────────

  owns(partition: number): boolean {
    return this.#log(partition).owned;
  }

  /** Under which it is owned here; otherwise the highest that is known of it. */
  epoch(partition: number): number {
    return this.#log(partition).epoch;
  }

  /** Told of a partition that somebody else has taken over (W8), and of the epoch there. */
  onLost(listener: Listener): void {
    this.#lost = listener;
  }

  /** Told when the end of a doubt has raised the epoch of a partition that is owned on. */
  onRaised(listener: Listener): void {
    this.#raised = listener;
  }

  /**
   * W6. One grant of a partition after the other, and none while it is being released. What fails is tried again until it is answered;
   * rejects with a `JournalError` only if the tail is damaged, or the writer has stopped: then the partition is not owned. One
   * that is owned already, as far as is known, is doubted first: it is held on under the granted epoch, or lost and acquired.
   */
  async acquire(partition: number, epoch: number): Promise<Acquired> {
    const log = this.#log(partition);
    while (log.owned && log.epoch < epoch) {
      this.#doubt(log, epoch);
      await this.#conditions.until(() => log.state !== "uncertain");
    }
    if (log.owned) return { taken: true };
    assert(this.#takes === "granted" && log.state === "elsewhere", "grants of a partition follow each other");
    log.state = "acquiring";
    try {
      const acquired = await this.#granted(partition, async () => {
        const { epoch: seen } = await this.#questions.state(partition);
        return this.within(takeGranted(this.journal, partition, seen, epoch));
      });
      if (acquired.taken) await this.#granted(partition, async () => this.#begin(partition, epoch, await this.#questions.state(partition)));
      else this.#forget(log, acquired.epoch);
      return acquired;
    } catch (error) {
      this.#forget(log, log.epoch);
      throw error;
    }
  }

  /** W7. Nothing may be submitted to the partition any more. If it is lost meanwhile, resolves then. */
  async release(partition: number): Promise<void> {
    const log = this.#log(partition);
    await this.#conditions.until(() => !log.owned || (log.state === "open" && log.open.length === 0));
    if (!log.owned) return;
    log.state = "releasing";
    await this.tail.flush(partition);
    this.#forget(log, log.epoch);
    this.#conditions.changed();
  }

  /** W9. A row that somebody else has appended; again, or late, does no harm. */
  observe(partition: number, row: Row): void {
    const log = this.#log(partition);
    log.observe(row);
    if (log.owned && row.epoch > log.epoch) this.#doubt(log);
    else if (log.state === "elsewhere") log.epoch = Math.max(log.epoch, row.epoch);
  }

  /** W9. The log of the partition reaches up to `head`. */
  observeHead(partition: number, head: number): void {
    this.#log(partition).moveTo(head);
  }

  /** W10. True at once, or else a promise, which does not reject. */
  confirm(partition: number): true | Promise<boolean> {
    const { journal } = this;
    if (!journal.confirm) return true;
    const log = this.#log(partition);
    const answer = log.owned && journal.confirm(partition, log.epoch);
    return answer === true ? true : this.#confirm(log, log.epoch, answer);
  }

  async #confirm(log: PartitionLog, epoch: number, first: boolean | Promise<boolean>): Promise<boolean> {
    let asked: boolean | Promise<boolean> | undefined = first;
    const ask = async (): Promise<boolean> => {
      const answer = asked ?? this.journal.confirm?.(log.partition, (epoch = log.epoch)) ?? true;
      asked = undefined;
      return typeof answer === "boolean" ? answer : this.within(answer);
    };
    const { partition } = log;
    while (log.owned && !this.#stopped) {
      const confirmed = await this.#questions
        .answer(ask, (error, attempt) => this.#warn("journal.confirm_failed", { partition, attempt, error }))
        .catch((error: unknown) => {
          if (!this.#stopped) throw error;
          return false;
        });
      if (confirmed) return true;
      if (log.epoch === epoch) this.#doubt(log);
      await this.#conditions.until(() => log.state !== "uncertain");
    }
    return false;
  }

  #granted<T>(partition: number, ask: () => Promise<T>): Promise<T> {
    return this.#questions.answer(ask, (error, attempt) => {
      this.#warn("journal.acquire_failed", { partition, attempt, error });
      if (error.kind === "damaged") throw error; // asking again would change nothing
    });
  }

  async #begin(partition: number, epoch: number, { indexedTo }: PartitionState): Promise<void> {
    const log = this.#log(partition);
    log.epoch = epoch;
    const fold = (): Promise<number> => foldTail(this.within, this.journal, this.tail, partition, indexedTo, this.#limits.readPageBytes);
    const folded = this.#folding.then(fold, fold);
    this.#folding = folded;
    log.moveTo(await folded);
    log.state = "open";
  }

  #forget(log: PartitionLog, epoch: number): void {
    log.epoch = epoch;
    this.tail.forget(log.partition);
    log.leave();
  }

  // ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Certainly nothing was ever written of the entity: it need not be looked for. False says nothing. J13. */
  isUnwritten(partition: number, type: string, key: string): boolean {
    return this.tail.lookup(partition, type, key) === undefined && !this.journal.mayHold(partition, type, key);
  }

  partitionOf(type: string, key: string): number {
    return partitionOf(type, key, this.#partitions.length);
  }

  /** The offset that the next committed record of the partition will have. */
  durable(partition: number): number {
    return this.#log(partition).durable;
  }

  /** Every committed record from offset `from` on, and then each as it is committed (F1 to F3). Close it. */
  follow(partition: number, from: number): LogFollower {
    return new FeedFollower(this.#log(partition).feed, from, (...asked) => this.within(this.journal.read(...asked)));
  }

  /** For questions to the journal that somebody waits for. Rejects with a `JournalError`. */
  readonly within = <T>(operation: Promise<T>): Promise<T> => this.#questions.within(operation);

  // ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The error of the last commit, until one succeeds again. */
  get failing(): JournalError | undefined {
    return this.#commits.failing;
  }

  /** False while the outcome of a commit is open, too much is uncommitted, or the index lags too far: `waitFor` it. */
  admits(partition: number): boolean {
    const log = this.#log(partition);
    return log.state === "open" && log.bytes < this.#limits.uncommittedBytesMax && !this.tail.full;
  }

  waitFor(partition: number, sink: Sink): void {
    this.#log(partition).waiting.add(sink);
  }

  /** `record.prev` must be the sink's newest offset, committed or not. Only while `admits`. */
  submit(partition: number, sink: Sink, record: LogRecord): Submission {
    const log = this.#log(partition);
    assert(log.state === "open" && !this.#stopped, "records are submitted to open partitions only");
    const submission = log.add(sink, record);
    this.#commits.push(submission);
    return submission;
  }

  /** Waits until nothing is submitted or in doubt, then stores the index. No submission may follow. */
  async drain(): Promise<void> {
    await this.#conditions.until(() => !this.#commits.busy && this.#partitions.every((log) => log.settled));
    this.#stopped = true;
    this.#questions.stop();
    await this.tail.flush();
    this.tail.stop();
  }

  /** Of each partition concerned: unless its doubt was resolved, and `first` settled, before the commit was answered. */
  #stillOpen(firsts: readonly Submission[]): readonly PartitionLog[] {
    return firsts.filter((first) => this.#log(first.partition).open.peek() === first).map(({ partition }) => this.#log(partition));
  }

  #written(submissions: readonly Submission[], firsts: readonly Submission[]): void {
    for (const submission of submissions) {
      const log = this.#log(submission.partition);
      if (log.open.peek() === submission) this.#settleFirst(log);
    }
    for (const { partition } of firsts) this.#resume(this.#log(partition));
  }

  #failed(firsts: readonly Submission[]): void {
    this.#void(
      this.#stillOpen(firsts).filter(({ state }) => state === "open"),
      false,
    );
  }

  /** The oldest open submission of the partition is in the log. */
  #settleFirst(log: PartitionLog): void {
    const submission = log.settleFirst();
    this.#commits.counted();
    this.tail.note(log.partition, submission.offset, submission.record);
    log.feed.committed(submission.line);
    submission.sink.committed(submission);
  }

  /** Nothing that is open in these partitions is in the log: offsets given out are taken back, sinks start over. */
  #void(logs: readonly PartitionLog[], doubted: boolean): void {
    const sinks = new Set(logs.flatMap((log) => [...log.voidOpen()]));
    this.#commits.drop(new Set(logs.map(({ partition }) => partition)));
    for (const sink of sinks) sink.rewind(doubted);
    for (const log of logs) this.#resume(log);
  }

  // ── doubt ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** `to`: the epoch under which it is to be held on; the next one if that is higher. */
  #doubt(log: PartitionLog, to = 0): void {
    if (log.state !== "open" || this.#stopped) return;
    log.state = "uncertain";
    this.#commits.drop(new Set([log.partition])); // they rest on what is in doubt; they stay in `open`
    void this.#resolve(log, to);
  }

  /** First the newer epoch, whoever commits it, only then the reread (W3); tried until both succeed. */
  async #resolve(log: PartitionLog, to: number): Promise<void> {
    const { partition } = log;
    const { held, epoch, own } = await this.#questions.answer(
      () => this.#reread(log, to),
      (error, attempt) => this.#warn("journal.doubt_remains", { partition, attempt, error }),
    );
    const found = { service: this.#service, partition, epoch, found: own.length };
    this.#runtime.logger.log(held ? "info" : "warn", held ? "journal.doubt_resolved" : "journal.lost", found);
    if (held) log.state = "open";
    for (const { offset, record } of own) {
      if (offset < log.durable) continue; // its commit was answered after all
      const first = log.open.peek();
      assert(first && first.offset === offset && first.record.id === record.id, "only this writer appends while it holds the partition");
      this.#settleFirst(log);
    }
    this.#void([log], held);
    if (!held) this.#forget(log, epoch);
    this.#commits.schedule();
    this.#conditions.changed();
    if (held) this.#raised(partition, epoch);
    else this.#lost(partition, epoch);
  }

  /** Own records are those in rows up to the epoch that this writer has, or had. */
  async #reread(
    log: PartitionLog,
    to: number,
  ): Promise<{ readonly held: boolean; readonly epoch: number; readonly own: readonly PlacedRecord[] }> {
    const { journal, within } = this;
    const { partition } = log;
    const { taken, epoch } =
      this.#takes === "all"
        ? { taken: true, epoch: await within(takeOver(journal, partition, log.epoch)) }
        : await within(journal.takeOver(partition, log.epoch, Math.max(to, log.epoch + 1)));
    if (taken) log.epoch = epoch;
    const own = await recordsUpTo(within, journal, partition, log.epoch, log.durable, this.#limits.readPageBytes);
    return { held: taken, epoch, own };
  }

  #log(partition: number): PartitionLog {
    return this.#partitions[partition] as PartitionLog;
  }

  #warn(event: string, fields: LogFields): void {
    this.#runtime.logger.log("warn", event, { service: this.#service, ...fields });
  }

  #resume(log: PartitionLog): void {
    if (log.waiting.size === 0 || !this.admits(log.partition)) return;
    const sinks = [...log.waiting];
    log.waiting.clear();
    for (const sink of sinks) sink.resume();
  }
}
