// Parts of the programming model that are designed and not built: signatures only, kept here so that what is built goes on
// fitting them, and so that the promise about their mistakes (bad.ts) stays checked. A part that gets built leaves this
// file; nothing outside of the type tests may import it.
import type {
  AnswerOf,
  At,
  Duration,
  Given,
  In,
  Moment,
  OpRef,
  Reject,
  Rejects,
  Reply,
  ReplyGiven,
  Taken,
  Tell,
  TopicRef,
} from "@atoll/core/contract";
import type { Implementation, Running, System } from "@atoll/core";

/** An implementation of a kind that the system does not know yet. */
export interface Designed {
  readonly kind: "saga";
}

// saga

type AnswerRejects<T> = [AnswerOf<T>] extends [never] ? {} : Rejects<AnswerOf<T>>;
type AnswerReply<T> = T extends unknown ? ([AnswerOf<T>] extends [never] ? T : Reply<AnswerOf<T>>) : never;
type Differs<A, B> = { [K in keyof A]: K extends keyof B ? (A[K] extends B[K] ? never : K) : K }[keyof A];
/** Rejections that the saga's own contract does not declare, or declares with other details. */
type Unhandled<T, O> = T extends unknown ? Differs<AnswerRejects<T>, Rejects<O>> : never;
type Complaint<K> = [K] extends [never]
  ? unknown
  : `${K & string} is not answered: the saga declares no such rejection, so it needs \`rejected\``;

export interface StepOptions<R> {
  readonly undo?: (at: At, reply: R) => Promise<unknown>;
  readonly retry?: { readonly for: Duration; readonly every?: Duration };
  readonly within?: Duration;
}

type Handled<T, O> = StepOptions<AnswerReply<T>> & {
  readonly rejected: {
    readonly [K in Unhandled<T, O>]: (details: T extends { readonly rejected: K; readonly details: infer X } ? X : never) => AnswerReply<T>;
  };
};

export interface Run<O> extends Moment {
  /** Runs once, whatever crashes. A rejection ends the saga with it, or is answered in `rejected`; earlier steps are undone in reverse. */
  step<T>(name: string, act: (at: At) => Promise<T>, options: Handled<T, O>): Promise<AnswerReply<T>>;
  step<T>(
    name: string,
    act: ((at: At) => Promise<T>) & Complaint<Unhandled<T, O>>,
    options?: StepOptions<AnswerReply<T>>,
  ): Promise<AnswerReply<T>>;
  sleep(name: string, for_: Duration): Promise<void>;
  readonly reject: Reject<O, never>;
}

/** Implements a command as named steps with undo beside do. */
export declare function saga<D, O>(
  command: OpRef<D, O>,
  version: number,
  run: NoInfer<(run: Run<O>, input: Taken<In<O>>) => Promise<ReplyGiven<O>>>,
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
