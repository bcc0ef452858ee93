// References: a contract as a value, and its operations and topics as values one can point at (`Stock.reserve`). They
// are plain frozen data; calling goes through an address (call.ts).
import type { Json } from "./json.ts";
import type { Access, Operation, Part } from "./operation.ts";
import type { Schema, Taken } from "./schema.ts";
import type { Table } from "./table.ts";

/**
 * The compiled checks of one operation. Each returns a deeply frozen private copy of the output form, so that nothing
 * mutable is shared across a boundary, or throws a `Failure`: INVALID_INPUT, or INVALID_REPLY for what an implementation
 * gives out, with an issue per finding; INVALID_DEFINITION if the schema does not validate synchronously.
 */
export interface OperationChecks {
  input(value: unknown): Json;
  reply(value: unknown): Json;
  rejection(name: string, details: unknown): Json;
}

/** A command or a query of a contract. */
export interface OpRef<D, O, K extends "command" | "query" = "command" | "query"> {
  readonly kind: K;
  readonly contract: Contract<D>;
  readonly name: string;
  readonly operation: O;
  readonly access: Access;
  readonly checks: OperationChecks;
}

/** Carries the type of a topic's messages; there is no such member at run time. */
declare const message: unique symbol;

/** What a contract publishes under one name. */
export interface TopicRef<D, M> {
  readonly kind: "topic";
  readonly contract: Contract<D>;
  readonly name: string;
  readonly schema: Schema;
  readonly access: Access;
  /** INVALID_REPLY if the implementation publishes something else. */
  readonly check: (value: unknown) => Json;
  readonly [message]?: M;
}

/** Any operation, as code that serves all contracts sees it. */
export interface AnyOpRef {
  readonly kind: "command" | "query";
  readonly contract: AnyContract;
  readonly name: string;
  readonly operation: Operation;
  readonly access: Access;
  readonly checks: OperationChecks;
}

export interface AnyTopicRef {
  readonly kind: "topic";
  readonly contract: AnyContract;
  readonly name: string;
  readonly schema: Schema;
  readonly access: Access;
  readonly check: (value: unknown) => Json;
}

/** A contract's own data, under the one name that no operation may take. Decoded once, when it is defined. */
export interface ContractHead<D> {
  readonly name: string;
  readonly version: number;
  readonly definition: D;
  /** True if entities implement it, one per key. */
  readonly keyed: boolean;
  /**
   * The canonical key of an address: checked by the contract's schema, 1 to 512 UTF-16 units of well-formed text without
   * NUL, so that every store tells different keys apart. INVALID_INPUT. A contract without a key takes undefined only, and returns "".
   */
  readonly checkKey: (key: unknown) => string;
  /** Commands, then queries, each in the order of the definition. */
  readonly operations: Table<AnyOpRef>;
  readonly topics: Table<AnyTopicRef>;
}

export interface AnyContract {
  readonly $: ContractHead<unknown>;
}

/** What a service promises: a reference per operation and topic, and `$`. */
export type Contract<D> = { readonly $: ContractHead<D> } & {
  readonly [K in keyof Part<D, "commands">]: OpRef<D, Part<D, "commands">[K], "command">;
} & { readonly [K in keyof Part<D, "queries">]: OpRef<D, Part<D, "queries">[K], "query"> } & {
  readonly [K in keyof Part<D, "topics">]: TopicRef<D, Taken<Part<D, "topics">[K]>>;
};
