// Calls: how one speaks to a contract at an address. Types only; who carries a call is decided where the system is
// composed.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "../base/duration.ts";
import type { Failure } from "../base/failure.ts";
import type { Answer } from "./answer.ts";
import type { Deep } from "./json.ts";
import type { In, Mistake, Ops, Part } from "./operation.ts";
import type { Contract } from "./reference.ts";
import type { Given, KeySchema, Schema } from "./schema.ts";

export interface CallOptions {
  /** How long to wait for the answer, 10 s by default. After that: `Failure` DEADLINE, outcome unknown. */
  readonly within?: Duration;
  /** Gives up waiting: `Failure` CANCELLED, outcome unknown. */
  readonly signal?: AbortSignal;
  /** Identity of a command, fresh by default. Sent again under the same id, it is applied once and answered the same. */
  readonly commandId?: string;
  /** "strong", the default: an answer from the newest committed state. "local": cheaper, may be stale. For queries. */
  readonly read?: "strong" | "local";
  /** Of a contract without keys: calls with the same text go to the same instance of the service, as long as that can be reached. */
  readonly sticky?: string;
}

/** Arguments of one operation: its input, if it has one, and the options. */
export type Args<O> = In<O> extends Schema ? [input: Deep<Given<In<O>>>, options?: CallOptions] : [options?: CallOptions];

/** The operations of a contract at one address. */
export type Ref<D> = { readonly [K in keyof Ops<D>]: (...input: Args<Ops<D>[K]>) => Promise<Answer<Ops<D>[K]>> };

/** The key, for a contract that has one. */
export type Address<D> = D extends { readonly key: infer S } ? [key: StandardSchemaV1.InferInput<S & KeySchema>] : [];

/** A stable address; asks, and waits at most `within` (10 s by default). */
export type At = <D>(contract: Contract<D>, ...key: Address<D>) => Ref<D>;

/** What became of a call at one instance: its answer, or why there is none. `node` as `atoll ps` shows it. */
export type EachAnswer<A> =
  | { readonly node: string; readonly failure?: undefined; readonly answer: A }
  | { readonly node: string; readonly failure: Failure };

/** Each instance gets a command id of its own, made from `commandId`. Aborting ends what has no answer yet with CANCELLED. */
export type EveryOptions = Pick<CallOptions, "within" | "signal" | "commandId">;

/** Arguments of one operation that every instance is asked for. */
export type EveryArgs<O> = In<O> extends Schema ? [input: Deep<Given<In<O>>>, options?: EveryOptions] : [options?: EveryOptions];

type Unkeyed<D> = D extends { readonly key: unknown }
  ? Mistake<"key", "whoever has a key is one, at its address: ask it with `at`; `every` asks the instances of a service without keys">
  : unknown;

/**
 * Every instance of a service without keys: one entry for each that is known when it is asked, within the deadline, whatever becomes of
 * it (laws E1 to E4, ADR 0040). Rejects only for what concerns the call as a whole: INVALID_INPUT, ACCESS_DENIED, UNAVAILABLE if there
 * is no instance, and what a breaker or a bulkhead refuses.
 */
export type Every = <D>(contract: Contract<D> & Unkeyed<D>) => {
  readonly [K in keyof Ops<D>]: (...input: EveryArgs<Ops<D>[K]>) => Promise<readonly EachAnswer<Answer<Ops<D>[K]>>[]>;
};

/** A told command. In a handler: it is in the log of the own service once this resolves. Of a subscription: what `react` returns. */
export interface Told extends PromiseLike<void> {
  readonly kind: "told";
}

/**
 * The same address, durable: told commands of one sender reach one entity in order, each is applied once, whatever crashes, and
 * however long the entity is away (ADR 0013). Whoever tells gets no answer.
 */
export type Tell = <D>(
  contract: Contract<D>,
  ...key: Address<D>
) => {
  readonly [K in keyof Part<D, "commands">]: (
    ...input: In<Part<D, "commands">[K]> extends Schema ? [input: Deep<Given<In<Part<D, "commands">[K]>>>] : []
  ) => Told;
};
