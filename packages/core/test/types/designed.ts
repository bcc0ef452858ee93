// Parts of the programming model that are designed and not built: signatures only, kept here so that what is built goes on
// fitting them, and so that the promise about their mistakes (bad.ts) stays checked. A part that gets built leaves this
// file; nothing outside of the type tests may import it.
import type {
  At,
  Contract,
  Deep,
  Given,
  In,
  Moment,
  Ops,
  Part,
  Ref,
  Reject,
  Rejection,
  ReplyGiven,
  Taken,
  Tell,
  Told,
  TopicRef,
} from "@atoll/core/contract";
import type { Entity } from "@atoll/core/entity";
import type { Implementation, Running, System } from "@atoll/core";
import type { Compilable, Kysely } from "kysely";

/** An implementation of a kind that the system does not know yet. */
export interface Designed {
  readonly kind: "subscription" | "readModel" | "adapter";
}

// read model

export interface Tables<DB> {
  readonly kind: "tables";
  readonly db?: DB;
}
export declare function tables<DB>(create: (db: Kysely<DB>) => readonly Compilable[]): Tables<DB>;

type Source = Entity<unknown, unknown, unknown> | TopicRef<unknown, unknown>;
type Statements = Compilable | readonly Compilable[] | undefined;

/** Implements queries over SQL tables folded from logs and topics; its handlers return statements. */
export declare function readModel<D, DB, const F extends { readonly [alias: string]: Source }>(
  contract: Contract<D>,
  how: {
    readonly version: number;
    readonly tables: Tables<DB>;
    readonly from: F;
    readonly on: NoInfer<{
      readonly [A in keyof F]: F[A] extends Entity<unknown, infer E, unknown>
        ? { readonly [K in keyof E]?: (db: Kysely<DB>, event: Deep<Taken<E[K]>>, at: Moment) => Statements }
        : F[A] extends TopicRef<unknown, infer M>
          ? (db: Kysely<DB>, message: Deep<M>, at: Moment) => Statements
          : never;
    }>;
    readonly queries: NoInfer<{
      readonly [Q in keyof Part<D, "queries">]: (
        db: Kysely<DB>,
        input: Taken<In<Part<D, "queries">[Q]>>,
        q: Moment & { readonly reject: Reject<Part<D, "queries">[Q], Rejection> },
      ) => Promise<ReplyGiven<Part<D, "queries">[Q]> | Rejection>;
    }>;
  },
): Designed;

// subscription, adapter

/** Whenever the topic says so, tell. */
export declare function subscription<D, M>(
  name: string,
  topic: TopicRef<D, M>,
  react: (message: Deep<M>, tell: Tell) => Told | readonly Told[] | undefined,
): Designed;

/** The old contract, spoken by the new one: same address, two versions live. */
export declare function adapter<A, B>(
  old: Contract<A>,
  now: Contract<B>,
  how: NoInfer<{
    readonly [K in keyof Ops<A>]: (
      input: Taken<In<Ops<A>[K]>>,
      now: Ref<B>,
      cx: { readonly reject: Reject<Ops<A>[K], Rejection> },
    ) => Promise<ReplyGiven<Ops<A>[K]> | Rejection>;
  }>,
): Designed;

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
