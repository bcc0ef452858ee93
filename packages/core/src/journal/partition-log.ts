// What a log writer knows of one partition: whether it may append to it, how far the log is durable, and what is on its way.
// Plain bookkeeping: when which of it changes is the writer's business.
import { assert } from "../base/assert.ts";
import { Deque } from "../base/deque.ts";
import type { Scheduler } from "../runtime/index.ts";
import { CommitFeed } from "./commit-feed.ts";
import type { Row } from "./journal.ts";
import { encodeRecord, type LogRecord } from "./record.ts";
import type { Sink, Submission } from "./submission.ts";

/**
 * "elsewhere": not owned here. "acquiring": being taken over, or its tail being read. "open": takes submissions. "uncertain": owned as far as
 * is known, between a doubt and the reread that settles it. "releasing": the index is being stored, nothing is submitted any more.
 */
type Standing = "elsewhere" | "acquiring" | "open" | "uncertain" | "releasing";

export class PartitionLog {
  readonly partition: number;
  state: Standing = "elsewhere";
  epoch = 0;
  /** Every record below it is known to be in the log. */
  durable = 0;
  /** The next offset to give out. */
  head = 0;
  /** Of what is open. */
  bytes = 0;
  /** In submission order: what is in flight or in doubt, then what waits. */
  readonly open = new Deque<Submission>();
  readonly waiting = new Set<Sink>();
  readonly feed: CommitFeed;
  /** The log is known to reach up to here, by others' word; followed only while it is not owned here. */
  #observed = 0;

  constructor(partition: number, scheduler: Scheduler, recentBytesMax: number) {
    this.partition = partition;
    this.feed = new CommitFeed(partition, 0, scheduler, recentBytesMax);
  }

  get owned(): boolean {
    return this.state === "open" || this.state === "uncertain";
  }

  /** Nothing is on its way, nor is it. */
  get settled(): boolean {
    return this.open.length === 0 && this.state !== "uncertain" && this.state !== "releasing";
  }

  add(sink: Sink, record: LogRecord): Submission {
    const { partition } = this;
    const submission: Submission = { sink, partition, offset: this.head, record, line: encodeRecord(record), failure: undefined };
    this.head += 1;
    this.bytes += submission.line.length;
    this.open.push(submission);
    return submission;
  }

  /** The oldest open submission is in the log. */
  settleFirst(): Submission {
    const submission = this.open.shift();
    assert(submission && submission.offset === this.durable, "records of a partition settle in the order of their offsets");
    this.durable += 1;
    this.bytes -= submission.line.length;
    return submission;
  }

  /** Nothing that is open is in the log: the offsets given out are taken back. Returns whose they were. */
  voidOpen(): ReadonlySet<Sink> {
    const sinks = new Set<Sink>();
    for (let submission = this.open.shift(); submission; submission = this.open.shift()) sinks.add(submission.sink);
    this.head = this.durable;
    this.bytes = 0;
    return sinks;
  }

  /** From now on somebody else appends to it, or may. */
  leave(): void {
    assert(this.open.length === 0, "a partition is left when nothing of it is open");
    this.state = "elsewhere";
    this.waiting.clear();
    this.moveTo(this.#observed);
  }

  /** The log reaches up to `head`; what is in between is not known here. */
  moveTo(head: number): void {
    this.#observed = Math.max(this.#observed, head);
    if (this.owned || this.#observed <= this.durable) return;
    this.durable = this.#observed;
    this.head = this.durable;
    this.feed.moveTo(this.durable);
  }

  /** Somebody else has appended this row. While it is owned here only how far it goes is remembered, for when it no longer is. */
  observe(row: Row): void {
    const end = row.offset + row.count;
    if (this.owned || row.offset > this.durable) return this.moveTo(end);
    for (const line of this.durable < end ? row.body.split("\n").slice(this.durable - row.offset) : []) {
      this.durable += 1;
      this.feed.committed(line);
    }
    this.head = this.durable;
  }
}
