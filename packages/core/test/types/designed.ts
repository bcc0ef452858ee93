// Parts of the programming model that are designed and not built: signatures only, kept here so that what is built goes on
// fitting them, and so that the promise about their mistakes (bad.ts) stays checked. A part that gets built leaves this
// file; nothing outside of the type tests may import it.
import type { At, Given, Tell, TopicRef } from "@atoll/core/contract";
import type { Implementation, Running, System } from "@atoll/core";

// gateway: server-sent events

/** A topic as server-sent events, resumed by Last-Event-ID. */
export declare function feed<D, M>(
  path: `GET /${string}`,
  topic: TopicRef<D, M>,
  ...how: D extends { readonly key: infer S }
    ? [how: { readonly key: (r: { readonly params: { readonly [name: string]: string } }) => Given<S> }]
    : []
): { readonly kind: "feed" };

// sessions, simulation of more than one process

/** Reads what it wrote, everywhere: each answer moves `token` on, each query waits for it. */
export interface Session {
  readonly at: At;
  readonly tell: Tell;
  readonly token: string;
}
export declare function session(running: Running, token?: string): Session;

export interface World {
  readonly at: At;
  readonly tell: Tell;
  settle(): Promise<void>;
}
export declare function simulate(
  system: System,
  how: {
    readonly seeds: number;
    readonly nodes: number;
    readonly faults: readonly ("crash" | "pause" | "partition" | "duplicate" | "reorder" | "slow-disk")[];
    readonly replace?: readonly Implementation[];
  },
  scenario: (world: World) => Promise<void>,
): Promise<void>;
