// What the mistakes need of packages above core, which core must not import: the signatures of `route` (@atoll/gateway) and
// of `given` (@atoll/testkit), in the form that the programming model promises.
import type { Given, In, Json, OpRef, Part, Rejects, Reply, ReplyGiven, Schema, Taken } from "@atoll/core/contract";
import type { Entity } from "@atoll/core/entity";

type Params<P> = P extends `${string}:${infer N}/${infer R}`
  ? { readonly [K in N]: string } & Params<`/${R}`>
  : P extends `${string}:${infer N}`
    ? { readonly [K in N]: string }
    : {};

interface HttpRequest<P, Q, B> {
  readonly params: Params<P>;
  readonly query: Taken<Q>;
  readonly body: Taken<B>;
  readonly headers: Headers;
  readonly origin: string;
  readonly id: string;
}

type RouteHow<P, D, O, Q, B, W> = {
  readonly query?: Q;
  readonly body?: B;
  readonly reply?: {
    readonly status?: number;
    readonly body?: W;
    readonly from?: NoInfer<(reply: Reply<O>, r: HttpRequest<P, Q, B>) => Given<W>>;
  };
} & NoInfer<
  {
    readonly rejects?: {
      readonly [K in keyof Rejects<O>]?: {
        readonly status: number;
        readonly with?: (details: Rejects<O>[K]) => { readonly [member: string]: Json };
      };
    };
  } & (D extends { readonly key: infer S } ? { readonly key: (r: HttpRequest<P, Q, B>) => Given<S> } : {}) &
    (In<O> extends Schema
      ? P extends `${"GET" | "DELETE"} ${string}`
        ? { readonly input: (r: HttpRequest<P, Q, B>) => Given<In<O>> }
        : { readonly input?: (r: HttpRequest<P, Q, B>) => Given<In<O>> }
      : {})
>;

type Maybe<H> = {} extends H ? [how?: H] : [how: H];

export declare function route<
  const P extends `${"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} /${string}`,
  D,
  O,
  Q extends Schema = Schema,
  B extends Schema = Schema,
  W extends Schema = Schema,
>(path: P, to: OpRef<D, O>, ...how: Maybe<RouteHow<P, D, O, Q, B, W>>): { readonly kind: "route" };

interface Past<D, E> {
  had<K extends keyof E>(event: K, data: Given<E[K]>): Past<D, E>;
  when<C extends keyof Part<D, "commands">>(
    command: C,
    ...input: In<Part<D, "commands">[C]> extends Schema ? [input: Given<In<Part<D, "commands">[C]>>] : []
  ): Then<E, Part<D, "commands">[C]>;
}

interface Then<E, O> {
  emits<K extends keyof E>(event: K, data: Given<E[K]>): Then<E, O>;
  replies(value: ReplyGiven<O>): void;
  rejects<K extends keyof Rejects<O>>(name: K, details: Rejects<O>[K]): void;
}

export declare function given<D, E, S>(entity: Entity<D, E, S>, key?: string): Past<D, E>;
