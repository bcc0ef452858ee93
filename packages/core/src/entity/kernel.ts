// The pure part of an entity: how a command becomes events and an answer, how an event becomes state. No mailbox, no
// journal, no clock; the runtime of entities, the simulator and `given / when / then` all run exactly this.
import { assert, unreachable } from "../base/assert.ts";
import { Failure } from "../base/failure.ts";
import { fingerprint } from "../base/hash.ts";
import { checkOf, freezeDeep, frozenCopy, jsonSchema, type AnyOpRef, type Check, type Moment } from "../contract/index.ts";
import type { StoredEvent, StoredMessage } from "../journal/index.ts";
import type { AnyEntity } from "./definition.ts";

/** `given` is what the implementation wrote and the log stores, `taken` what the reader's schema made of it. */
export type Outcome =
  | { readonly kind: "reply"; readonly given: unknown; readonly taken: unknown }
  | { readonly kind: "rejection"; readonly name: string; readonly given: unknown; readonly taken: unknown };

export interface Question {
  /** Name of the command or query. */
  readonly name: string;
  /** Already validated by the contract. */
  readonly input: unknown;
  readonly key: string;
  /** Wall clock, ms; read at most once. */
  readonly now: number;
  readonly caller: string;
}

export interface Verdict {
  readonly events: readonly StoredEvent[];
  /** What the events publish, in their order. */
  readonly topics: readonly StoredMessage[];
  /** The entity's alarm from now on, as in a record: null for none any more, undefined if it is as before. */
  readonly alarm: number | null | undefined;
  readonly outcome: Outcome;
  /** State and version after the events. */
  readonly state: unknown;
  readonly version: number;
}

interface EventType {
  readonly name: string;
  readonly version: number;
  readonly check: Check;
  readonly evolve: (state: unknown, event: unknown, at: Moment) => unknown;
  readonly upcast: readonly ((old: unknown) => unknown)[];
  readonly publish: readonly Publication[];
}

/** What one topic says of an event. */
interface Publication {
  readonly topic: string;
  readonly check: (value: unknown) => unknown;
  readonly say: (event: unknown, state: unknown, at: Moment) => unknown;
}

interface QueryType {
  readonly operation: AnyOpRef;
  readonly run: (state: unknown, input: unknown, turn: unknown) => unknown;
}

export class EntityKernel {
  readonly type: string;
  /** Changes with the schemas of state and events and with the text of evolve and upcast: a snapshot of another one is not used. */
  readonly fingerprint: string;
  /** Every record keeps the trace of its command. */
  readonly traced: boolean;
  readonly #entity: AnyEntity;
  readonly #events = new Map<string, EventType>();
  readonly #queries = new Map<string, QueryType>();
  readonly #freeze: <T>(value: T) => T;
  readonly #initial: unknown;
  /** Characters of the initial state as JSON. */
  readonly initialLength: number;

