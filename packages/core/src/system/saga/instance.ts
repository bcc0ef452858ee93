// One saga in memory: drives its machine. It journals through the entity of its journal, asks through an address book, and
// hears whatever comes from outside in its turn. It is the only one that adds to the journal of its saga.
import { backoffMs } from "../../base/backoff.ts";
import type { Failure } from "../../base/failure.ts";
import type { Told } from "../../journal/index.ts";
import { nextSpan, Session, storedTrace } from "../../mailbox/index.ts";
import type { Runtime, Timer } from "../../runtime/index.ts";
import {
  evolve,
  SagaMachine,
  unstarted,
  type AnySaga,
  type Ask,
  type Outside,
  type SagaEvent,
  type SagaState,
  type Stage,
} from "../../saga/index.ts";
import { Asking } from "./ask.ts";
import type { AddressBooks } from "../address-book.ts";
import {
  notStarted,
  type JournalReplies,
  type OutsideInput,
  type OutsideReply,
  type RecordInput,
  type StartInput,
  type StoredSaga,
} from "./journal.ts";
import type { SagaLimits } from "./limits.ts";

/** Identity of a message that comes from outside. */
export interface Identity {
  readonly id: string;
  readonly minted: number;
  readonly timeless: boolean;
  /** The tell by which it came. */
  readonly told?: Told | undefined;
  readonly caller: string;
}

export interface Coming extends Outside {
  readonly input: OutsideInput;
  readonly identity: Identity;
  readonly resolve: (reply: OutsideReply) => void;
  readonly reject: (failure: Failure) => void;
}

export interface Starting {
  readonly input: unknown;
  readonly caller: string;
  readonly told: Told | undefined;
  /** What the caller has seen: the saga reads that too. */
  readonly session: Session | undefined;
  /** With which it is started. */
  readonly trace: string | undefined;
  /** It has been started, now or before, with this input; undefined: with another one. */
  readonly resolve: (state: SagaState | undefined) => void;
  readonly reject: (failure: Failure) => void;
}

export interface Sent<K extends keyof JournalReplies> {
  readonly value: JournalReplies[K];
  /** The reply repeats what a receipt says: nothing was recorded now. */
  readonly replayed: boolean;
}

/** What a saga in memory needs of whoever keeps it there. */
export interface SagaHome {
  readonly service: string;
  readonly runtime: Runtime;
  readonly books: AddressBooks;
  /** A session that has seen everything that is on disk now. */
  heads(): Promise<Session>;
  readonly limits: SagaLimits;
  readonly newest: AnySaga;
  definitionOf(version: number): AnySaga | undefined;
  /** Whether anything new may be asked for it now. */
  mayAsk(key: string): boolean;
  stateOf(key: string): Promise<StoredSaga>;
  /** To its journal. Rejects with a `Failure`. */
  send<K extends keyof JournalReplies>(key: string, operation: K, input: unknown, identity: Identity): Promise<Sent<K>>;
  /** This is what its journal says, on disk. `seen`: what its steps have seen. */
  changed(key: string, state: SagaState, seen: Session): void;
  ended(key: string, state: SagaState): void;
  versionMissing(key: string, version: number): void;
  failed(key: string, failure: Failure): void;
  forget(instance: SagaInstance): void;
}

export class SagaInstance implements Stage {
  readonly key: string;
  readonly #host: SagaHome;
  /** "loading": its journal is being read or begun. "running": its machine is in memory. "still": ended, parked or never started. */
  #mode: "loading" | "running" | "still" | "gone" = "loading";
  #state: SagaState = unstarted;
  /** Events in the journal. */
  #version = 0;
  #machine: SagaMachine | undefined;
  readonly #asking = new Map<Ask, Asking>();
  #timer: { readonly timer: Timer; readonly dueMs: number } | undefined;
  /** Came while it was loading. */
  readonly #starting: Starting[] = [];
  readonly #coming: Coming[] = [];
  #submitting = false;
  /** What its steps have seen. Of one that was brought back nobody knows: then it is all that was there. */
  #seen = new Session();
  readonly #loaded: ((failure: Failure | undefined) => void)[] = [];

  constructor(host: SagaHome, key: string) {
    this.#host = host;
    this.key = key;
  }

  get state(): SagaState {
    return this.#machine?.state ?? this.#state;
  }

