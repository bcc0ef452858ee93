// Where several nodes run one service, each with some of the partitions of its log: how what is here is joined to whoever knows
// which. Without it a node has all partitions of its logs, always.
import type { LogWriter, Tenant } from "../journal/index.ts";
import type { Message } from "../mailbox/index.ts";
import type { Sender } from "./router.ts";

export interface SharedLog {
  readonly service: string;
  readonly writer: LogWriter;
  /** All that lives with its partitions. */
  readonly tenants: Tenant;
  /** The way in, for what other nodes send. */
  readonly sender: Sender;
}

export interface Sharing {
  /**
   * A log is open, and nothing of it is owned. A partition that its writer has acquired is told to its tenants in the same
   * turn, before anything else; one that leaves, before it is released; one that is lost, when the writer says so.
   */
  opened(log: SharedLog): void;
  /** Of a message to the service whose partition is not here: takes it to where it is. Its `taken` says whether it may have been applied. */
  returned(service: string, message: Message): void;
}
