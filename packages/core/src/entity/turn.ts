// How the functions of an entity look to the one who writes them. Types only; the kernel stands behind them at run time.
import type { Deep, Given, In, Json, Moment, Part, Reject, Rejection, ReplyGiven, Schema, Taken } from "../contract/index.ts";

/** Marks what ends a decision, so that one cannot be forgotten; there is no such member at run time. */
declare const replied: unique symbol;

/** What `decide` returns: the turn, once it has been answered. */
export interface Decision {
  readonly [replied]: true;
}

/** A turn after its first event: it can emit more and reply, but no longer reject. */
export interface Emitting<S, E, O> {
  emit<K extends keyof E>(event: K, data: Deep<Given<E[K]>>): Emitted<S, E, O>;
  /** A function gets the state after the events. */
  reply(value: Deep<ReplyGiven<O>> | ((after: Deep<S>) => Deep<ReplyGiven<O>>)): Decision;
}

/** Where the operation has no `out`, emitting is answer enough. */
export type Emitted<S, E, O> = Emitting<S, E, O> & (O extends { readonly out: Schema } ? {} : Decision);

/** What `decide` gets: it collects events, in order, and ends with exactly one answer. Of no use after `decide` has returned. */
export interface Turn<S, E, O> extends Moment {
  /** `data` is stored in the form given here, and on disk before the answer leaves. */
  emit<K extends keyof E>(event: K, data: Deep<Given<E[K]>>): Emitted<S, E, O>;
  reply(...value: O extends { readonly out: Schema } ? [Deep<ReplyGiven<O>>] : []): Decision;
  readonly reject: Reject<O, Decision>;
}

/** What a query gets beside state and input. */
export interface Question<O> extends Moment {
  readonly reject: Reject<O, Rejection>;
}

/** A function per command of `D`. */
export type Decide<D, E, S> = {
  readonly [C in keyof Part<D, "commands">]: (
    state: Deep<S>,
    command: Taken<In<Part<D, "commands">[C]>>,
    turn: Turn<S, E, Part<D, "commands">[C]>,
  ) => Decision;
};

/** A function per event; `at.version` is the event's own. */
export type Evolve<E, S> = { readonly [K in keyof E]: (state: Deep<S>, event: Deep<Taken<E[K]>>, at: Moment) => Deep<S> };

/** A function per query of `D`. */
export type Queries<D, S> = {
  readonly [Q in keyof Part<D, "queries">]: (
    state: Deep<S>,
    query: Taken<In<Part<D, "queries">[Q]>>,
    q: Question<Part<D, "queries">[Q]>,
  ) => Deep<ReplyGiven<Part<D, "queries">[Q]>> | Rejection;
};

/** Per topic of `D`, the events that others may see of it and what they see; undefined publishes nothing. */
export type Publish<D, E, S> = {
  readonly [T in keyof Part<D, "topics">]: {
    readonly [K in keyof E]?: (event: Deep<Taken<E[K]>>, state: Deep<S>, at: Moment) => Deep<Given<Part<D, "topics">[T]>> | undefined;
  };
};

/** Steps that lift the stored data of an event from its version 1, 2, … to the present one. */
export type Upcast<E> = {
  // `never` takes any annotation: only the author knows what an old version looked like, and says so.
  readonly [K in keyof E]?: readonly ((old: never) => Json)[];
};
