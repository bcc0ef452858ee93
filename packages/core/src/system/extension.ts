// What the core offers to implementations that live in packages of their own, and what it asks of one: @atoll/core/extension.
// Such an implementation folds logs and topics into something that answers queries; it never appends to a log.
import type { AnyTopicRef, Implementation } from "../contract/index.ts";
import type { AnyEntity } from "../entity/index.ts";
import type { EventSource } from "../journal/index.ts";
import type { Deadlines, Message } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { TableStore } from "../tables/index.ts";
import type { ReadModelControl } from "./read-models.ts";

export interface ExtensionPart extends Implementation {
  readonly kind: "readModel";
  /** Called once in every life of the process, when the logs of all services are open. Rejects with a `Failure`. */
  open(room: ServiceRoom): Promise<OpenExtension>;
  /**
   * Called at once at a node that does not have the log of its service open: answers what it can from the tables that the node
   * which has it keeps, and hands the rest to `host`. Closed when it is opened here. Absent: all of it is for the host.
   */
  read?(room: ServiceRoom, host: (message: Message) => void): Pick<OpenExtension, "receive" | "close">;
}

export interface OpenExtension {
  receive(message: Message): void;
  close(): Promise<void>;
  /** For operators, if there is something that they can do. */
  readonly control?: ReadModelControl;
}

export interface ServiceRoom {
  readonly service: string;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly tables: TableStore;
  /**
   * An entity of the same service, or a topic of any contract that this service may see. For a log that is
   * elsewhere it waits until its service answers. Rejects with INVALID_DEFINITION.
   */
  source(of: AnyEntity | AnyTopicRef): Promise<EventSource>;
}

export type { EventSource, SourceItem, SourcePage, SourceReader } from "../journal/index.ts";
export type { ParkedEntity, ReadModelControl, ReadModelSource, ReadModelStatus, Retried } from "./read-models.ts";

// What such an implementation needs of the lower rooms.
export { assert } from "../base/assert.ts";
export { backoffMs } from "../base/backoff.ts";
export { Deque } from "../base/deque.ts";
export { Failure } from "../base/failure.ts";
export { fingerprint } from "../base/hash.ts";
export { Deadlines, Inbox, type LogIdentity, Message, type MessageAnswer, Session, type Wanted } from "../mailbox/index.ts";
