// How a node that runs one service of a system is joined to the nodes that run the others, as `boot` sees it. What joins it is
// remote/, which a system in one process never loads.
import type { JournalStore } from "../journal/index.ts";
import type { Deadlines, Session } from "../mailbox/index.ts";
import type { MetricFamily, Runtime } from "../runtime/index.ts";
import type { Service, System } from "./definition.ts";
import type { Instance } from "./broadcast.ts";
import type { ServiceHealth } from "./edge.ts";
import type { EventSources, RemotePublisher } from "./event-sources.ts";
import type { Receiver, Router } from "./router.ts";
import type { Sharing } from "./sharing.ts";

export interface Ring {
  /** The one that this node runs; "gateway" for the gateway, and any other name for a node that runs none. */
  readonly service: string;
  /** Name of this node. */
  readonly node: string;
  join(room: RingRoom, system: System): RingMember;
}

export interface RingRoom {
  readonly router: Router;
  readonly sources: EventSources;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  /** That runs here, the gateway's own if that is what runs here; undefined: none. */
  readonly service: Service | undefined;
  readonly own: OwnNode;
}

/** What others are told of this node. */
export interface OwnNode {
  health(): readonly ServiceHealth[];
  /** Of the service that runs here, if it has a log. */
  log(): OwnLog | undefined;
  /** Opens that log, if it is not open yet. */
  openLog(): Promise<void>;
}

export interface OwnLog {
  readonly logId: string;
  readonly timeline: number;
  readonly heads: readonly number[];
}

/** That several nodes run one service, found by their plan. */
export interface RingSharing extends Sharing {
  /** The log of the service, wherever it is open. */
  journals(local: JournalStore): JournalStore;
  /** What stands before the implementation of a contract with partitions: a message of this node overtakes none that is on its way elsewhere. */
  before(contract: string, receiver: Receiver): Receiver;
  /** Sends on to the node that has the log open; what came over a link is given back for that. */
  readonly toHost: Receiver;
  /** The other nodes of the service. */
  siblings(): readonly Instance[];
  /** The log is open at this node. */
  readonly hosts: boolean;
  /** Called at once, or when the log is open at this node. */
  whenHosting(act: () => void): void;
  /** After the log. */
  close(): Promise<void>;
  /** Of a topic of this service, where the log is open. */
  readonly publisher: RemotePublisher;
}

export interface RingMember {
  /** Undefined where the node is the only one of its service. */
  readonly sharing: RingSharing | undefined;
  /** Others may ask from now on. */
  listen(): Promise<void>;
  /** Takes nothing more from others, who look for another node; what was taken is still answered. */
  leave(): void;
  close(): Promise<void>;
  /** What the logs of the others hold now; of one that does not say so in time, whatever it will hold. */
  heads(): Promise<Session>;
  /** Of the services that other nodes run. */
  health(): Promise<readonly ServiceHealth[]>;
  /** Of all other nodes that answer in time. */
  metrics(): Promise<readonly (readonly MetricFamily[])[]>;
}
