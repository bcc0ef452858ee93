// Group commit over all partitions of one service in one process. While one commit is in flight the next batch gathers; it closes at
// the end of the scheduler's turn, so there is no timer and no waiting when idle; or earlier, when half as many records have
// gathered as the last one had: all who waited for one commit go on at the same time, and would otherwise wait for the next one
// together, the thread that decides and the one that writes never at work at once. What the outcome of a commit means is its
// user's business.
import { Deque } from "../base/deque.ts";
import type { Runtime, Timer } from "../runtime/index.ts";
import { JournalError, type Appended, type Journal, type Row } from "./journal.ts";
import type { LogWriterLimits } from "./log-writer-limits.ts";
import { logWriterMetrics, type LogWriterMetrics } from "./log-writer-metrics.ts";
import type { Submission } from "./submission.ts";
import type { Tail } from "./tail.ts";

/** Who is told what became of a commit. Of each partition in it, `firsts` holds the first submission. */
export interface Committing {
  epoch(partition: number): number;
  /** These rows were not written: somebody else holds the partitions. Told before `written` of the same commit. */
  refused(firsts: readonly Submission[]): void;
  /** Everything but what `refused` was told of; `firsts` are all. */
  written(submissions: readonly Submission[], firsts: readonly Submission[]): void;
  /** Certainly nothing was written. */
  failed(firsts: readonly Submission[]): void;
  /** Perhaps it was. */
  ambiguous(firsts: readonly Submission[]): void;
  /** No commit is in flight any more. */
  idle(): void;
}

interface Batch {
  readonly submissions: readonly Submission[];
  readonly firsts: readonly Submission[];
  readonly rows: readonly Row[];
  answered: boolean;
}

export class GroupCommit {
  readonly #service: string;
  readonly #journal: Journal;
  readonly #runtime: Runtime;
  readonly #limits: LogWriterLimits;
  readonly #user: Committing;
  readonly #queue = new Deque<Submission>();
  readonly #metrics: LogWriterMetrics;
  #inFlight: Batch | undefined;
  #scheduled = false;
  /** Records in the next batch: halved when a batch is refused, doubled when one is written. */
  #batchRecords: number;
  /** Of the newest batch. */
  #lastRecords = 0;
  #failing: JournalError | undefined;

