// What a contract says, as plain data, and what the type system reads out of it. The checks that need values are in
// definition-check.ts.
import type { Given, KeySchema, Schema, Taken } from "./schema.ts";

/** A command or a query: the forms of its input, its reply and its rejections. What is absent is nothing at all. */
export interface Operation {
  readonly in?: Schema;
  readonly out?: Schema;
  readonly rejects?: { readonly [name: string]: Schema };
}

/** "any" service, or these; an empty list, like no entry, leaves an operation to the own service. */
export type Access = "any" | readonly string[];

export interface Definition {
  /** Whole number from 1. Two versions of a contract can be live at the same address. */
  readonly version: number;
  /** Present if the contract is implemented by entities: one per key. */
  readonly key?: KeySchema;
  readonly commands?: { readonly [name: string]: Operation };
  readonly queries?: { readonly [name: string]: Operation };
  readonly topics?: { readonly [name: string]: Schema };
  readonly access?: { readonly [name: string]: Access };
}

/** One section of a definition; the empty one if it is absent. */
export type Part<D, P extends "commands" | "queries" | "topics" | "access"> = D extends { readonly [K in P]: infer X } ? X : {};

/** Commands and queries by name. */
export type Ops<D> = Part<D, "commands"> & Part<D, "queries">;

type Names<D> = keyof Part<D, "commands"> | keyof Part<D, "queries"> | keyof Part<D, "topics">;

/** References get awaited, compared and written as JSON: these names would answer for them. */
export type Reserved = "then" | "catch" | "finally" | "toJSON" | "constructor" | "$";

declare const mistake: unique symbol;

/** Nothing fits it: where it is the expected type, the compiler's message says what is wrong. */
export interface Mistake<Culprit, What extends string> {
  readonly [mistake]: readonly [Culprit, What];
}

/** The rules between the parts of a definition that can be told before it runs. */
export type Checked<D> = {
  readonly access?: {
    readonly [K in keyof Part<D, "access">]: K extends Names<D> ? Access : Mistake<K, "is no command, query or topic of this contract">;
  };
  readonly commands?: {
    readonly [K in keyof Part<D, "commands">]: K extends Reserved ? Mistake<K, "is reserved: references get awaited"> : Operation;
  };
  readonly queries?: {
    readonly [K in keyof Part<D, "queries">]: K extends Reserved
      ? Mistake<K, "is reserved: references get awaited">
      : K extends keyof Part<D, "commands">
        ? Mistake<K, "is a command already">
        : Operation;
  };
  readonly topics?: {
    readonly [K in keyof Part<D, "topics">]: K extends Reserved
      ? Mistake<K, "is reserved: references get awaited">
      : K extends keyof Ops<D>
        ? Mistake<K, "is a command or a query already">
        : Schema;
  };
};

/** The schema of an operation's input, or void. */
export type In<O> = O extends { readonly in: infer S } ? S : void;

/** The reply as its receiver reads it. */
export type Reply<O> = O extends { readonly out: infer S } ? Taken<S> : void;

/** The reply as the implementation writes it. */
export type ReplyGiven<O> = O extends { readonly out: infer S } ? Given<S> : void;

/** Details of an operation's rejections, by name, as their receiver reads them. */
export type Rejects<O> = O extends { readonly rejects: infer R } ? { [K in keyof R]: Taken<R[K]> } : {};
