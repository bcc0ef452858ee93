// Finds who implements a contract and hands the message over: the one way in, for references, gateway and operator
// alike. Access is checked here, at the receiver, and input by the receiver's own schema.
import { Failure } from "../base/failure.ts";
import { type AnyContract, type AnyOpRef, versionName } from "../contract/index.ts";
import type { Told } from "../journal/index.ts";
import { addressOf, Inbox, Message, type MessageAnswer, type Session, type Spread, traceField } from "../mailbox/index.ts";
import type { Counter, Runtime } from "../runtime/index.ts";
import { Broadcast, type Each, type Instance } from "./broadcast.ts";

/** Speaks for whoever runs the system; may call everything. */
export const operator = "operator";

/** Deadline of a call that names none. */
export const defaultWithinMs = 10_000;

/** UTF-16 units. */
const commandIdLengthMax = 256;

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const aheadMsMax = 86_400_000;
const noIdentity = { id: "", minted: 0, timeless: false };

export interface Receiver {
  receive(message: Message): void;
}

export interface Call {
  readonly to: AnyOpRef;
  readonly key: unknown;
  readonly input: unknown;
  readonly caller: string;
  /** Undefined: a fresh one, for a command. */
  readonly id: string | undefined;
  readonly minted: number | undefined;
  /** The durable tell by which a command comes. */
  readonly told?: Told | undefined;
  readonly withinMs: number;
  readonly read: "strong" | "local";
  readonly session: Session | undefined;
  /** Over the instances of a service without keys; undefined: as the service that calls says, or the least loaded. */
  readonly spread?: Spread | undefined;
  /** The `traceparent` of what it is asked for. */
  readonly trace?: string | undefined;
  /** Takes it if it cannot be served here: see `Message.onReturned`. */
  readonly returned?: (taken: boolean) => void;
}

/** Takes a call towards its receiver: the router, or what stands before it for a service that says how it calls. */
export interface Sender {
  /** Settles exactly once, perhaps before it returns. What it returns gives the call up; undefined: it has settled. */
  send(
    call: Call,
    resolve: (answer: MessageAnswer) => void,
    reject: (failure: Failure) => void,
  ): Pick<Message, "settled" | "fail"> | undefined;
  /** To every instance of a service without keys (E1 to E4). As `send` otherwise. */
  sendEach(
    call: Call,
    resolve: (each: readonly Each[]) => void,
    reject: (failure: Failure) => void,
  ): Pick<Message, "settled" | "fail"> | undefined;
}

/** Where a contract is implemented. */
export type Runs = "here" | "shared" | "elsewhere";

interface Route {
  readonly service: string;
  readonly contract: AnyContract;
  readonly receiver: Receiver;
  /** "elsewhere": other nodes run it, and check who calls. "shared": other nodes run it as well, so that a message may end up there. */
  readonly runs: Runs;
  readonly doors: ReadonlyMap<string, Door>;
  /** All that there are now; undefined where it does not matter who of them is asked, or only one can answer. */
  readonly instances: (() => readonly Instance[]) | undefined;
}

/** The receiver's own form of an operation, and the callers that may use it; undefined: everybody. */
interface Door {
  readonly to: AnyOpRef;
  readonly allowed: ReadonlySet<string> | undefined;
}