  get #gone(): boolean {
    return this.#mode === "gone";
  }

  /** Resolves once its journal has been read. Rejects with the `Failure` if it cannot be. */
  loaded(): Promise<void> {
    if (this.#mode !== "loading") return Promise.resolve();
    return new Promise((resolve, reject) => this.#loaded.push((failure) => (failure ? reject(failure) : resolve())));
  }

  /** Reads the journal, then goes on. */
  load(): void {
    void this.#load();
  }

  /** Begins the journal, or finds that it has begun. Only for one that was just made. */
  open(starting: Starting): void {
    void this.#open(starting);
  }

  start(starting: Starting): void {
    const unborn = this.#mode === "still" && this.#state.phase === "none";
    if (this.#mode === "loading" || unborn) this.#starting.push(starting);
    else if (JSON.stringify(this.state.input) !== JSON.stringify(starting.input)) starting.resolve(undefined);
    // What its machine has decided may not be on disk yet: the outcome is told when it has come to rest (S2).
    else starting.resolve(this.#machine ? { ...this.state, outcome: null } : this.#state);
  }

  come(coming: Coming): void {
    if (this.#machine) return this.#machine.outside(coming);
    this.#coming.push(coming);
    if (this.#mode === "still") this.#settle();
  }

  /** Its alarm has rung. */
  wake(): void {
    if (this.state.phase === "suspended") this.#machine?.clock();
  }

  /** The process stops, or its partition leaves: nothing leaves any more. What it was doing goes on with the next start, or elsewhere. */
  halt(failure: Failure): void {
    this.#leave(failure);
  }

  // ── the machine's stage ─────────────────────────────────────────────────────────────────────────────────────────

  now(): number {
    return this.#host.runtime.clock.now();
  }

  afterwards(task: () => void): void {
    this.#host.runtime.scheduler.endOfTurn(() => {
      if (this.#mode !== "gone") task();
    });
  }

  record(events: readonly SagaEvent[]): void {
    void this.#record({ from: this.#version, events });
  }

  submit(outside: Outside): void {
    void this.#submit(outside as Coming).then((event) => this.#machine?.submitted(event));
  }

  ask(ask: Ask): void {
    if (!this.#host.mayAsk(this.key)) return;
    const { service, runtime, books } = this.#host;
    const done = (asked: Parameters<SagaMachine["asked"]>[1]): void => {
      this.#asking.delete(ask);
      this.#machine?.asked(ask, asked);
    };
    const begun = storedTrace(this.state.trace);
    const trace = begun === undefined ? undefined : nextSpan(begun, runtime.random);
    const asking = new Asking({ ask, service, runtime, session: this.#seen, trace, book: (asker) => books.of(asker), done });
    this.#asking.set(ask, asking);
    asking.begin();
  }

  hurry(ask: Ask): void {
    this.#asking.get(ask)?.hurry();
  }

  wakeAt(dueMs: number | undefined): void {
    if (this.#timer?.dueMs === dueMs) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (dueMs === undefined) return;
    const timer = this.#host.runtime.timers.after(Math.max(0, dueMs - this.now()), () => {
      this.#timer = undefined;
      this.#machine?.clock();
    });
    this.#timer = { timer, dueMs };
  }

  idle(): void {
    if (this.#mode !== "running") return;
    this.#state = this.state;
    this.#stop("still");
    this.#settle();
  }

  // ── the journal ─────────────────────────────────────────────────────────────────────────────────────────────────

  async #open(starting: Starting): Promise<void> {
    this.#mode = "loading";
    const { input, caller, told, session, trace, resolve, reject } = starting;
    const { newest, runtime } = this.#host;
    // Started once by its key, whatever the id of the message: the id of the record is the saga's own.
    const run = runtime.random.id();
    const given = { ...(input === undefined ? {} : { input: input as never }), ...(trace === undefined ? {} : { trace }) };
    const start: StartInput = { run, version: newest.how.version, ...given };
    try {
      const own: Identity = { id: run, minted: runtime.clock.now(), timeless: false, told, caller };
      const { value, replayed } = await this.#host.send(this.key, "start", start, own);
      if (this.#gone) return resolve(this.state);
      if (!replayed && value.kind === "started") {
        const event: SagaEvent = { kind: "Started", at: value.at, ...start };
        this.#version = 1;
        this.#seen = new Session();
        if (session) this.#seen.merge(session);
        this.#go(evolve(unstarted, event, caller), true);
        resolve(this.state);
      } else {
        this.#starting.unshift(starting);
        await this.#load();
      }
    } catch (error) {
      reject(error as Failure);
      this.#fail(error as Failure);
    }
  }

  async #load(): Promise<void> {
    if (this.#mode === "gone") return;
    this.#mode = "loading";
    try {
      const { state, version } = await this.#host.stateOf(this.key);
      this.#version = version;
      this.#seen = await this.#host.heads();
      this.#go(state);
    } catch (error) {
      this.#fail(error as Failure);
    }
  }

  /** The journal is as `state` says: goes on from there. */
  #go(state: SagaState, fresh = false): void {
    if (this.#mode === "gone") return;
    this.#state = state;
    const { phase } = state;
    const saga = this.#host.definitionOf(state.version);
    if (phase === "none" || phase === "ended" || phase === "parked" || !saga) {
      if (phase !== "none" && phase !== "ended" && !saga) this.#host.versionMissing(this.key, state.version);
      this.#mode = "still";
      this.#announce();
      this.#settle();
      return;
    }
    this.#mode = "running";
    this.#machine = this.#machineOf(saga, state, fresh);
    this.#announce();
    for (const coming of this.#coming.splice(0)) this.#machine.outside(coming);
    this.#machine.begin();
  }

  #machineOf(saga: AnySaga, state: SagaState, fresh: boolean): SagaMachine {
    const { service, runtime } = this.#host;
    const { owner = service } = saga.how;
    return new SagaMachine({ saga, key: this.key, state, fresh, stage: this, owner, rehearse: runtime.mode === "development" });
  }

  #announce(): void {
    if (this.#state.phase !== "none") for (const starting of this.#starting.splice(0)) this.start(starting);
    for (const resolve of this.#loaded.splice(0)) resolve(undefined);
  }

  /** Without a machine: takes what comes from outside, one after the other; when there is nothing, it leaves memory. */
  #settle(): void {
    if (this.#submitting || this.#mode !== "still") return;
    this.#host.changed(this.key, this.#state, this.#seen);
    const starting = this.#state.phase === "none" ? this.#starting.shift() : undefined;
    if (starting) return this.open(starting);
    const coming = this.#coming.shift();
    if (!coming) {
      this.#mode = "gone";
      this.#host.forget(this);
      return;
    }
    this.#submitting = true;
    void this.#take(coming);
  }

  async #take(coming: Coming): Promise<void> {
    const event = await this.#submit(coming);
    this.#submitting = false;
    if (this.#mode === "gone") return;
    if (event) this.#state = evolve(this.#state, event, coming.identity.caller);
    const { phase } = this.#state;
    if (phase === "running" || phase === "undoing") this.#go(this.#state);
    else this.#settle();
  }

  async #submit({ input, identity, resolve, reject }: Coming): Promise<SagaEvent | undefined> {
    if (this.state.phase === "none") {
      // Nothing is recorded of it, so that the same id may be tried again once the saga has been started.
      resolve({ kind: "refused", why: notStarted });
      return undefined;
    }
    try {
      const { value, replayed }: { readonly value: OutsideReply | undefined; readonly replayed: boolean } = await this.#host.send(
        this.key,
        "outside",
        input,
        identity,
      );
      // What was recorded before is not told twice. A tell that is repeated has no reply.
      if (replayed || value?.kind !== "recorded") {
        resolve(value ?? { kind: "recorded", at: this.now() });
        return undefined;
      }
      this.#version += 1;
      resolve(value);
      return { ...input, at: value.at };
    } catch (error) {
      reject(error as Failure);
      return undefined;
    }
  }

  async #record(input: RecordInput): Promise<void> {
    const { runtime, limits } = this.#host;
    for (let attempt = 1; this.#mode === "running"; attempt++) {
      const identity: Identity = { id: `#${input.from}`, minted: this.now(), timeless: false, caller: this.state.caller };
      try {
        const { value } = await this.#host.send(this.key, "record", input, identity);
        if (value?.moved === true) return this.#reload();
        this.#version += input.events.length;
        if (input.events.at(-1)?.kind === "Ended") this.#host.ended(this.key, this.state);
        return this.#machine?.recorded();
      } catch (error) {
        if ((error as Failure).retry === "never" || (error as Failure).code === "QUARANTINED") return this.#fail(error as Failure);
        await new Promise<void>((resolve) => {
          runtime.timers.after(
            backoffMs(limits.recordAgain, attempt, () => runtime.random.next()),
            resolve,
          );
        });
      }
    }
  }

  /** Somebody else has added to the journal: what is in memory is not the saga any more. */
  #reload(): void {
    this.#stop("loading");
    void this.#load();
  }

  /** Its journal cannot be used. */
  #fail(failure: Failure): void {
    if (this.#mode === "gone") return;
    if (this.#mode === "running") this.#host.failed(this.key, failure);
    this.#leave(failure);
  }

  #leave(failure: Failure): void {
    this.#stop("gone");
    for (const starting of this.#starting.splice(0)) starting.reject(failure);
    for (const coming of this.#coming.splice(0)) coming.reject(failure);
    for (const resolve of this.#loaded.splice(0)) resolve(failure);
    this.#host.forget(this);
  }

  #stop(mode: "loading" | "still" | "gone"): void {
    this.#mode = mode;
    this.#machine = undefined;
    this.wakeAt(undefined);
    for (const asking of this.#asking.values()) asking.stop();
    this.#asking.clear();
  }
}
