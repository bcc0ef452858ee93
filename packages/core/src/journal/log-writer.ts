// Group commit over all partitions of one service in one process. While one commit is in flight the next batch gathers;
// it closes at the end of the scheduler's turn, so there is no timer and no waiting when idle; or earlier, when half as many
// records have gathered as the last one had: all who waited for one commit go on at the same time, and would otherwise wait
// for the next one together, the thread that decides and the one that writes never at work at once. The writer knows records
// and offsets, not entities: whoever submits is a `Sink` and is told what became of its records.
//
//  W1  A sink hears `committed` for its submissions in the order in which it made them, each only after the journal
//      said `written` or a read under a newer epoch found the record.
//  W2  A sink hears `rewind` when submissions of its own are certainly not in the log and never will be; then all its
//      younger submissions are void too. Nothing is void while its outcome is open.
//  W3  After an ambiguous commit nothing is appended to the partitions concerned, and nothing is said of its records,
//      until a newer epoch is committed and the log was reread under it (architecture: ambiguous commits).
//  W4  A commit that is refused is halved until the record that causes it stands alone; the others are committed.
//  W5  Submissions of one partition that wait are bounded in bytes; beyond, `admits` is false.
import { assert } from "../base/assert.ts";
import { backoffMs } from "../base/backoff.ts";
import { Deque } from "../base/deque.ts";
import { partitionOf } from "../base/hash.ts";
import type { Runtime, Timer } from "../runtime/index.ts";
import { CommitFeed } from "./commit-feed.ts";
import { FeedFollower, type LogFollower } from "./follower.ts";
import { answerWithin } from "./patience.ts";
import { JournalError, type Appended, type Journal, type Page, type Row } from "./journal.ts";
import type { LogWriterLimits } from "./log-writer-limits.ts";
import { logWriterMetrics, type LogWriterMetrics } from "./log-writer-metrics.ts";
import { encodeRecord, type LogRecord } from "./record.ts";
import { recordsOf, type PlacedRecord } from "./row-records.ts";
import type { Sink, Submission } from "./submission.ts";
import { Tail } from "./tail.ts";
import { takeOver } from "./take-over.ts";

const recovery = { firstMs: 50, maxMs: 1_000 };

interface PartitionLog {
  /** "uncertain": between an ambiguous commit and the reread that settles it. */
  state: "open" | "uncertain";
  epoch: number;
  /** Every record below it is known to be in the log. */
  durable: number;
  /** The next offset to give out. */
  head: number;
  bytes: number;
  /** In submission order: what is in flight or in doubt, then what waits. */
  readonly open: Deque<Submission>;
  readonly waiting: Set<Sink>;
  readonly feed: CommitFeed;
}

interface Batch {
  readonly submissions: readonly Submission[];
  answered: boolean;
}

export class LogWriter {
  readonly journal: Journal;
  readonly tail: Tail;
  readonly #runtime: Runtime;
  readonly #limits: LogWriterLimits;
  readonly #service: string;
  readonly #partitions: readonly PartitionLog[];
  readonly #queue = new Deque<Submission>();
  readonly #metrics: LogWriterMetrics;
  #inFlight: Batch | undefined;
  #closing = false;
  #scheduled = false;
  /** Records in the next batch: halved when a batch is refused, doubled when one is written. */
  #batchRecords: number;
  /** Of the newest batch. */
  #lastRecords = 0;
  #failing: JournalError | undefined;
  readonly #idle: (() => void)[] = [];
  #stopped = false;

