// `readModel`: queries over SQL tables that are a fold of logs and topics. Here it is typed and checked for completeness; the
// host runs it.
import type { Compilable, Kysely } from "kysely";
import {
  type AnyContract,
  type AnyTopicRef,
  checkFunctions,
  checkMembers,
  type Contract,
  type Deep,
  type In,
  isMemberName,
  memberNameRule,
  type Moment,
  type Part,
  type Reject,
  type Rejection,
  type ReplyGiven,
  type Table,
  tableOf,
  type Taken,
  type TopicRef,
} from "@atoll/core/contract";
import type { AnyEntity, Entity } from "@atoll/core/entity";
import { type ExtensionPart, Failure, type Message, type ServiceRoom } from "@atoll/core/extension";
import type { Statement } from "@atoll/core/tables";
import type { Reaction, ReadModelBehaviour } from "./behaviour.ts";
import { ReadModelHost } from "./host.ts";
import { compilingKysely } from "./kysely.ts";
import { ReadModelReader } from "./reader.ts";
import { definitions, statementsOf } from "./statement.ts";
import type { Tables } from "./tables.ts";

type Source = Entity<unknown, unknown, unknown> | TopicRef<unknown, unknown>;
/** What a handler returns: statements that run in one transaction with the position of their event. */
type Statements = Compilable | readonly Compilable[] | undefined;

export interface ReadModel<D> extends ExtensionPart {
  readonly contract: Contract<D>;
  readonly how: ReadModelBehaviour;
}

/**
 * Implements a contract of queries. Each event of a source is applied exactly once, in the order of its entity, in one
 * transaction with its position (laws P1, P2); an event that cannot be applied parks its entity, not the read model (P4).
 * Between entities there is no order: statements of different ones must not depend on it. `on` is pure and may run again on
 * the same event. Raise `version` whenever `tables`, `from` or `on` change: the new one is then built from the first event on.
 * Throws `Failure` INVALID_DEFINITION.
 */
export function readModel<D, DB, const F extends { readonly [alias: string]: Source }>(
  contract: Contract<D>,
  how: {
    /** Whole number from 1. A higher one is built from the beginning of its logs, in a file of its own. */
    readonly version: number;
    readonly tables: Tables<DB>;
    /** Entities of the same service, whose events are seen, and topics of any. */
    readonly from: F;
    readonly on: NoInfer<{
      readonly [A in keyof F]: F[A] extends Entity<unknown, infer E, unknown>
        ? { readonly [K in keyof E]?: (db: Kysely<DB>, event: Deep<Taken<E[K]>>, at: Moment) => Statements }
        : F[A] extends TopicRef<unknown, infer M>
          ? (db: Kysely<DB>, message: Deep<M>, at: Moment) => Statements
          : never;
    }>;
    /** Read only. Each statement sees the tables after whole events; two statements may see different states. */
    readonly queries: NoInfer<{
      readonly [Q in keyof Part<D, "queries">]: (
        db: Kysely<DB>,
        input: Taken<In<Part<D, "queries">[Q]>>,
        q: Moment & { readonly reject: Reject<Part<D, "queries">[Q], Rejection> },
      ) => Promise<Deep<ReplyGiven<Part<D, "queries">[Q]>> | Rejection>;
    }>;
  },
): ReadModel<D> {
  const behaviour = behaviourOf(contract, how);
  const part: ReadModel<D> = Object.freeze({
    kind: "readModel",
    contract,
    how: behaviour,
    open: (room: ServiceRoom) => ReadModelHost.open(contract, behaviour, room),
    read: (room: ServiceRoom, host: (message: Message) => void) => new ReadModelReader(contract, behaviour, room, host),
  });
  return part;
}

type Refuse = (what: string, cause?: unknown) => never;

function behaviourOf(contract: AnyContract, how: { readonly [member: string]: unknown }): ReadModelBehaviour {
  const { name, keyed, operations, topics } = contract.$;
  const at = `read model ${name}`;
  const refuse: Refuse = (what, cause) => {
    throw new Failure("INVALID_DEFINITION", { what, at, cause });
  };
  checkMembers(how, { at, of: "a read model", members: ["version", "tables", "from", "on", "queries"] });
  if (keyed) refuse("the contract has a key, and a read model is one for all: take the key out, or implement it with an entity");
  for (const topic of Object.keys(topics)) refuse(`topic "${topic}": topics are published by entities, a read model has no events`);
  for (const { kind, name: command } of Object.values(operations))
    if (kind === "command") refuse(`command "${command}": a read model answers queries only`);
  const { version, tables, from = {}, on = {}, queries = {} } = how;
  if (!Number.isSafeInteger(version) || (version as number) < 1) return refuse("`version` is a whole number from 1");
  const sources = tableOf(from as Table<AnyEntity | AnyTopicRef>);
  if (Object.keys(sources).length === 0) refuse("`from` is empty: a read model is folded from something");
  for (const [alias, source] of Object.entries(sources)) {
    const kind: unknown = (source as Partial<AnyEntity | AnyTopicRef> | undefined)?.kind;
    if (!isMemberName(alias)) refuse(`source "${alias}": ${memberNameRule}`);
    if (kind !== "entity" && kind !== "topic") refuse(`source "${alias}" is neither what entity() returned nor a topic of a contract`);
  }
  checkFunctions(queries, { at, section: "queries", per: "query", names: Object.keys(operations) });
  return Object.freeze({
    version: version as number,
    create: createOf(tables, at, refuse),
    from: sources,
    on: reactionsOf(on, sources, at, refuse),
    queries: tableOf(queries as ReadModelBehaviour["queries"]),
  });
}

function createOf(tables: unknown, at: string, refuse: Refuse): readonly Statement[] {
  const { kind, create } = (tables ?? {}) as Partial<Tables<unknown>>;
  if (kind !== "tables" || typeof create !== "function") return refuse("`tables` is not what tables() returned");
  try {
    return statementsOf(create(compilingKysely(() => undefined)), definitions, `${at} tables`);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    return refuse(`\`tables\` threw: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function reactionsOf(on: unknown, from: ReadModelBehaviour["from"], at: string, refuse: Refuse): ReadModelBehaviour["on"] {
  if (typeof on !== "object" || on === null) return refuse("`on` is not an object");
  for (const alias of Object.keys(on)) if (!(alias in from)) refuse(`\`on\` names "${alias}", which is no source in \`from\``);
  const reactions: Record<string, Table<Reaction>> = {};
  for (const [alias, source] of Object.entries(from)) {
    const given = (on as { readonly [alias: string]: unknown })[alias];
    if (given === undefined) return refuse(`\`on\` lacks "${alias}": say what becomes of its events, {} for nothing`);
    if (source.kind === "topic") {
      if (typeof given !== "function") return refuse(`\`on.${alias}\` is not a function of the topic's message`);
      reactions[alias] = tableOf({ [source.name]: given as Reaction });
      continue;
    }
    const events = Object.keys(source.how.events);
    checkFunctions(given, { at, section: `on.${alias}`, per: "event", names: events.filter((event) => Object.hasOwn(given ?? {}, event)) });
    reactions[alias] = tableOf(given as Table<Reaction>);
  }
  return tableOf(reactions);
}
