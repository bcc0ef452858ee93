// How a node that runs one service of a system is joined to the nodes that run the others, as `boot` sees it. What joins it is
// remote/, which a system in one process never loads.
import type { Deadlines, Session } from "../mailbox/index.ts";
import type { MetricFamily, Runtime } from "../runtime/index.ts";
import type { System } from "./definition.ts";
import type { ServiceHealth } from "./edge.ts";
import type { EventSources } from "./event-sources.ts";
import type { Router } from "./router.ts";

export interface Ring {
  /** The one that this node runs; "gateway" for the gateway, and any other name for a node that runs none. */
  readonly service: string;
  join(room: RingRoom, system: System): RingMember;
}

export interface RingRoom {
  readonly router: Router;
  readonly sources: EventSources;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly own: OwnNode;
}

/** What others are told of this node. */
export interface OwnNode {
  health(): readonly ServiceHealth[];
  /** Of the service that runs here, if it has a log. */
  log(): OwnLog | undefined;
}

export interface OwnLog {
  readonly logId: string;
  readonly timeline: number;
  readonly heads: readonly number[];
}

export interface RingMember {
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
