// What the core offers to implementations that live in packages of their own, and what it asks of one: @atoll/core/extension.
// Such an implementation folds logs and topics into something that answers queries; it never appends to a log.
import type { AnyTopicRef, Implementation } from "../contract/index.ts";
import type { AnyEntity } from "../entity/index.ts";
import type { EventSource } from "../journal/index.ts";
import type { Deadlines, Message } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";

/** The platform's port to SQL files; its form is the business of who uses it. */
export type TableStore = object;

export interface ExtensionPart extends Implementation {
  readonly kind: "readModel";
  /** Called once in every life of the process, when the logs of all services are open. Rejects with a `Failure`. */
  open(room: ServiceRoom): Promise<OpenExtension>;
}

export interface OpenExtension {
  receive(message: Message): void;
  close(): Promise<void>;
}

export interface ServiceRoom {
  readonly service: string;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly tables: TableStore;
  /** An entity of the same service, or a topic of any contract that this service may see. Throws INVALID_DEFINITION. */
  source(of: AnyEntity | AnyTopicRef): EventSource;
}

export type { EventSource, SourceItem, SourcePage, SourceReader } from "../journal/index.ts";
