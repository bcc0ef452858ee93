// All sagas of one contract in one process: the receiver of its contract. It finds or brings back the one that is addressed,
// keeps the callers that wait for an outcome, and knows which sagas need an operator.
//
// A saga runs where the partition of its journal is owned, and moves with it:
//
//  SM1  one place    A saga whose partition leaves asks for nothing more, and adds nothing to its journal, from the moment at which
//                    `leave` or `lost` was called. What it had asked for is asked for again where it goes on, under the same identities (S1).
//  SM2  given back   Who waits for it, and who addresses it from then on, is given back and asks where it went: that finds the
//                    saga begun, or begins it, once; the outcome is the journal's, told once.
//  SM3  goes on      The alarm clock of the node that acquires the partition rings for every saga at work, parked or owing an
//                    apology: it is in memory, or in sight of an operator, there as after a start, and nowhere else.
//
// A step that a node sends before it knows that it has lost the partition may reach its target after others that the new owner sent. The target's
// receipts make it a repetition; of a step that nobody asked again, because its saga was abandoned meanwhile, they cannot.
import { unreachable } from "../../base/assert.ts";
import { Failure } from "../../base/failure.ts";
import type { AnyEntity, EntityHost, EntityKernel } from "../../entity/index.ts";
import type { LogWriter, Tenant } from "../../journal/index.ts";
import { Inbox, Message, type Deadlines, type MessageAnswer, type Session, traceField } from "../../mailbox/index.ts";
import type { Counter, Runtime } from "../../runtime/index.ts";
import { openApologies, type AnySaga, type Outcome, type SagaState } from "../../saga/index.ts";
import type { AddressBooks } from "../address-book.ts";
import { Attention } from "./attention.ts";
import { SagaInstance, type Identity, type SagaHome, type Sent, type Starting } from "./instance.ts";
import type { JournalReplies, OutsideInput, OutsideReply, Register, StoredSaga } from "./journal.ts";
import type { SagaLimits } from "./limits.ts";
import { answerWith } from "./outcome.ts";
import { Turns } from "./turns.ts";
import { keepVersions, registerKey } from "./versions.ts";
import { Waiting } from "./waiting.ts";

export interface SagaHostInit {
  readonly service: string;
  /** Definitions of one command, each of another version. */
  readonly sagas: readonly AnySaga[];
  /** `sagaJournal` of their contract, and who runs it. */
  readonly part: AnyEntity;
  readonly journal: EntityHost;
  readonly writer: LogWriter;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  /** Takes back what cannot be served here, because the partition of its key is elsewhere. */
  readonly returned: (message: Message) => void;
  readonly books: AddressBooks;
  /** Everything that is on disk now, in all logs of the system. */
  readonly heads: () => Promise<Session>;
  readonly limits: SagaLimits;
}

