// What can be read of a service's log from outside of it: the events of an entity by its own service, the messages of a topic by
// whoever the contract lets. Pull only: a source holds nothing for a reader that does not ask.
//
//  S1  complete     A reader gives every item at or above the offset it began at, in the order of the log, once.
//  S2  durable      No item is seen before its record is committed.
//  S3  one place    Everything of a key is in the partition `partitionOf(key)`.
//  S4  moving on    `next` resolves as soon as there is anything to tell, be it only that the log went on without an item:
//                   `items` may be empty while `next` has moved.
import type { Moment } from "../contract/index.ts";

export interface EventSource {
  readonly log: { readonly service: string; readonly logId: string; readonly timeline: number; readonly partitions: number };
  /** The offset that the next committed record of the partition will have. */
  head(partition: number): number;
  /** S3. */
  partitionOf(key: string): number;
  /** Follows the partition from offset `from` on; waits at its head. */
  read(partition: number, from: number): SourceReader;
  /**
   * The items of one key from offset `from` to the head that its partition has now, found through the chain of the entity's
   * records: nothing else of the log is read. Its last page has that head, or more, as `next`; nothing waits.
   */
  history(key: string, from: number): SourceReader;
}

export interface SourceReader {
  /** About so many bytes of items, at least one if there is one. One call at a time. Rejects if the log cannot be read now; ask again. */
  next(bytesMax: number): Promise<SourcePage>;
  /** Ends a waiting `next` with an empty page. Idempotent. */
  close(): void;
}

export interface SourcePage {
  readonly items: readonly SourceItem[];
  /** Everything below this offset is in this page or before it. */
  readonly next: number;
}

export interface SourceItem {
  readonly offset: number;
  /** Among the items of its record. */
  readonly index: number;
  /** Of the event or topic. */
  readonly name: string;
  readonly at: Moment;
  /** Upcast and validated. */
  readonly data: unknown;
  /** Why it cannot be read; `data` says nothing then. */
  readonly error?: Error;
}
