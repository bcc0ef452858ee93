// All sagas of one contract in one process: the receiver of its contract. It finds or brings back the one that is addressed,
// keeps the callers that wait for an outcome, and knows which sagas need an operator.
import { unreachable } from "../../base/assert.ts";
import { Deque } from "../../base/deque.ts";
import { Failure } from "../../base/failure.ts";
import type { AnyEntity, EntityHost } from "../../entity/index.ts";
import { addressOf, Inbox, Message, type Deadlines, type MessageAnswer, type Session } from "../../mailbox/index.ts";
import type { Counter, Runtime } from "../../runtime/index.ts";
import { openApologies, type AnySaga, type Outcome, type SagaState } from "../../saga/index.ts";
import type { AddressBooks } from "../address-book.ts";
import { SagaInstance, type Identity, type SagaHome, type Sent, type Starting } from "./instance.ts";
import type { JournalReplies, OutsideInput, OutsideReply, Register, StoredSaga } from "./journal.ts";
import type { SagaLimits } from "./limits.ts";
import { Waiting } from "./waiting.ts";

export interface SagaHostInit {
  readonly service: string;
  /** Definitions of one command, each of another version. */
  readonly sagas: readonly AnySaga[];
  /** `sagaJournal` of their contract, and who runs it. */
  readonly part: AnyEntity;
  readonly journal: EntityHost;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly books: AddressBooks;
  /** Everything that is on disk now, in all logs of the system. */
  readonly heads: () => Promise<Session>;
  readonly limits: SagaLimits;
}

export class SagaHost implements SagaHome {
  readonly service: string;
  readonly runtime: Runtime;
  readonly books: AddressBooks;
  readonly heads: () => Promise<Session>;
  readonly limits: SagaLimits;
  readonly newest: AnySaga;
  readonly #part: AnyEntity;
  readonly #journal: EntityHost;
  readonly #definitions: ReadonlyMap<number, AnySaga>;
  readonly #instances = new Map<string, SagaInstance>();
  readonly #waiting: Waiting;
  readonly #attention = new Map<string, SagaState>();
  /** Alarms that wait for room in memory. */
  readonly #turns = new Deque<() => void>();
  /** Of messages to its own journal: they have no deadline, so no answer is late. */
  readonly #inbox = new Inbox({ add: () => {} });
  readonly #ended: { readonly [K in Outcome["kind"]]: Counter };
  #draining = false;
  #halted = false;