  constructor(service: string, journal: Journal, runtime: Runtime, limits: LogWriterLimits, tail: Tail, user: Committing) {
    this.#service = service;
    this.#journal = journal;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#user = user;
    this.#batchRecords = limits.batchRecordsMax;
    this.#metrics = logWriterMetrics(runtime.metrics, service, {
      queued: () => this.#queue.length,
      unindexed: () => tail.size,
      unsnapped: () => tail.snapshotsWaiting,
    });
  }

  /** The error of the last commit, until one succeeds again. */
  get failing(): JournalError | undefined {
    return this.#failing;
  }

  get busy(): boolean {
    return this.#inFlight !== undefined;
  }

  push(submission: Submission): void {
    this.#queue.push(submission);
    if (this.#halfGathered()) this.#commit();
    else this.schedule();
  }

  /** What waits of these partitions is not sent any more. */
  drop(partitions: ReadonlySet<number>): void {
    for (let left = this.#queue.length; left > 0; left--) {
      const submission = this.#queue.shift() as Submission;
      if (!partitions.has(submission.partition)) this.#queue.push(submission);
    }
  }

  /** A record that was submitted is in the log. */
  counted(): void {
    this.#metrics.records.add(1);
  }

  schedule(): void {
    if (this.#scheduled || this.#inFlight || this.#queue.length === 0) return;
    this.#scheduled = true;
    this.#runtime.scheduler.endOfTurn(() => {
      this.#scheduled = false;
      if (!this.#inFlight) this.#commit();
    });
  }

  /** Whether a commit is worth its sync before the end of the turn. */
  #halfGathered(): boolean {
    return !this.#inFlight && this.#queue.length >= Math.max(this.#limits.earlyRecordsMin, this.#lastRecords >>> 1);
  }

  #commit(): void {
    const batch = this.#gather();
    if (!batch) return this.#user.idle();
    this.#inFlight = batch;
    this.#lastRecords = batch.submissions.length;
    const startedMs = this.#runtime.clock.monotonic();
    const answered = (settle: () => void): void => {
      if (batch.answered) return;
      batch.answered = true;
      timer.cancel();
      this.#inFlight = undefined;
      this.#metrics.seconds.observe((this.#runtime.clock.monotonic() - startedMs) / 1_000);
      settle();
      this.schedule();
      this.#user.idle();
    };
    const { commitTimeoutMs } = this.#limits;
    const timer: Timer = this.#runtime.timers.after(commitTimeoutMs, () =>
      answered(() => this.#ambiguous(batch, new JournalError("ambiguous", `the commit has not answered within ${commitTimeoutMs} ms`))),
    );
    this.#journal.append(batch.rows).then(
      (results) => answered(() => this.#written(batch, results)),
      (error: unknown) => answered(() => this.#failed(batch, asJournalError(error))),
    );
  }

  #gather(): Batch | undefined {
    const submissions: Submission[] = [];
    const firsts: Submission[] = [];
    const lines = new Map<number, string[]>();
    let bytes = 0;
    let next: Submission | undefined;
    while (submissions.length < this.#batchRecords && bytes < this.#limits.batchBytesMax && (next = this.#queue.shift())) {
      submissions.push(next);
      bytes += next.line.length;
      const row = lines.get(next.partition);
      if (row) row.push(next.line);
      else {
        firsts.push(next);
        lines.set(next.partition, [next.line]);
      }
    }
    if (submissions.length === 0) return undefined;
    const rows = firsts.map(({ partition, offset }): Row => {
      const of = lines.get(partition) as string[];
      return { partition, offset, count: of.length, epoch: this.#user.epoch(partition), body: of.join("\n") };
    });
    return { submissions, firsts, rows, answered: false };
  }

  #written({ submissions, firsts, rows }: Batch, results: readonly Appended[]): void {
    const refused = firsts.filter((_, i) => results[i] !== "written");
    this.#metrics.commits.add(1);
    this.#metrics.sizes.observe(submissions.length);
    this.#batchRecords = Math.min(this.#limits.batchRecordsMax, this.#batchRecords * 2);
    if (this.#failing) this.#runtime.logger.log("info", "journal.commit_recovered", { service: this.#service });
    this.#failing = undefined;
    if (refused.length > 0) {
      const partitions = rows.filter((_, i) => results[i] !== "written").map(({ partition }) => partition);
      this.#runtime.logger.log("warn", "journal.fenced", { service: this.#service, partitions });
      this.#user.refused(refused);
    }
    if (this.#halfGathered()) this.#commit(); // before those who waited are told: they only add to the one after
    const lost = new Set(refused.map(({ partition }) => partition));
    this.#user.written(lost.size === 0 ? submissions : submissions.filter(({ partition }) => !lost.has(partition)), firsts);
  }

  #failed(batch: Batch, error: JournalError): void {
    if (error.kind === "ambiguous" || error.kind === "damaged") return this.#ambiguous(batch, error);
    this.#log("journal.commit_failed", batch, error);
    const size = batch.submissions.length;
    if (error.kind === "refused" && size > 1) this.#batchRecords = Math.max(1, size >>> 1);
    else for (const submission of batch.submissions) submission.failure = error;
    this.#user.failed(batch.firsts);
  }

  #ambiguous(batch: Batch, error: JournalError): void {
    this.#log("journal.commit_ambiguous", batch, error);
    this.#user.ambiguous(batch.firsts);
  }

  #log(event: string, { submissions }: Batch, error: JournalError): void {
    this.#failing = error;
    const { kind } = error;
    this.#runtime.logger.log("error", event, { service: this.#service, kind, records: submissions.length, error });
  }
}

function asJournalError(error: unknown): JournalError {
  return error instanceof JournalError ? error : new JournalError("ambiguous", "the journal threw", { cause: error });
}
