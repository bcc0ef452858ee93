// Answers: what comes back from a call that was carried out. A rejection is a value of the contract, not an error; what
// prevented an answer is a `Failure` and is thrown.
import type { Rejects, Reply } from "./operation.ts";
import type { Deep } from "./json.ts";
import type { Given } from "./schema.ts";

/** Ties an answer to its operation, for whoever handles answers of many; there is no such member at run time. */
declare const answer: unique symbol;

export interface Replied<O> {
  readonly [answer]: O;
  readonly rejected?: undefined;
  readonly reply: Reply<O>;
}

export interface Rejected<O, K extends keyof Rejects<O>> {
  readonly [answer]: O;
  readonly rejected: K;
  readonly details: Rejects<O>[K];
}

/** The reply itself where nothing can be rejected; else a union one has to look into before the reply is in reach. */
export type Answer<O> = [keyof Rejects<O>] extends [never]
  ? Reply<O>
  : Replied<O> | { [K in keyof Rejects<O>]: Rejected<O, K> }[keyof Rejects<O>];

/** The operation that an answer belongs to; never for a plain reply. */
export type AnswerOf<T> = T extends { readonly [answer]: infer O } ? O : never;

/** Marks what `reject` returns, so that a rejection cannot be mistaken for a reply. */
declare const rejection: unique symbol;

/** A rejection on its way out of an implementation, which returns it: only `reject` makes one. */
export interface Rejection {
  readonly [rejection]: true;
}

/** Rejects with one of the operation's declared rejections. */
export type Reject<O, R> = <K extends keyof Rejects<O>>(
  name: K,
  details: Deep<Given<O extends { readonly rejects: infer X } ? X[K & keyof X] : never>>,
) => R;