  constructor(init: SagaHostInit) {
    this.service = init.service;
    this.runtime = init.runtime;
    this.books = init.books;
    this.heads = init.heads;
    this.limits = init.limits;
    this.#part = init.part;
    this.#journal = init.journal;
    this.#definitions = new Map(init.sagas.map((saga) => [saga.how.version, saga]));
    this.newest = init.sagas.reduce((newest, saga) => (saga.how.version > newest.how.version ? saga : newest));
    this.#waiting = new Waiting(init.deadlines);
    const { metrics } = this.runtime;
    const labels = { service: this.service, saga: this.name };
    metrics.gauge("atoll_sagas_running", "Sagas in memory: at work, not asleep.", labels, () => this.#instances.size);
    metrics.gauge("atoll_sagas_waiting", "Sagas that are to wake and wait for room in memory.", labels, () => this.#turns.length);
    metrics.gauge("atoll_saga_callers", "Callers that wait for the outcome of a saga.", labels, () => this.#waiting.size);
    metrics.gauge("atoll_sagas_parked", "Sagas that cannot go on by themselves.", labels, () => this.count("parked"));
    metrics.gauge("atoll_apologies_open", "Undos that failed, and that nobody has dealt with.", labels, () => this.count("owed"));
    metrics.gauge("atoll_apologies_overdue", "Open apologies whose time is over.", labels, () => this.count("overdue"));
    const ended = (outcome: string): Counter =>
      metrics.counter("atoll_sagas_ended_total", "Sagas that ended, by outcome.", { ...labels, outcome });
    this.#ended = { reply: ended("reply"), rejection: ended("rejection"), failure: ended("failure") };
  }

  get name(): string {
    return this.newest.contract.$.name;
  }

  /** Those that are parked or owe an apology, by key. */
  get inNeed(): ReadonlyMap<string, SagaState> {
    return this.#attention;
  }

  count(of: "parked" | "owed" | "overdue"): number {
    const now = this.runtime.clock.now();
    let count = 0;
    for (const state of this.#attention.values()) {
      if (of === "parked") count += state.phase === "parked" ? 1 : 0;
      else for (const { due } of openApologies(state)) count += of === "owed" || due < now ? 1 : 0;
    }
    return count;
  }

  receive(message: Message): void {
    if (this.#halted) return message.fail(new Failure("UNAVAILABLE", { what: "the system is stopping", at: message.address }));
    if (message.to.name === this.newest.how.command.name) this.#start(message);
    else this.#signal(message);
  }

  isInMemory(key: string): boolean {
    return this.#instances.has(key);
  }

  /** The alarm of a saga has rung: resolves once it is taken care of. */
  async wake(key: string): Promise<void> {
    if (key === "" || this.#halted) return;
    const known = this.#instances.get(key);
    if (known) return known.wake();
    if (this.#instances.size >= this.limits.runningMax) await new Promise<void>((resolve) => this.#turns.push(resolve));
    if (this.#halted) return;
    const instance = this.#instances.get(key) ?? this.#bring(key);
    await instance.loaded();
  }

  // ── operator ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What the journal says of it. */
  stateOf(key: string): Promise<StoredSaga> {
    const identity: Identity = { id: "", minted: 0, timeless: false, caller: this.service };
    return this.send(key, "state", undefined, identity).then(({ value }) => value);
  }

  /** What an operator, or a message, does to it from outside. */
  outside(key: string, input: OutsideInput, given?: Identity): Promise<OutsideReply> {
    const { random, clock } = this.runtime;
    const identity = given ?? { id: random.id(), minted: clock.now(), timeless: false, caller: "operator" };
    return new Promise((resolve, reject) => {
      (this.#instances.get(key) ?? this.#bring(key)).come({ kind: "outside", input, identity, resolve, reject });
    });
  }

  /** Which versions were ever defined, and may still have sagas that run by them. */
  async registered(): Promise<readonly number[]> {
    return (await this.stateOf("")).state.versions;
  }

  async register(versions: readonly number[]): Promise<void> {
    const { random, clock } = this.runtime;
    const register: Register = { versions };
    await this.send("", "register", register, { id: random.id(), minted: clock.now(), timeless: false, caller: this.service });
  }

  get versions(): readonly number[] {
    return [...this.#definitions.keys()];
  }

  /** A key of the journal `type` has been released from quarantine: its saga goes on. `key` as the operator wrote it. */
  async released(type: string, key: string): Promise<void> {
    if (type !== this.name) return;
    for (const plain of key.startsWith(`${type}/`) ? [key, key.slice(type.length + 1)] : [key]) {
      const { state } = await this.stateOf(plain);
      if (state.phase !== "none") await this.wake(plain);
    }
  }

  // ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** From now on only sagas that somebody waits for ask for anything new. */
  drain(): void {
    this.#draining = true;
  }

  /** No saga does anything any more; resolves once nothing is on its way to the journal. */
  halt(): Promise<void> {
    this.#halted = true;
    for (const instance of this.#instances.values()) instance.halt();
    for (let turn = this.#turns.shift(); turn; turn = this.#turns.shift()) turn();
    return this.#inbox.empty();
  }

  // ── called by instances ─────────────────────────────────────────────────────────────────────────────────────────

  definitionOf(version: number): AnySaga | undefined {
    return this.#definitions.get(version);
  }

  mayAsk(key: string): boolean {
    return !this.#halted && (!this.#draining || this.#waiting.has(key));
  }

  send<K extends keyof JournalReplies>(key: string, operation: K, input: unknown, identity: Identity): Promise<Sent<K>> {
    const to = this.#part.contract.$.operations[operation] ?? unreachable(undefined as never, "operations of a saga's journal");
    // What comes from outside has the id that its sender gave it; the others' are the platform's own.
    const idIsOfInput = operation !== "outside";
    const within = { withinMs: Number.POSITIVE_INFINITY, read: "strong", session: undefined } as const;
    return new Promise((resolve, reject) => {
      const answered = (answer: MessageAnswer): void => {
        if (answer.kind === "reply") resolve({ value: answer.value as JournalReplies[K], replayed: answer.replayed });
      };
      const { id, minted, timeless, told, caller } = identity; // not spread: four times in every saga of three steps
      const { withinMs, read, session } = within;
      const message = { to, key, input, caller, id, minted, timeless, told, idIsOfInput, withinMs, read, session };
      this.#journal.receive(new Message(message, this.#inbox, answered, reject));
    });
  }

  /** What the journal says of a saga has changed, or is known again. */
  changed(key: string, state: SagaState, seen: Session): void {
    const needs = state.phase === "parked" || openApologies(state).length > 0;
    const before = this.#attention.get(key);
    this.#attention.delete(key);
    if (needs) this.#attention.set(key, state);
    const [oldest] = this.#attention.size > this.limits.attentionMax ? this.#attention.keys() : [];
    if (oldest !== undefined) this.#attention.delete(oldest);
    const { logger } = this.runtime;
    const labels = { service: this.service, saga: this.name, key };
    if (state.phase === "parked" && before?.phase !== "parked") logger.log("error", "saga.parked", { ...labels, reason: state.parked });
    if (state.outcome) this.#waiting.settle(key, (message) => answerWith(message, state.outcome as Outcome, seen));
  }

  /** Counted once, where it happens. */
  ended(key: string, state: SagaState): void {
    if (!state.outcome) return;
    this.#ended[state.outcome.kind].add(1);
    const { logger } = this.runtime;
    const labels = { service: this.service, saga: this.name, key };
    for (const { step, why, owner, due } of openApologies(state))
      logger.log("error", "saga.apology", { ...labels, step, reason: why, owner, due: new Date(due).toISOString() });
  }

  versionMissing(key: string, version: number): void {
    this.runtime.logger.log("error", "saga.version_missing", { service: this.service, saga: this.name, key, version });
  }

  /** One that was at work has left memory, because its journal took nothing more from it: it is tried again. */
  failed(key: string, error: Failure): void {
    this.runtime.logger.log("error", "saga.journal_failed", { service: this.service, saga: this.name, key, error });
    this.runtime.timers.after(this.limits.recordAgain.maxMs, () => {
      this.wake(key).catch((again: unknown) => this.failed(key, again as Failure));
    });
  }

  forget(instance: SagaInstance): void {
    if (this.#instances.get(instance.key) === instance) this.#instances.delete(instance.key);
    this.#journal.dismiss(instance.key);
    if (this.#instances.size < this.limits.runningMax) this.#turns.shift()?.();
  }

  // ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────

  #start(message: Message): void {
    const { key, input, caller, told, session } = message;
    const known = this.#instances.get(key);
    const full = !known && this.#instances.size >= this.limits.runningMax;
    if (full || this.#waiting.size >= this.limits.waitingMax) {
      const what = full ? `${this.limits.runningMax} sagas are running` : `${this.limits.waitingMax} callers wait for sagas`;
      return message.fail(new Failure("OVERLOADED", { what, at: message.address }));
    }
    const starting: Starting = {
      input,
      caller,
      told,
      session,
      resolve: (state) => {
        if (!state) {
          const what = "a saga of this key was started with another input";
          message.fail(new Failure("COMMAND_ID_REUSED", { what, at: message.address }));
        } else if (told) {
          message.answer({ kind: "reply", given: undefined, value: undefined, replayed: false }); // who tells does not wait for the outcome
        } else if (state.outcome) {
          const { outcome } = state;
          void this.heads().then((seen) => answerWith(message, outcome, seen));
        } else {
          this.#waiting.add(message);
        }
      },
      reject: (failure) => message.fail(failure),
    };
    if (known) return known.start(starting);
    const instance = new SagaInstance(this, key);
    this.#instances.set(key, instance);
    instance.open(starting);
  }

  #signal(message: Message): void {
    const { key, id, minted, timeless, told, caller, input } = message;
    if (!this.#instances.has(key) && this.#instances.size >= this.limits.runningMax) {
      const what = `${this.limits.runningMax} sagas are running`;
      return message.fail(new Failure("OVERLOADED", { what, at: message.address }));
    }
    const signal: OutsideInput = { kind: "Signalled", signal: message.to.name, ...(input === undefined ? {} : { input }) };
    void this.#hear(message, this.outside(key, signal, { id, minted, timeless, told, caller }));
  }

  async #hear(message: Message, recording: Promise<OutsideReply>): Promise<void> {
    try {
      const reply = await recording;
      if (reply.kind === "recorded") message.answer({ kind: "reply", given: undefined, value: undefined, replayed: false });
      else message.fail(new Failure("SAGA_NOT_RUNNING", { what: reply.why, at: message.address }));
    } catch (error) {
      message.fail(error as Failure);
    }
  }

  #bring(key: string): SagaInstance {
    const instance = new SagaInstance(this, key);
    this.#instances.set(key, instance);
    instance.load();
    return instance;
  }
}

/** `seen`: what the answer adds to the session of its caller. */
function answerWith(message: Message, outcome: Outcome, seen: Session): void {
  const { checks } = message.to;
  message.session?.merge(seen);
  try {
    if (outcome.kind === "reply")
      message.answer({ kind: "reply", given: outcome.reply, value: checks.reply(outcome.reply), replayed: false });
    else if (outcome.kind === "rejection")
      message.answer({
        kind: "rejection",
        name: outcome.name,
        given: outcome.details,
        details: checks.rejection(outcome.name, outcome.details),
        replayed: false,
      });
    else message.fail(new Failure("SAGA_FAILED", { what: outcome.what, at: addressOf(message.to, message.key) }));
  } catch (error) {
    message.fail(error as Failure); // its contract has changed since it was stored
  }
}
