// The stage of a given / when / then for routes: the gateway that production opens, through the interface by which it opens it
// (@atoll/core/edge). Behind it stands no system: what is called is written down and comes to what the test says. The entities that
// the gateway itself keeps (Idempotency-Keys, requests answered 202) are real, in memory. No server, no clock, no disk.
import { Failure, type At } from "@atoll/core";
import type { AnyOpRef } from "@atoll/core/contract";
import { Session, type Edge, type EdgeAnswer, type EdgeCall, type EventSource, type Gateway } from "@atoll/core/edge";
import { EntityKernel, type AnyEntity } from "@atoll/core/entity";
import { VirtualWorld } from "@atoll/core/runtime/virtual";
import { stageBook } from "./stage-book.ts";

/** A call as it left the gateway. */
export interface Called {
  readonly to: AnyOpRef;
  readonly key: string;
  /** As its receiver takes it. */
  readonly input: unknown;
  /** "" for a query, and for a command whose request has no identity that a client could repeat. */
  readonly commandId: string;
}

/** What a call comes to. */
export type ComesTo = EdgeAnswer | Failure;

export interface Sent {
  readonly request: Request;
  /** Of the n-th call; throws what the test has told wrong. */
  readonly comesTo: (call: Called, n: number) => ComesTo;
  /** `r.id` of a request without an Idempotency-Key. */
  readonly id: string;
}

export interface Responded {
  readonly calls: readonly Called[];
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

const caller = "gateway";

/** Sends one request. Rejects with what `comesTo` threw. */
export async function respondTo(gateway: Gateway, sent: Sent): Promise<Responded> {
  await gateway.load?.();
  const world = new VirtualWorld({ seed: 1 });
  const edge = new EdgeStage(gateway, world, sent);
  const responded = await world.runUntil(edge.respond());
  for (const { error } of world.failures) throw error;
  return responded;
}

class EdgeStage implements Edge {
  readonly system = "given";
  readonly runtime: Edge["runtime"];
  readonly #gateway: Gateway;
  readonly #sent: Sent;
  readonly #own: ReadonlyMap<string, OwnEntity>;
  readonly #calls: Called[] = [];
  readonly #wrong: unknown[] = [];

  constructor(gateway: Gateway, world: VirtualWorld, sent: Sent) {
    const process = world.process("gateway");
    const { clock, timers, scheduler, network, logger, metrics, mode, random } = process;
    this.runtime = { clock, timers, scheduler, network, logger, metrics, mode, random: { next: () => random.next(), id: () => sent.id } };
    this.#gateway = gateway;
    this.#sent = sent;
    const entities = gateway.parts.filter((part): part is AnyEntity => part.kind === "entity");
    this.#own = new Map(entities.map((entity) => [entity.contract.$.name, new OwnEntity(entity)]));
  }

  async respond(): Promise<Responded> {
    const open = this.#gateway.open(this);
    const response = await open.fetch(this.#sent.request);
    const body = response.headers.get("content-type")?.startsWith("text/event-stream") ? "" : await response.text();
    await open.close(0);
    for (const error of this.#wrong) throw error;
    return { calls: this.#calls, status: response.status, headers: response.headers, body };
  }

  /** As a promise, whatever it comes to: so it is in production. */
  ask(call: EdgeCall): Promise<EdgeAnswer> {
    return new Promise((resolve) => resolve(this.#ask(call)));
  }

  #ask({ to, key, input, commandId = "" }: EdgeCall): EdgeAnswer {
    const { $ } = to.contract;
    const call: Called = { to, key: $.checkKey(key), input: to.checks.input(input), commandId };
    const own = this.#own.get($.name);
    if (own) return own.ask(call, this.runtime.clock.now());
    this.#calls.push(call);
    let answer: ComesTo;
    try {
      answer = this.#sent.comesTo(call, this.#calls.length - 1);
    } catch (error) {
      this.#wrong.push(error);
      throw error;
    }
    if (answer instanceof Failure) throw answer;
    return answer;
  }

  metrics(): Promise<string> {
    return Promise.resolve(this.runtime.metrics.render());
  }

  /** For plain handlers. */
  at(): At {
    return stageBook(async (to, key, input, { commandId } = {}) => {
      const answer = await this.ask({ to, key: key as string, input, ...(commandId === undefined ? {} : { commandId }) });
      if (answer.kind === "rejection") return { rejected: answer.name, details: answer.details };
      return to.operation.rejects === undefined ? answer.value : { rejected: undefined, reply: answer.value };
    });
  }

  /** Topics in which nothing was ever said. */
  topic(): () => EventSource {
    const log = { service: "given", logId: "given", timeline: 1, partitions: 1 };
    const read = (): ReturnType<EventSource["read"]> => {
      const { promise, resolve } = Promise.withResolvers<{ readonly items: readonly []; readonly next: number }>();
      return { next: () => promise, close: () => resolve({ items: [], next: 0 }) };
    };
    const history: EventSource["history"] = () => ({
      next: () => Promise.resolve({ items: [], next: 0 }),
      close: () => undefined,
    });
    return () => ({ log, head: () => 0, partitionOf: () => 0, read, history });
  }

  heads(): Promise<Session> {
    return Promise.resolve(new Session());
  }

  health(): Promise<readonly []> {
    return Promise.resolve([]);
  }
}

/** The entities of one contract of the gateway's own, in memory. */
class OwnEntity {
  readonly #kernel: EntityKernel;
  readonly #kept = new Map<string, { readonly state: unknown; readonly version: number }>();

  constructor(entity: AnyEntity) {
    this.#kernel = new EntityKernel(entity, true);
  }

  ask({ to, key, input }: Called, now: number): EdgeAnswer {
    const { state, version } = this.#kept.get(key) ?? { state: this.#kernel.initial(), version: 0 };
    const question = { name: to.name, input, key, now, caller };
    if (to.kind === "query") return answerOf(this.#kernel.query(state, version, question));
    const verdict = this.#kernel.decide(state, version, question);
    this.#kept.set(key, { state: verdict.state, version: verdict.version });
    return answerOf(verdict.outcome);
  }
}

const answerOf = (outcome: ReturnType<EntityKernel["query"]>): EdgeAnswer =>
  outcome.kind === "reply"
    ? { kind: "reply", given: outcome.given, value: outcome.taken, replayed: false }
    : { kind: "rejection", name: outcome.name, given: outcome.given, details: outcome.taken, replayed: false };