  /** `freeze`: freeze every state, so that a callback that changes one throws where it does it. */
  constructor(entity: AnyEntity, freeze: boolean) {
    this.#entity = entity;
    this.type = entity.contract.$.name;
    this.traced = entity.how.traced ?? false;
    this.#freeze = freeze ? freezeDeep : (value) => value;
    this.#initial = checkOf(entity.how.state, `${this.type}: initial state`)(entity.how.initial);
    this.initialLength = JSON.stringify(this.#initial).length;
    const text: unknown[] = [this.type, entity.how.initial, jsonSchema(entity.how.state, "output")];
    for (const [name, schema] of Object.entries(entity.how.events)) {
      const evolve = entity.how.evolve[name];
      assert(evolve, "every event has an evolve");
      const upcast = entity.how.upcast[name] ?? [];
      const check = checkOf(schema, `${this.type}: event ${name}`);
      this.#events.set(name, { name, version: upcast.length + 1, check, evolve, upcast, publish: publicationsOf(entity, name) });
      text.push(name, jsonSchema(schema, "input"), String(evolve), upcast.map(String));
    }
    this.fingerprint = fingerprint(JSON.stringify(text));
    for (const [name, run] of Object.entries(entity.how.queries)) this.#queries.set(name, { operation: this.#operation(name), run });
  }

  initial(): unknown {
    return this.#initial;
  }

  /** Folds one stored event; `at.version` is the event's own. Throws what upcast, schema or evolve throw. */
  apply(state: unknown, event: StoredEvent, at: Moment): unknown {
    const type = this.#typeOf(event, at.key);
    return this.#evolve(type, state, this.#read(type, event), at);
  }

  /** The data of one stored event as this version of the program reads it. Throws what upcast or schema throw. */
  read(event: StoredEvent, key: string): unknown {
    return this.#read(this.#typeOf(event, key), event);
  }

  /** Runs `decide`. Throws `Failure` DEFECT for whatever the implementation does wrong; nothing has happened then. */
  decide(state: unknown, version: number, command: Question): Verdict {
    const decide = this.#entity.how.decide[command.name];
    assert(decide, "every command has a decide");
    const turn = new EntityTurn(this, this.#operation(command.name), state, version, command);
    let returned: unknown;
    try {
      returned = decide(state, command.input, turn);
    } catch (cause) {
      throw this.#defect(command, cause);
    }
    try {
      return turn.close(returned);
    } catch (cause) {
      throw this.#defect(command, cause);
    }
  }

  /** Runs a query on `state`. Throws DEFECT like `decide`. */
  query(state: unknown, version: number, query: Question): Outcome {
    const implemented = this.#queries.get(query.name);
    assert(implemented, "every query has an implementation");
    const { operation, run } = implemented;
    const turn = new QueryTurn(operation, version, query);
    try {
      const given = run(state, query.input, turn);
      const { rejected } = turn;
      if (rejected && given === rejected) return rejected;
      return { kind: "reply", given, taken: operation.checks.reply(given) };
    } catch (cause) {
      throw this.#defect(query, cause);
    }
  }

  /** @internal Appends to `topics` what the event publishes. */
  emit(
    state: unknown,
    name: string,
    data: unknown,
    at: Moment,
    topics: StoredMessage[],
  ): { readonly stored: StoredEvent; readonly state: unknown } {
    const type = this.#events.get(name);
    if (!type) throw new Failure("DEFECT", { what: `event "${name}" is not declared`, at: this.type });
    const event = type.check(data);
    const after = this.#evolve(type, state, event, at);
    for (const { topic, check, say } of type.publish) {
      const message = say(event, after, at);
      if (message === undefined) continue;
      check(message);
      topics.push([topic, frozenCopy(message)]);
    }
    return { stored: [name, type.version, data], state: after };
  }

  /**
   * @internal How the alarm changes between two states. Before its first event an entity has none: that nothing is stored of
   * it says nothing of what `alarm` makes of the initial state.
   */
  alarm(before: unknown, version: number, after: unknown): number | null | undefined {
    const { alarm } = this.#entity.how;
    if (!alarm) return undefined;
    const was = version === 0 ? undefined : this.#due(alarm(before));
    const is = this.#due(alarm(after));
    return was === is ? undefined : (is ?? null);
  }

  /** Whole milliseconds, never before the moment that was asked for. */
  #due(due: number | undefined): number | undefined {
    if (due === undefined) return undefined;
    const whole = Math.max(0, Math.ceil(due));
    if (!Number.isSafeInteger(whole)) throw new Failure("DEFECT", { what: `alarm returned ${due}, which is no moment`, at: this.type });
    return whole;
  }

  #typeOf([name, version]: StoredEvent, key: string): EventType {
    const type = this.#events.get(name);
    const at = `${this.type}/${key}`;
    if (!type) throw new Failure("DEFECT", { what: `the log holds an event "${name}" that this version does not declare`, at });
    if (version <= type.version) return type;
    const what = `the log holds version ${version} of event "${name}", this program knows up to ${type.version}: it was written by a newer one`;
    throw new Failure("DEFECT", { what, at });
  }

  #read(type: EventType, [, version, data]: StoredEvent): unknown {
    let current = data;
    for (let v = version; v < type.version; v++) current = (type.upcast[v - 1] as (old: unknown) => unknown)(current);
    return type.check(current);
  }

  #evolve(type: EventType, state: unknown, event: unknown, at: Moment): unknown {
    const next = type.evolve(state, event, at);
    if (next === undefined)
      throw new Failure("DEFECT", { what: `evolve of event "${type.name}" returned no state`, at: `${this.type}/${at.key}` });
    return this.#freeze(next);
  }

  #operation(name: string): AnyOpRef {
    const operation = this.#entity.contract.$.operations[name];
    assert(operation, "only operations of the contract are asked");
    return operation;
  }

  #defect(question: Question, cause: unknown): Failure {
    if (cause instanceof Failure && cause.code === "DEFECT") return cause;
    return new Failure("DEFECT", {
      what: cause instanceof Error ? cause.message : String(cause),
      at: `${this.type}/${question.key}.${question.name}`,
      cause,
    });
  }
}