export class Router implements Sender {
  readonly inbox: Inbox;
  readonly #runtime: Runtime;
  readonly #routes = new Map<string, Route>();
  /** Further versions of contracts, by name and version. */
  readonly #versions = new Map<string, Route>();
  readonly #denied: Counter;
  #draining = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    const { metrics } = runtime;
    this.inbox = new Inbox(
      metrics.counter("atoll_answers_late_total", "Answers that came after their message was settled, and were dropped."),
    );
    metrics.gauge("atoll_messages_waiting", "Messages that wait for their answer.", {}, () => this.inbox.waiting);
    this.#denied = metrics.counter("atoll_access_denied_total", "Calls that the contract's access does not allow.");
  }

  add(service: string, contract: AnyContract, receiver: Receiver, runs: Runs = "here", instances?: () => readonly Instance[]): void {
    const doors = new Map<string, Door>();
    for (const to of Object.values(contract.$.operations)) {
      const { name, access } = to;
      doors.set(name, { to, allowed: access === "any" || runs === "elsewhere" ? undefined : new Set([...access, service, operator]) });
    }
    const { name, version } = contract.$;
    const route = { service, contract, receiver, runs, doors, instances };
    this.#versions.set(versionName(name, version), route);
    if (!this.#routes.has(name)) this.#routes.set(name, route);
  }

  /** As its service implements it. */
  contract(name: string): AnyContract | undefined {
    return this.#routes.get(name)?.contract;
  }

  /** Of a contract that this node implements, in this version. */
  operation(contract: string, version: number, name: string): AnyOpRef | undefined {
    const route = this.#versions.get(versionName(contract, version));
    return route && route.runs !== "elsewhere" ? route.doors.get(name)?.to : undefined;
  }

  /** From now on calls from outside are refused; what services still ask of each other goes through. */
  drain(): void {
    this.#draining = true;
  }

  /** Settles exactly once, later than it returns. */
  send(call: Call, resolve: (answer: MessageAnswer) => void, reject: (failure: Failure) => void): Message | undefined {
    let message: Message;
    let route: Route;
    try {
      route = this.#route(call);
      message = this.#message(call, route, resolve, reject);
    } catch (error) {
      reject(error as Failure);
      return undefined;
    }
    if (call.returned) message.onReturned = call.returned;
    route.receiver.receive(message);
    return message;
  }

  sendEach(call: Call, resolve: (each: readonly Each[]) => void, reject: (failure: Failure) => void): Broadcast | undefined {
    try {
      const route = this.#route(call);
      const instances = instancesToAsk(route, call.to);
      const calls = this.#callEach(call, instances);
      return Broadcast.send(instances, resolve, reject, ({ remote }, n, answered, failed) =>
        this.#message(calls[n] as Call, { ...route, runs: remote ? "elsewhere" : "here" }, answered, failed),
      );
    } catch (error) {
      reject(error as Failure);
      return undefined;
    }
  }

  /** What one instance does is another command than what the next one does: it has an identity of its own, the same when all is sent again. */
  #callEach(call: Call, instances: readonly Instance[]): readonly Call[] {
    if (call.to.kind === "query") return instances.map(() => call);
    const at = addressOf(call.to, "");
    const { id, minted, timeless } = this.#identity(call, at);
    return instances.map(({ node }) => {
      const one = { ...call, id: `${id}/${node}`, minted: timeless ? undefined : minted };
      this.#identity(one, at); // too long: refused before anything is sent
      return one;
    });
  }

  #route({ to, caller }: Call): Route {
    const { name, version } = to.contract.$;
    const route = this.#routes.get(name);
    if (!route) throw unavailable(to, `no service of this system implements contract "${name}"`);
    if (this.#draining && caller === operator) throw unavailable(to, "the system is stopping");
    if (route.contract.$.version === version) return route;
    const other = this.#versions.get(versionName(name, version));
    if (other) return other;
    throw unavailable(to, `service "${route.service}" implements version ${this.#versionsOf(name)} of contract "${name}", not ${version}`);
  }

  #versionsOf(name: string): string {
    const routes = [...this.#versions.values()].filter(({ contract }) => contract.$.name === name);
    return routes.map(({ contract }) => contract.$.version).join(" and ");
  }

  /** The operation as its receiver has it, for a caller who may use it. */
  #operation({ to, caller, trace }: Call, route: Route): AnyOpRef {
    const door = route.doors.get(to.name);
    if (door?.allowed && !door.allowed.has(caller)) {
      const at = addressOf(to, "");
      this.#denied.add(1);
      this.#runtime.logger.log("warn", "access.denied", { caller, operation: at, ...traceField(trace) });
      throw new Failure("ACCESS_DENIED", { what: `service "${caller}" is not listed for it`, at });
    }
    if (door?.to.kind !== to.kind) {
      throw new Failure("UNAVAILABLE", { what: `contract "${route.contract.$.name}" has no ${to.kind} "${to.name}"`, at: to.name });
    }
    return door.to;
  }

  #message(call: Call, route: Route, resolve: (answer: MessageAnswer) => void, reject: (failure: Failure) => void): Message {
    const to = this.#operation(call, route);
    const key = route.contract.$.checkKey(call.key);
    const input = to.checks.input(call.input);
    const given = route.runs === "here" || call.returned ? undefined : textOf(call.input, addressOf(to, key));
    const identity = to.kind === "query" ? noIdentity : this.#identity(call, addressOf(to, key));
    const { caller, told, withinMs, read, session, spread, trace } = call;
    const { id, minted, timeless } = identity; // not spread: this is the hot path of every ask
    const init = { to, key, input, given, caller, id, minted, timeless, told, withinMs, read, session, spread, trace };
    return new Message(init, this.inbox, resolve, reject);
  }

  #identity({ id, minted }: Call, at: string): typeof noIdentity {
    const now = this.#runtime.clock.now();
    if (id === undefined) return { id: this.#runtime.random.id(), minted: now, timeless: false };
    if (typeof id !== "string" || id === "" || id.length > commandIdLengthMax) {
      throw new Failure("INVALID_INPUT", { what: `a command id is a text of 1 to ${commandIdLengthMax} characters`, at });
    }
    const known = minted ?? mintedIn(id);
    // A time far ahead would, once forgotten, refuse whatever comes until then.
    return known === undefined || known > now + aheadMsMax ? { id, minted: now, timeless: true } : { id, minted: known, timeless: false };
  }
}

const unavailable = (to: AnyOpRef, what: string): Failure => new Failure("UNAVAILABLE", { what, at: addressOf(to, "") });

/** Throws if these are not whom to ask, or if there is none. */
function instancesToAsk({ service, contract, instances }: Route, to: AnyOpRef): readonly Instance[] {
  const refuse = (what: string): never => {
    throw new Failure("INVALID_INPUT", { what, at: addressOf(to, "") });
  };
  const { name, keyed } = contract.$;
  if (keyed) refuse(`contract "${name}" has keys, so that each address is one: ask it with \`at\``);
  if (!instances) return refuse(`contract "${name}" is answered where the log of service "${service}" is open: ask it with \`at\``);
  const all = instances();
  if (all.length === 0) throw unavailable(to, `no instance of service "${service}" is there now`);
  return all;
}

/** As it travels; whoever calls may change it from now on. */
function textOf(input: unknown, at: string): string | undefined {
  try {
    return JSON.stringify(input);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("INVALID_INPUT", { what: `it has no JSON: ${detail}`, at, issues: [{ pointer: "", detail }], cause });
  }
}

/** The time that a UUID of version 7 (RFC 9562) carries, wall clock ms. */
function mintedIn(id: string): number | undefined {
  return uuid7.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}