export class SagaHost implements SagaHome, Tenant {
  readonly service: string;
  readonly runtime: Runtime;
  readonly books: AddressBooks;
  readonly heads: () => Promise<Session>;
  readonly limits: SagaLimits;
  readonly newest: AnySaga;
  readonly writer: LogWriter;
  readonly #part: AnyEntity;
  readonly #journal: EntityHost;
  readonly #returned: (message: Message) => void;
  readonly #definitions: ReadonlyMap<number, AnySaga>;
  readonly #instances = new Map<string, SagaInstance>();
  readonly #waiting: Waiting;
  readonly #attention: Attention;
  readonly #turns = new Turns();
  /** Of messages to its own journal, by partition: they have no deadline, so no answer is late. */
  readonly #inboxes: readonly Inbox[];
  /** How often each partition has left: what came before is not of this stay. */
  readonly #departures: number[];
  /** Partitions that are here: those that leave are not, whatever the log says yet. */
  readonly #held: Set<number>;
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
    this.writer = init.writer;
    this.#returned = init.returned;
    const { partitions } = init.writer.journal.meta;
    this.#inboxes = Array.from({ length: partitions }, () => new Inbox({ add: () => {} }));
    this.#departures = Array.from({ length: partitions }, () => 0);
    this.#held = new Set([...this.#departures.keys()].filter((p) => init.writer.owns(p)));
    this.#definitions = new Map(init.sagas.map((saga) => [saga.how.version, saga]));
    this.newest = init.sagas.reduce((newest, saga) => (saga.how.version > newest.how.version ? saga : newest));
    this.#attention = new Attention(init.limits.attentionMax);
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
    return this.#attention.states;
  }

  count(of: "parked" | "owed" | "overdue"): number {
    return this.#attention.count(of, this.runtime.clock.now());
  }

  /** Whether the saga, or what the journal keeps under this key, lives here now. */
  serves(key: string): boolean {
    return this.#serves(this.#partitionOf(key));
  }

  receive(message: Message): void {
    const partition = this.#partitionOf(message.key);
    if (!this.#serves(partition)) return this.#returned(message);
    if (this.#halted) return message.fail(new Failure("UNAVAILABLE", { what: "the system is stopping", at: message.address }));
    if (message.to.name === this.newest.how.command.name) this.#start(message, partition);
    else this.#signal(message, partition);
  }

  isInMemory(key: string): boolean {
    return this.#instances.has(key);
  }

  /** The alarm of a saga has rung: resolves once it is taken care of. */
  async wake(key: string): Promise<void> {
    if (key === registerKey || this.#halted || !this.serves(key)) return;
    const known = this.#instances.get(key);
    if (known) return known.wake();
    const partition = this.#partitionOf(key);
    if (this.#instances.size >= this.limits.runningMax) await this.#turns.wait(partition);
    if (this.#halted || !this.serves(key)) return;
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
    if (!this.serves(key)) return Promise.reject(hasMoved(key));
    const identity = given ?? { id: random.id(), minted: clock.now(), timeless: false, caller: "operator" };
    return new Promise((resolve, reject) => {
      (this.#instances.get(key) ?? this.#bring(key)).come({ kind: "outside", input, identity, resolve, reject });
    });
  }

  /** Which versions were ever defined, and may still have sagas that run by them. */
  async register(versions: readonly number[]): Promise<void> {
    const { random, clock } = this.runtime;
    const register: Register = { versions };
    await this.send(registerKey, "register", register, { id: random.id(), minted: clock.now(), timeless: false, caller: this.service });
  }

  get kernel(): EntityKernel {
    return this.#journal.kernel;
  }

  get versions(): readonly number[] {
    return [...this.#definitions.keys()];
  }

  /** A key of the journal `type` has been released from quarantine: its saga goes on. `key` as the operator wrote it. */
  async released(type: string, key: string): Promise<void> {
    if (type !== this.name) return;
    for (const plain of key.startsWith(`${type}/`) ? [key, key.slice(type.length + 1)] : [key]) {
      if (!this.serves(plain)) continue;
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
    const failure = (key: string): Failure => new Failure("UNAVAILABLE", { what: "the system is stopping", at: key });
    for (const instance of this.#instances.values()) instance.halt(failure(instance.key));
    this.#turns.end();
    return Promise.all(this.#inboxes.map((inbox) => inbox.empty())).then(() => undefined);
  }

  // ── partitions that come and go ─────────────────────────────────────────────────────────────────────────────────

  /** Sagas come by their alarms. */
  acquired(partition: number): void {
    this.#held.add(partition);
    if (partition !== this.#partitionOf(registerKey)) return;
    keepVersions(this).catch((error: unknown) => {
      this.runtime.logger.log("warn", "saga.versions_not_kept", { service: this.service, saga: this.name, error });
    });
  }

  /** Before its journal leaves. */
  async leave(partition: number): Promise<void> {
    this.#depart(partition);
    await (this.#inboxes[partition] as Inbox).empty();
    // Whoever was answered has heard of it at the end of the turn.
    await new Promise<void>((resolve) => this.runtime.scheduler.endOfTurn(resolve));
  }

  lost(partition: number): void {
    this.#depart(partition);
  }

  #depart(partition: number): void {
    this.#held.delete(partition);
    (this.#departures[partition] as number) += 1;
    const leaves = (key: string): boolean => this.#partitionOf(key) === partition;
    for (const instance of this.#instances.values()) if (leaves(instance.key)) instance.halt(hasMoved(instance.key));
    this.#attention.forget(leaves);
    this.#turns.end(partition);
    this.#waiting.release(leaves, (message) => this.#giveBack(message, true));
  }

  #partitionOf(key: string): number {
    return this.writer.partitionOf(this.name, key);
  }

  #serves(partition: number): boolean {
    return this.#held.has(partition) && this.writer.owns(partition);
  }

  /** `taken`: it may have been applied. */
  #giveBack(message: Message, taken: boolean): void {
    if (message.settled) return;
    message.taken ||= taken;
    this.#returned(message);
  }

  /** `departures`: of its partition, when the message came. */
  #refuse(message: Message, partition: number, departures: number, failure: Failure): void {
    const stayed = this.#departures[partition] === departures && this.#serves(partition);
    if (stayed) message.fail(failure);
    else this.#giveBack(message, failure.outcome === "unknown");
  }

  // ── called by instances ─────────────────────────────────────────────────────────────────────────────────────────

  definitionOf(version: number): AnySaga | undefined {
    return this.#definitions.get(version);
  }

  mayAsk(key: string): boolean {
    return !this.#halted && this.serves(key) && (!this.#draining || this.#waiting.has(key));
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
      const inbox = this.#inboxes[this.#partitionOf(key)] as Inbox;
      this.#journal.receive(new Message(message, inbox, answered, reject));
    });
  }

  /** What the journal says of a saga has changed, or is known again. */
  changed(key: string, state: SagaState, seen: Session): void {
    if (!this.serves(key)) return;
    const before = this.#attention.changed(key, state);
    const { logger } = this.runtime;
    const labels = { service: this.service, saga: this.name, key, ...traceField(state.trace) };
    if (state.phase === "parked" && before?.phase !== "parked") logger.log("error", "saga.parked", { ...labels, reason: state.parked });
    if (state.outcome) this.#waiting.settle(key, (message) => answerWith(message, state.outcome as Outcome, seen));
  }

  /** Counted once, where it happens. */
  ended(key: string, state: SagaState): void {
    if (!state.outcome) return;
    this.#ended[state.outcome.kind].add(1);
    const { logger } = this.runtime;
    const labels = { service: this.service, saga: this.name, key, ...traceField(state.trace) };
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
    if (this.#instances.size < this.limits.runningMax) this.#turns.next();
  }

  // ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────

  #start(message: Message, partition: number): void {
    const { key, input, caller, told, session, trace } = message;
    const known = this.#instances.get(key);
    const full = !known && this.#instances.size >= this.limits.runningMax;
    if (full || this.#waiting.size >= this.limits.waitingMax) {
      const what = full ? `${this.limits.runningMax} sagas are running` : `${this.limits.waitingMax} callers wait for sagas`;
      return message.fail(new Failure("OVERLOADED", { what, at: message.address }));
    }
    const departures = this.#departures[partition] as number;
    const starting: Starting = {
      input,
      caller,
      told,
      session,
      trace,
      resolve: (state) => {
        if (!state) {
          const what = "a saga of this key was started with another input";
          message.fail(new Failure("COMMAND_ID_REUSED", { what, at: message.address }));
        } else if (told) {
          message.answer({ kind: "reply", given: undefined, value: undefined, replayed: false }); // who tells does not wait for the outcome
        } else if (state.outcome) {
          const { outcome } = state;
          void this.heads().then((seen) => answerWith(message, outcome, seen));
        } else if (this.#departures[partition] !== departures) {
          this.#giveBack(message, true);
        } else {
          this.#waiting.add(message);
        }
      },
      reject: (failure) => this.#refuse(message, partition, departures, failure),
    };
    if (known) return known.start(starting);
    const instance = new SagaInstance(this, key);
    this.#instances.set(key, instance);
    instance.open(starting);
  }

  #signal(message: Message, partition: number): void {
    const { key, id, minted, timeless, told, caller, input } = message;
    if (!this.#instances.has(key) && this.#instances.size >= this.limits.runningMax) {
      const what = `${this.limits.runningMax} sagas are running`;
      return message.fail(new Failure("OVERLOADED", { what, at: message.address }));
    }
    const signal: OutsideInput = { kind: "Signalled", signal: message.to.name, ...(input === undefined ? {} : { input }) };
    void this.#hear(message, partition, this.outside(key, signal, { id, minted, timeless, told, caller }));
  }

  async #hear(message: Message, partition: number, recording: Promise<OutsideReply>): Promise<void> {
    const departures = this.#departures[partition] as number;
    try {
      const reply = await recording;
      if (reply.kind === "recorded") message.answer({ kind: "reply", given: undefined, value: undefined, replayed: false });
      else message.fail(new Failure("SAGA_NOT_RUNNING", { what: reply.why, at: message.address }));
    } catch (error) {
      this.#refuse(message, partition, departures, error as Failure);
    }
  }

  #bring(key: string): SagaInstance {
    const instance = new SagaInstance(this, key);
    this.#instances.set(key, instance);
    instance.load();
    return instance;
  }
}

const hasMoved = (key: string): Failure => new Failure("UNAVAILABLE", { what: "its partition has left this node", at: key });
