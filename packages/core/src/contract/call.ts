// Calls: how one speaks to a contract at an address. Types only; who carries a call is decided where the system is
// composed.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "../base/duration.ts";
import type { Answer } from "./answer.ts";
import type { Deep } from "./json.ts";
import type { In, Ops, Part } from "./operation.ts";
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
