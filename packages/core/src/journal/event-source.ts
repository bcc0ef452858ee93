// What others than its own service read of a log: the events of one entity type, or the messages of one topic, in the order
// of the log. Subscriptions and read models are built on it; who composes a system knows where the log is.
import type { Moment } from "../contract/index.ts";

/** Names a log, and tells it from the same one restored from a backup. */
export interface SourceLog {
  readonly service: string;
  readonly logId: string;
  readonly timeline: number;
  readonly partitions: number;
}

export interface EventSource {
  readonly log: SourceLog;
  /** The offset that the next committed record of the partition will have, or, of a log that is elsewhere, had when it was last heard of. */
  head(partition: number): number;
  /** Of a log that is elsewhere: once it has resolved, `head` is no less than it was at the moment of the call. Rejects with a `Failure`. */
  readonly refresh?: () => Promise<void>;
  /** The partition that holds everything of a key. */
  partitionOf(key: string): number;
  /** Complete, in order, durable only; pull (F1 to F3). */
  read(partition: number, from: number): SourceReader;
  /**
   * The items of one key from offset `from` to the head that its partition has now, or a little further: complete, in order,
   * durable only. Only the entity's own records are read. Nothing waits: the last page has that head or more as `next`, and
   * pages behind it are empty.
   */
  history(key: string, from: number): SourceReader;
}

export interface SourceReader {
  /** As `LogFollower.next`; a page may hold nothing but its `next`, and less than was asked for where some are kept ahead. Closed, it gives an empty page that does not move on. */
  next(bytesMax: number): Promise<SourcePage>;
  close(): void;
}

export interface SourcePage {
  readonly items: readonly SourceItem[];
  /** Everything below it is in this page or before it. */
  readonly next: number;
}

export interface SourceItem {
  readonly offset: number;
  /** Among the events, or the messages of all topics, of its record. */
  readonly index: number;
  /** Of the event, or of the topic. */
  readonly name: string;
  /** For a message, `version` is that of the whole record. */
  readonly at: Moment;
  /** Upcast and validated; undefined if it cannot be, and `error` says why. */
  readonly data: unknown;
  readonly error?: Error;
  /** The `traceparent` of the command that left it (ADR 0041). */
  readonly trace?: string | undefined;
}