function publicationsOf({ contract, how }: AnyEntity, event: string): readonly Publication[] {
  return Object.entries(how.publish).flatMap(([topic, reactions]) => {
    const say = reactions[event];
    const { check } = contract.$.topics[topic] ?? unreachable(undefined as never, "a topic of the contract");
    return say ? [{ topic, check, say }] : [];
  });
}

/** What a query gets beside state and input. Most use none of it: the clock is read, and `reject` made, when first asked for. */
class QueryTurn {
  readonly key: string;
  readonly version: number;
  readonly caller: string;
  rejected: Outcome | undefined = undefined;
  readonly #operation: AnyOpRef;
  readonly #question: Question;
  #now: number | undefined = undefined;

  constructor(operation: AnyOpRef, version: number, question: Question) {
    this.key = question.key;
    this.version = version;
    this.caller = question.caller;
    this.#operation = operation;
    this.#question = question;
  }

  /** One moment, however often it is asked for. */
  get now(): number {
    return (this.#now ??= this.#question.now);
  }

  /** Needs no `this`: implementations take it out of the turn. */
  get reject(): (name: string, given: unknown) => unknown {
    return (name, given) => (this.rejected = { kind: "rejection", name, given, taken: this.#operation.checks.rejection(name, given) });
  }
}

/** What `decide` gets: collects events, evolves as it goes, ends with one answer. Useless once `decide` has returned. */
class EntityTurn {
  readonly key: string;
  readonly version: number;
  readonly now: number;
  readonly caller: string;
  readonly #kernel: EntityKernel;
  readonly #operation: AnyOpRef;
  readonly #events: StoredEvent[] = [];
  readonly #topics: StoredMessage[] = [];
  readonly #question: Question;
  readonly #before: unknown;
  #state: unknown;
  #outcome: Outcome | undefined;
  #closed = false;

  constructor(kernel: EntityKernel, operation: AnyOpRef, state: unknown, version: number, question: Question) {
    this.key = question.key;
    this.version = version;
    this.now = question.now;
    this.caller = question.caller;
    this.#kernel = kernel;
    this.#operation = operation;
    this.#question = question;
    this.#before = state;
    this.#state = state;
  }

  emit(name: string, data: unknown): this {
    this.#open(`emit("${name}")`);
    const { key, now, caller } = this;
    const at = { key, version: this.version + this.#events.length + 1, now, caller };
    const { stored, state } = this.#kernel.emit(this.#state, name, data, at, this.#topics);
    this.#events.push(stored);
    this.#state = state;
    return this;
  }

  reply(value?: unknown): this {
    this.#open("reply");
    const given = typeof value === "function" ? (value as (after: unknown) => unknown)(this.#state) : value;
    this.#outcome = { kind: "reply", given: frozenCopy(given), taken: this.#operation.checks.reply(given) };
    return this;
  }

  reject(name: string, details: unknown): this {
    this.#open(`reject("${name}")`);
    if (this.#events.length > 0) throw this.#misuse(`reject("${name}") after emit: a rejected command has no events`);
    this.#outcome = { kind: "rejection", name, given: frozenCopy(details), taken: this.#operation.checks.rejection(name, details) };
    return this;
  }

  close(returned: unknown): Verdict {
    this.#closed = true;
    if (returned !== this) throw this.#misuse("decide must return, synchronously, what `turn.reply`, `turn.reject` or `turn.emit` gave it");
    if (!this.#outcome && this.#operation.operation.out) throw this.#misuse("decide returned without a reply");
    if (!this.#outcome && this.#events.length === 0) throw this.#misuse("decide returned without an event or an answer");
    const outcome = this.#outcome ?? { kind: "reply", given: undefined, taken: undefined };
    const version = this.version + this.#events.length;
    const alarm = this.#kernel.alarm(this.#before, this.version, this.#state);
    return { events: this.#events, topics: this.#topics, alarm, outcome, state: this.#state, version };
  }

  #open(what: string): void {
    if (this.#closed) throw this.#misuse(`${what} after decide has returned`);
    if (this.#outcome) throw this.#misuse(`${what} after the answer was given`);
  }

  #misuse(what: string): Failure {
    return new Failure("DEFECT", { what, at: `${this.#kernel.type}/${this.key}.${this.#question.name}` });
  }
}
