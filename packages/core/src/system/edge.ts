// What the system offers to a gateway, and what it asks of one. The gateway is a package of its own (it brings an HTTP
// library); this file is all that the two know of each other.
import type { AnyOpRef, AnyTopicRef, At, Implementation } from "../contract/index.ts";
import type { EventSource } from "../journal/index.ts";
import type { MessageAnswer, Session } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { ReadModelStatus } from "./read-models.ts";

export { Session, storedTrace, traceField, traceOfRequest } from "../mailbox/index.ts";
export type { EventSource, SourceItem, SourcePage, SourceReader } from "../journal/index.ts";
export { isBehind, keyPosition, type Place, placesOf, topicPosition } from "../journal/index.ts";

export interface EdgeCall {
  readonly to: AnyOpRef;
  /** Present exactly if the contract has a key. Validated like the input. */
  readonly key?: string;
  readonly input?: unknown;
  readonly withinMs?: number;
  readonly signal?: AbortSignal;
  /** Identity of a command that may be sent again: the same id is applied once. */
  readonly commandId?: string;
  /** When that identity was first minted, wall clock ms; by default now. */
  readonly mintedAt?: number;
  readonly read?: "strong" | "local";
  /** What the client has seen: its reads wait for it, its answers add to it. */
  readonly session?: Session;
  /** The `traceparent` of the request, with the gateway's own span (`traceOfRequest`). */
  readonly trace?: string | undefined;
}

export type EdgeAnswer = MessageAnswer;

export interface ServiceHealth {
  readonly name: string;
  readonly state: "running" | "draining" | "failing";
  /** Why, when it is failing. */
  readonly reason?: string;
  /** Present where sagas need somebody: parked ones, open apologies, and how many of these are late. */
  readonly sagas?: { readonly parked: number; readonly apologies: number; readonly overdue: number };
  /** Entities that were taken out of service; present where there are any. */
  readonly quarantined?: number;
  /** What it told and could not deliver, as far as it is counted (500); present where there is anything. */
  readonly deadLetters?: number;
  /** One that is behind, or failing, does not make its service fail: the service still takes commands. */
  readonly readModels?: readonly ReadModelStatus[];
}

export interface Edge {
  readonly system: string;
  readonly runtime: Runtime;
  /** An address book that speaks as service "gateway". `trace`: asked at every call for its `traceparent`. */
  at(trace: () => string | undefined): At;
  /** Rejects with a `Failure`. */
  ask(call: EdgeCall): Promise<EdgeAnswer>;
  /**
   * Opens the messages of a topic. Throws INVALID_DEFINITION if its contract does not let the gateway see it, or nobody publishes
   * it; what it returns waits for the publisher where that is elsewhere.
   */
  topic(topic: AnyTopicRef): () => EventSource | Promise<EventSource>;
  /** A session that has seen everything the logs hold now. */
  heads(): Promise<Session>;
  health(): Promise<readonly ServiceHealth[]>;
  /** Of all nodes of the system, as Prometheus text. */
  metrics(): Promise<string>;
}

/** Other processes of the system listen on the port as well, where the operating system allows that (Linux). */
export interface PortSharing {
  /** None of them does yet, so whoever does is a stranger. */
  readonly first: boolean;
  /** Whether clients find another one there when this one stops; asked then. */
  goesOn(): boolean;
}

export interface ListenOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: the port is this process's alone. */
  readonly sharing?: PortSharing;
}

/** An opened gateway. `fetch` works without any socket, which is how the simulator drives it. */
export interface OpenGateway {
  fetch(request: Request): Promise<Response>;
  /** PORT_TAKEN if it cannot. */
  listen(options: ListenOptions): Promise<{ readonly url: string }>;
  /**
   * Stops accepting, answers what was accepted within `graceMs`, then closes every connection. Where the port goes on with others, requests that come
   * over open connections are still answered for a moment, and their clients told to open new ones.
   */
  close(graceMs: number): Promise<void>;
}

export interface Gateway {
  readonly kind: "gateway";
  /** Entities that the gateway itself keeps state in; they form the service "gateway". */
  readonly parts: readonly Implementation[];
  /**
   * Loads code that this gateway needs and others do not. Whoever composes a system awaits it before `open`, outside of any simulated
   * world: no event of a schedule may wait for a file.
   */
  load?(): Promise<void>;
  open(edge: Edge): OpenGateway;
}
