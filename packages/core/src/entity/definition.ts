// `entity`: the definition of a stateful, addressable unit as records of pure, synchronous functions. Here it is typed
// and checked for completeness; the kernel runs it.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { Failure } from "../base/failure.ts";
import { checkFunctions, checkMembers, checkOf, frozenCopy, isMemberName, isSchema, memberNameRule, tableOf } from "../contract/index.ts";
import type { AnyContract, Contract, Given, Implementation, Json, Moment, Part, Schema, Table, Taken } from "../contract/index.ts";
import type { Decide, Evolve, Publish, Queries, Upcast } from "./turn.ts";

/** An entity's functions as code that serves all entities sees them: complete, with the types that the definition proved taken off. */
export interface EntityBehaviour {
  readonly state: Schema;
  /** In the input form of `state`, which it satisfies. */
  readonly initial: Json;
  readonly events: Table<Schema>;
  readonly decide: Table<(state: unknown, command: unknown, turn: unknown) => unknown>;
  readonly evolve: Table<(state: unknown, event: unknown, at: Moment) => unknown>;
  readonly queries: Table<(state: unknown, query: unknown, q: unknown) => unknown>;
  readonly publish: Table<Table<(event: unknown, state: unknown, at: Moment) => unknown>>;
  /** An event with n steps is at version n + 1; step i turns version i + 1 into i + 2. */
  readonly upcast: Table<readonly ((old: unknown) => unknown)[]>;
  /**
   * When the entity is to be woken, as a pure function of its state (wall clock, ms); undefined: not at all (ADR 0014). No
   * member of the public `entity`: what runs inside the platform adds it to a definition.
   */
  readonly alarm?: (state: unknown) => number | undefined;
  /**
   * Its records keep the trace of their command, as those that publish do: others go on because of them (ADR 0041). No member of the public
   * `entity` either.
   */
  readonly traced?: true;
}

export interface AnyEntity extends Implementation {
  readonly kind: "entity";
  readonly how: EntityBehaviour;
}

export interface Entity<D, E, S> extends AnyEntity {
  readonly contract: Contract<D>;
  readonly events: E;
  readonly state: StandardSchemaV1<Json, S>;
}

/** A member `K` of type `V`, required exactly if the contract's section `T` is not empty. */
type Need<T, K extends string, V> = keyof T extends never ? {} : { readonly [P in K]: V };

/**
 * Implements a contract that has a key: one entity per key, one command at a time, its state the fold of its own events.
 * `decide`, `evolve` and `queries` are pure and synchronous: they may run again on the same input, and what they need from
 * outside comes in the command. Throws `Failure` INVALID_DEFINITION if something that the contract or the events ask for is
 * missing, or `initial` is not a state.
 */
export function entity<D, E extends { readonly [name: string]: Schema }, St extends Schema>(
  contract: Contract<D>,
  how: {
    readonly state: St;
    readonly initial: NoInfer<Given<St>>;
    /** Private to the entity. An event is stored for ever: its form changes by adding to `upcast`. */
    readonly events: E;
    readonly upcast?: Upcast<E>;
  } & NoInfer<
    { readonly decide: Decide<D, E, Taken<St>>; readonly evolve: Evolve<E, Taken<St>> } & Need<
      Part<D, "queries">,
      "queries",
      Queries<D, Taken<St>>
    > &
      Need<Part<D, "topics">, "publish", Publish<D, E, Taken<St>>>
  >,
): Entity<D, E, Taken<St>> {
  const behaviour = behaviourOf(contract, how as unknown as Partial<EntityBehaviour>);
  const state = how.state as unknown as StandardSchemaV1<Json, Taken<St>>;
  return Object.freeze({ kind: "entity", contract, events: how.events, state, how: behaviour });
}

function behaviourOf(contract: AnyContract, how: Partial<EntityBehaviour>): EntityBehaviour {
  const { name, keyed, operations, topics } = contract.$;
  const at = `entity ${name}`;
  const refuse = (what: string, cause?: unknown): never => {
    throw new Failure("INVALID_DEFINITION", { what, at, cause });
  };
  checkMembers(how, { at, of: "an entity", members: ["state", "initial", "events", "upcast", "decide", "evolve", "queries", "publish"] });
  if (!keyed) refuse("the contract has no key, and an entity is found by one: give the contract a `key`, or implement it with handlers");
  const { state, initial, events = {}, decide = {}, evolve = {}, queries = {}, publish = {}, upcast = {} } = how;
  if (!isSchema(state)) return refuse("`state` is not a schema (Standard Schema v1)");
  for (const [event, schema] of Object.entries(events)) {
    if (!isMemberName(event)) refuse(`event "${event}": ${memberNameRule}`);
    if (!isSchema(schema)) refuse(`event "${event}" is not a schema (Standard Schema v1) of its data`);
  }
  const namesOf = (kind: "command" | "query"): readonly string[] =>
    Object.values(operations).flatMap((operation) => (operation.kind === kind ? [operation.name] : []));
  checkFunctions(decide, { at, section: "decide", per: "command", names: namesOf("command") });
  checkFunctions(evolve, { at, section: "evolve", per: "event", names: Object.keys(events) });
  checkFunctions(queries, { at, section: "queries", per: "query", names: namesOf("query") });
  checkPublish(publish, Object.keys(topics), events, refuse);
  checkUpcast(upcast, events, refuse);
  try {
    checkOf(state, `${at} initial`)(initial);
  } catch (cause) {
    refuse(`\`initial\` is not a state: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  return Object.freeze({
    state,
    initial: frozenCopy(initial),
    events: tableOf(events),
    decide: tableOf(decide),
    evolve: tableOf(evolve),
    queries: tableOf(queries),
    publish: tableOfEach(publish, tableOf),
    upcast: tableOfEach(upcast, (steps) => Object.freeze([...steps])),
  });
}

type Refuse = (what: string) => never;

function checkPublish(
  publish: EntityBehaviour["publish"],
  topics: readonly string[],
  events: EntityBehaviour["events"],
  refuse: Refuse,
): void {
  for (const topic of topics)
    if (!Object.hasOwn(publish, topic)) refuse(`\`publish\` lacks "${topic}": every topic needs to say what it publishes`);
  for (const [topic, reactions] of Object.entries(publish)) {
    if (!topics.includes(topic)) refuse(`\`publish\` names "${topic}", which is no topic of the contract`);
    if (typeof reactions !== "object" || reactions === null) refuse(`\`publish.${topic}\` is not an object of functions`);
    for (const [event, reaction] of Object.entries(reactions)) {
      if (!Object.hasOwn(events, event)) refuse(`\`publish.${topic}\` names "${event}", which is no event here`);
      if (typeof reaction !== "function") refuse(`\`publish.${topic}.${event}\` is not a function`);
    }
  }
}

function checkUpcast(upcast: EntityBehaviour["upcast"], events: EntityBehaviour["events"], refuse: Refuse): void {
  for (const [event, steps] of Object.entries(upcast)) {
    if (!Object.hasOwn(events, event)) refuse(`\`upcast\` names "${event}", which is no event here`);
    if (!Array.isArray(steps) || !steps.every((step) => typeof step === "function"))
      refuse(`\`upcast.${event}\` is not a list of functions`);
  }
}

const tableOfEach = <T>(record: Table<T>, copy: (value: T) => T): Table<T> =>
  tableOf(Object.fromEntries(Object.entries(record).map(([name, value]) => [name, copy(value)])));
