// Finds who implements a contract and hands the message over: the one way in, for references, gateway and operator
// alike. Access is checked here, at the receiver, and input by the receiver's own schema.
import { Failure } from "../base/failure.ts";
import type { AnyContract, AnyOpRef } from "../contract/index.ts";
import type { Told } from "../journal/index.ts";
import { addressOf, Inbox, Message, type MessageAnswer } from "../mailbox/index.ts";
import type { Counter, Runtime } from "../runtime/index.ts";

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
  readonly told?: Told;
  readonly withinMs: number;
  readonly read: "strong" | "local";
}

/** Takes a call towards its receiver: the router, or what stands before it for a service that says how it calls. */
export interface Sender {
  /** Settles exactly once, perhaps before it returns. What it returns gives the call up; undefined: it has settled. */
  send(
    call: Call,
    resolve: (answer: MessageAnswer) => void,
    reject: (failure: Failure) => void,
  ): Pick<Message, "settled" | "fail"> | undefined;
}

interface Route {
  readonly service: string;
  readonly contract: AnyContract;
  readonly receiver: Receiver;
  /** Callers that may use an operation, where not everybody may. */
  readonly allowed: ReadonlyMap<string, ReadonlySet<string>>;
}

export class Router implements Sender {
  readonly inbox = new Inbox();
  readonly #runtime: Runtime;
  readonly #routes = new Map<string, Route>();
  readonly #denied: Counter;
  #draining = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    const { metrics } = runtime;
    metrics.gauge("atoll_messages_waiting", "Messages that wait for their answer.", {}, () => this.inbox.waiting);
    metrics.gauge(
      "atoll_answers_late_total",
      "Answers that came after their message was settled, and were dropped.",
      {},
      () => this.inbox.late,
    );
    this.#denied = metrics.counter("atoll_access_denied_total", "Calls that the contract's access does not allow.");
  }

  add(service: string, contract: AnyContract, receiver: Receiver): void {
    const allowed = new Map<string, ReadonlySet<string>>();
    for (const { name, access } of Object.values(contract.$.operations)) {
      if (access !== "any") allowed.set(name, new Set([...access, service, operator]));
    }
    this.#routes.set(contract.$.name, { service, contract, receiver, allowed });
  }

  /** As its service implements it. */
  contract(name: string): AnyContract | undefined {
    return this.#routes.get(name)?.contract;
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
    route.receiver.receive(message);
    return message;
  }

  #route({ to, caller }: Call): Route {
    const { name, version } = to.contract.$;
    const route = this.#routes.get(name);
    const at = `${name}.${to.name}`;
    if (!route) throw new Failure("UNAVAILABLE", { what: `no service of this system implements contract "${name}"`, at });
    if (this.#draining && caller === operator) throw new Failure("UNAVAILABLE", { what: "the system is stopping", at });
    if (route.contract.$.version !== version) {
      throw new Failure("UNAVAILABLE", {
        what: `service "${route.service}" implements version ${route.contract.$.version} of contract "${name}", not ${version}`,
        at,
      });
    }
    const allowed = route.allowed.get(to.name);
    if (allowed && !allowed.has(caller)) {
      this.#denied.add(1);
      this.#runtime.logger.log("warn", "access.denied", { caller, operation: at });
      throw new Failure("ACCESS_DENIED", { what: `service "${caller}" is not listed for it`, at });
    }
    return route;
  }

  #message(call: Call, route: Route, resolve: (answer: MessageAnswer) => void, reject: (failure: Failure) => void): Message {
    const to = route.contract.$.operations[call.to.name];
    if (!to || to.kind !== call.to.kind)
      throw new Failure("UNAVAILABLE", {
        what: `contract "${route.contract.$.name}" has no ${call.to.kind} "${call.to.name}"`,
        at: call.to.name,
      });
    const key = route.contract.$.checkKey(call.key);
    const input = to.checks.input(call.input);
    const identity = to.kind === "query" ? noIdentity : this.#identity(call, addressOf(to, key));
    const { caller, told, withinMs, read } = call;
    const { id, minted, timeless } = identity; // not spread: this is the hot path of every ask
    return new Message({ to, key, input, caller, id, minted, timeless, told, withinMs, read }, this.inbox, resolve, reject);
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

/** The time that a UUID of version 7 (RFC 9562) carries, wall clock ms. */
function mintedIn(id: string): number | undefined {
  return uuid7.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}
