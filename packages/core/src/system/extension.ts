// What the core offers to implementations that live in packages of their own, and what it asks of one: @atoll/core/extension.
// Such an implementation folds logs and topics into something that answers queries; it never appends to a log.
import type { AnyTopicRef, Implementation, Moment } from "../contract/index.ts";
import type { AnyEntity } from "../entity/index.ts";
import type { Deadlines, Message } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { TableStore } from "../tables/index.ts";
import type { ReadModelControl } from "./read-models.ts";

export interface ExtensionPart extends Implementation {
  readonly kind: "readModel";
  open(room: ServiceRoom): Promise<OpenExtension>;
}

export interface OpenExtension {
  receive(message: Message): void;
  close(): Promise<void>;
  /** For operators. */
  readonly control: ReadModelControl;
}

export interface ServiceRoom {
  readonly service: string;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly tables: TableStore;
  /** An entity of the same service, or a topic of any contract that this service may see. */
  source(of: AnyEntity | AnyTopicRef): EventSource;
}

export interface EventSource {
  readonly log: { readonly service: string; readonly logId: string; readonly timeline: number; readonly partitions: number };
  /** The offset that the next committed record of the partition will have. */
  head(partition: number): number;
  /** Complete, in order, durable only; pull. */
  read(partition: number, from: number): SourceReader;
}

export interface SourceReader {
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
  readonly index: number;
  readonly name: string;
  readonly at: Moment;
  /** Upcast and validated; or why it cannot be. */
  readonly data: unknown;
  readonly error?: Error;
}

// What every implementation needs besides.
export { assert } from "../base/assert.ts";
export { backoffMs, type Backoff } from "../base/backoff.ts";
export { Deque } from "../base/deque.ts";
export { Failure } from "../base/failure.ts";
export { fingerprint } from "../base/hash.ts";
export type { ParkedEntity, ReadModelControl, ReadModelSource, ReadModelStatus, Retried } from "./read-models.ts";
export { Deadlines, Inbox, Message, type MessageAnswer } from "../mailbox/index.ts";