  private constructor(
    service: string,
    journal: Journal,
    runtime: Runtime,
    limits: LogWriterLimits,
    partitions: readonly PartitionLog[],
    tail: Tail,
  ) {
    this.journal = journal;
    this.tail = tail;
    this.#service = service;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#partitions = partitions;
    this.#batchRecords = limits.batchRecordsMax;
    this.#metrics = logWriterMetrics(runtime.metrics, service, {
      queued: () => this.#queue.length,
      unindexed: () => tail.size,
      unsnapped: () => tail.snapshotsWaiting,
    });
    tail.attach((p) => (partitions[p] as PartitionLog).epoch);
    tail.onRoom(() => this.#resumeAll());
  }

  /** Takes over every partition of the journal and folds what its index does not know. Fails with a `JournalError`. */
  static async open(service: string, journal: Journal, runtime: Runtime, limits: LogWriterLimits): Promise<LogWriter> {
    const ask = <T>(operation: Promise<T>): Promise<T> => answerWithin(runtime, limits.commitTimeoutMs, operation);
    const states = await ask(journal.partitions());
    const tail = new Tail(
      journal,
      runtime,
      limits,
      states.map((state) => state.indexedTo),
    );
    const partitions: PartitionLog[] = [];
    // All at once: a journal may make one commit of them.
    const epochs = await Promise.all(states.map((state, p) => ask(takeOver(journal, p, state.epoch))));
    tail.attach((p) => epochs[p] as number);
    for (const [p, state] of states.entries()) {
      let next: number | undefined = state.indexedTo;
      let head = next;
      while (next !== undefined) {
        const page: Page = await ask(journal.read(p, next, limits.readPageBytes));
        for (const row of page.rows) {
          head = row.offset + row.count;
          for (const { offset, record } of recordsOf(row, state.indexedTo)) tail.note(p, offset, record);
        }
        next = page.next;
        if (tail.full) await tail.flush();
      }
      const feed = new CommitFeed(p, head, runtime.scheduler, limits.recentBytesMax);
      const [epoch, open, waiting] = [epochs[p] as number, new Deque<Submission>(), new Set<Sink>()];
      partitions.push({ state: "open", epoch, durable: head, head, bytes: 0, open, waiting, feed });
    }
    return new LogWriter(service, journal, runtime, limits, partitions, tail);
  }

  /** Certainly nothing was ever written of the entity: it need not be looked for. False says nothing. J13. */
  isUnwritten(partition: number, type: string, key: string): boolean {
    return this.tail.lookup(partition, type, key) === undefined && !this.journal.mayHold(partition, type, key);
  }

  /** Whether records of the partition are taken here. */
  readonly owns = (_partition: number): boolean => true;

  partitionOf(type: string, key: string): number {
    return partitionOf(type, key, this.#partitions.length);
  }

  /** The offset that the next committed record of the partition will have. */
  durable(partition: number): number {
    return (this.#partitions[partition] as PartitionLog).durable;
  }

  /** Every committed record from offset `from` on, and then each as it is committed (F1 to F3). Close it. */
  follow(partition: number, from: number): LogFollower {
    const { feed } = this.#partitions[partition] as PartitionLog;
    return new FeedFollower(feed, from, (...asked) => this.within(this.journal.read(...asked)));
  }

  /** The error of the last commit, until one succeeds again. */
  get failing(): JournalError | undefined {
    return this.#failing;
  }

  /** False while the outcome of a commit is open, too much is uncommitted, or the index lags too far: `waitFor` it. */
  admits(partition: number): boolean {
    const log = this.#partitions[partition] as PartitionLog;
    return log.state === "open" && log.bytes < this.#limits.uncommittedBytesMax && !this.tail.full;
  }

  waitFor(partition: number, sink: Sink): void {
    (this.#partitions[partition] as PartitionLog).waiting.add(sink);
  }

  /** `record.prev` must be the sink's newest offset, committed or not. Only while `admits`. */
  submit(partition: number, sink: Sink, record: LogRecord): Submission {
    const log = this.#partitions[partition] as PartitionLog;
    assert(log.state === "open" && !this.#stopped, "records are submitted to open partitions only");
    const submission: Submission = { sink, partition, offset: log.head, record, line: encodeRecord(record), failure: undefined };
    log.head += 1;
    log.bytes += submission.line.length;
    log.open.push(submission);
    this.#queue.push(submission);
    if (this.#halfGathered()) this.#commit();
    else this.#schedule();
    return submission;
  }

  /** Waits until nothing is submitted or in doubt, then stores the index. No submission may follow. */
  async drain(): Promise<void> {
    this.#closing = true;
    while (this.#busy()) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#stopped = true;
    await this.tail.flush();
    this.tail.stop();
  }

  #busy(): boolean {
    return this.#inFlight !== undefined || this.#partitions.some((log) => log.open.length > 0 || log.state !== "open");
  }

  /** Whether a commit is worth its sync before the end of the turn. */
  #halfGathered(): boolean {
    return !this.#inFlight && this.#queue.length >= Math.max(this.#limits.earlyRecordsMin, this.#lastRecords >>> 1);
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight || this.#queue.length === 0) return;
    this.#scheduled = true;
    this.#runtime.scheduler.endOfTurn(() => {
      this.#scheduled = false;
      if (!this.#inFlight) this.#commit();
    });
  }

  #commit(): void {
    const submissions: Submission[] = [];
    const rows = new Map<number, { readonly offset: number; readonly lines: string[] }>();
    let bytes = 0;
    let next: Submission | undefined;
    while (submissions.length < this.#batchRecords && bytes < this.#limits.batchBytesMax && (next = this.#queue.shift())) {
      submissions.push(next);
      bytes += next.line.length;
      const row = rows.get(next.partition);
      if (row) row.lines.push(next.line);
      else rows.set(next.partition, { offset: next.offset, lines: [next.line] });
    }
    if (submissions.length === 0) return this.#whenIdle();
    const batch: Batch = { submissions, answered: false };
    this.#inFlight = batch;
    this.#lastRecords = submissions.length;
    const sent: Row[] = [];
    for (const [partition, { offset, lines }] of rows) {
      sent.push({
        partition,
        offset,
        count: lines.length,
        epoch: (this.#partitions[partition] as PartitionLog).epoch,
        body: lines.join("\n"),
      });
    }
    const startedMs = this.#runtime.clock.monotonic();
    const answered = (settle: () => void): void => {
      if (batch.answered) return;
      batch.answered = true;
      timer.cancel();
      this.#inFlight = undefined;
      this.#metrics.seconds.observe((this.#runtime.clock.monotonic() - startedMs) / 1_000);
      settle();
      this.#schedule();
      this.#whenIdle();
    };
    const timer: Timer = this.#runtime.timers.after(this.#limits.commitTimeoutMs, () =>
      answered(() =>
        this.#ambiguous(batch, new JournalError("ambiguous", `the commit has not answered within ${this.#limits.commitTimeoutMs} ms`)),
      ),
    );
    this.journal.append(sent).then(
      (results) => answered(() => this.#written(batch, sent, results)),
      (error: unknown) => answered(() => this.#failed(batch, asJournalError(error))),
    );
  }

  #written(batch: Batch, rows: readonly Row[], results: readonly Appended[]): void {
    const lost = rows.filter((_, i) => results[i] !== "written").map((row) => row.partition);
    this.#metrics.commits.add(1);
    this.#metrics.sizes.observe(batch.submissions.length);
    this.#batchRecords = Math.min(this.#limits.batchRecordsMax, this.#batchRecords * 2);
    if (this.#failing) this.#runtime.logger.log("info", "journal.commit_recovered", { service: this.#service });
    this.#failing = undefined;
    if (lost.length > 0) {
      this.#runtime.logger.log("warn", "journal.fenced", { service: this.#service, partitions: lost });
      for (const partition of lost) this.#doubt(partition);
    }
    if (this.#halfGathered()) this.#commit(); // before those who waited are told: they only add to the one after
    for (const submission of batch.submissions) {
      if (!lost.includes(submission.partition)) this.#settleFirst(submission.partition);
    }
    for (const { partition } of rows) this.#resume(partition);
  }

  #failed(batch: Batch, error: JournalError): void {
    this.#failing = error;
    this.#runtime.logger.log("error", "journal.commit_failed", {
      service: this.#service,
      kind: error.kind,
      records: batch.submissions.length,
      error,
    });
    if (error.kind === "ambiguous" || error.kind === "damaged") return this.#ambiguous(batch, error);
    const size = batch.submissions.length;
    if (error.kind === "refused" && size > 1) this.#batchRecords = Math.max(1, size >>> 1);
    else for (const submission of batch.submissions) submission.failure = error;
    this.#void(new Set(batch.submissions.map((submission) => submission.partition)), false);
  }

  #ambiguous(batch: Batch, error: JournalError): void {
    this.#failing = error;
    this.#runtime.logger.log("error", "journal.commit_ambiguous", { service: this.#service, records: batch.submissions.length, error });
    for (const partition of new Set(batch.submissions.map((submission) => submission.partition))) this.#doubt(partition);
  }

  /** The oldest open submission of the partition is in the log. */
  #settleFirst(partition: number): void {
    const log = this.#partitions[partition] as PartitionLog;
    const submission = log.open.shift();
    assert(submission && submission.offset === log.durable, "records of a partition settle in the order of their offsets");
    log.durable += 1;
    log.bytes -= submission.line.length;
    this.#metrics.records.add(1);
    this.tail.note(partition, submission.offset, submission.record);
    log.feed.committed(submission.line);

    submission.sink.committed(submission);
  }

  /** Nothing that is open in these partitions is in the log: offsets given out are taken back, sinks start over. */
  #void(partitions: ReadonlySet<number>, doubted: boolean): void {
    const sinks = new Set<Sink>();
    for (const partition of partitions) {
      const log = this.#partitions[partition] as PartitionLog;
      for (let submission = log.open.shift(); submission; submission = log.open.shift()) sinks.add(submission.sink);
      log.head = log.durable;
      log.bytes = 0;
    }
    this.#dropQueued(partitions);
    for (const sink of sinks) sink.rewind(doubted);
    for (const partition of partitions) this.#resume(partition);
  }

  #dropQueued(partitions: ReadonlySet<number>): void {
    for (let left = this.#queue.length; left > 0; left--) {
      const submission = this.#queue.shift() as Submission;
      if (!partitions.has(submission.partition)) this.#queue.push(submission);
    }
  }

  #doubt(partition: number): void {
    const log = this.#partitions[partition] as PartitionLog;
    if (log.state === "uncertain") return;
    log.state = "uncertain";
    this.#dropQueued(new Set([partition])); // they rest on what is in doubt; they stay in `open`
    void this.#resolve(partition, log, 1);
  }

  /** First the newer epoch, only then the reread (W3); tried until both succeed. */
  async #resolve(partition: number, log: PartitionLog, attempt: number): Promise<void> {
    try {
      log.epoch = await this.within(takeOver(this.journal, partition, log.epoch));
      const found = await this.#reread(partition, log.durable);
      this.#runtime.logger.log("info", "journal.doubt_resolved", {
        service: this.#service,
        partition,
        epoch: log.epoch,
        found: found.length,
      });
      log.state = "open";
      for (const { offset, record } of found) {
        const first = log.open.peek();
        assert(first && first.offset === offset && first.record.id === record.id, "only this writer appends while it holds the partition");
        this.#settleFirst(partition);
      }
      this.#void(new Set([partition]), true);
      this.#schedule();
      this.#whenIdle();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#runtime.logger.log("warn", "journal.doubt_remains", { service: this.#service, partition, attempt, error });
      const delayMs = backoffMs(recovery, attempt, () => this.#runtime.random.next());
      this.#runtime.timers.after(delayMs, () => void this.#resolve(partition, log, attempt + 1));
    }
  }

  async #reread(partition: number, from: number): Promise<PlacedRecord[]> {
    const found: PlacedRecord[] = [];
    for (let next: number | undefined = from; next !== undefined;) {
      const page: Page = await this.within(this.journal.read(partition, next, this.#limits.readPageBytes));
      for (const row of page.rows) found.push(...recordsOf(row, from));
      next = page.next;
    }
    return found;
  }

  /** For questions to the journal that somebody waits for. Rejects with a `JournalError`. */
  within<T>(operation: Promise<T>): Promise<T> {
    return answerWithin(this.#runtime, this.#limits.commitTimeoutMs, operation);
  }

  #resume(partition: number): void {
    const log = this.#partitions[partition] as PartitionLog;
    if (log.waiting.size === 0 || !this.admits(partition)) return;
    const sinks = [...log.waiting];
    log.waiting.clear();
    for (const sink of sinks) sink.resume();
  }

  #resumeAll(): void {
    for (let p = 0; p < this.#partitions.length; p++) this.#resume(p);
  }

  #whenIdle(): void {
    if (!this.#closing || this.#busy()) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function asJournalError(error: unknown): JournalError {
  return error instanceof JournalError ? error : new JournalError("ambiguous", "the journal threw", { cause: error });
}
