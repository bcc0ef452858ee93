// One ask on its way: what is asked, of whom, under which identity, until when, and the promise of the one who waits.
// A message is settled exactly once; what comes later (an answer after the deadline) is dropped and counted.
import type { AnyOpRef } from "../contract/index.ts";
import { Failure } from "../base/failure.ts";
import type { Session } from "./session.ts";
import type { Counter } from "../runtime/index.ts";
import type { Told } from "../journal/index.ts";

/**
 * An answer before it is dressed for the caller: as the implementation gave it, which is the form that travels, and as its
 * receiver takes it. `replayed`: it repeats what a receipt says.
 */
export type MessageAnswer =
  | { readonly kind: "reply"; readonly given: unknown; readonly value: unknown; readonly replayed: boolean }
  | { readonly kind: "rejection"; readonly name: string; readonly given: unknown; readonly details: unknown; readonly replayed: boolean };

export interface MessageInit {
  readonly to: AnyOpRef;
  /** "" for a contract without a key. */
  readonly key: string;
  /** Validated and immutable. */
  readonly input: unknown;
  /** The same as it was given, as JSON: its receiver on another node takes it by its own schema. Undefined: there is none, or `input` is as it was given. */
  readonly given?: string | undefined;
  /** Name of the calling service; "gateway", or "operator" for whoever runs the system. */
  readonly caller: string;
  /** Command id; "" for a query. */
  readonly id: string;
  /** Wall clock ms at which the id was minted. */
  readonly minted: number;
  /** The id is in free form: `minted` is when it came, and says nothing about a repetition. */
  readonly timeless: boolean;
  /** The durable tell by which it comes (ADR 0013). */
  readonly told?: Told | undefined;
  /** Whoever sends it never gives one id to two inputs: its record needs no fingerprint of the input. */
  readonly idIsOfInput?: boolean;
  readonly withinMs: number;
  readonly read: "strong" | "local";
  /** What the caller has seen: a read waits for it, and the answer adds to it. */
  readonly session: Session | undefined;
  /** Undefined: the instance that is the least loaded. */
  readonly spread?: Spread | undefined;
  /** The `traceparent` with which it was asked (trace.ts). */
  readonly trace?: string | undefined;
}

/** Which instance takes a call of a contract without keys. */
export type Spread =
  /** The one that has the log open, or is about to. */
  | { readonly kind: "host" }
  | { readonly kind: "round-robin" }
  /** The same one for the same key, while it can be reached. */
  | { readonly kind: "sticky"; readonly key: string };

/** What the messages of one process share: how many wait, and how many answers came too late. */
export class Inbox {
  #waiting = 0;
  readonly #late: Counter;
  readonly #onEmpty: (() => void)[] = [];

  constructor(late: Counter) {
    this.#late = late;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves once no message waits for its answer. */
  empty(): Promise<void> {
    return this.#waiting === 0 ? Promise.resolve() : new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  opened(): void {
    this.#waiting += 1;
  }

  closed(): void {
    this.#waiting -= 1;
    if (this.#waiting === 0 && this.#onEmpty.length > 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
  }

  answeredLate(): void {
    this.#late.add(1);
  }
}

export class Message {
  readonly to: AnyOpRef;
  readonly key: string;
  readonly input: unknown;
  readonly given: string | undefined;
  readonly caller: string;
  readonly id: string;
  readonly minted: number;
  readonly timeless: boolean;
  readonly told: Told | undefined;
  readonly idIsOfInput: boolean;
  readonly withinMs: number;
  readonly read: "strong" | "local";
  readonly session: Session | undefined;
  readonly spread: Spread | undefined;
  readonly trace: string | undefined;
  /** Called once, when it is settled. */
  onSettled: (() => void) | undefined = undefined;
  /** Takes it where it cannot be served where it came to. Undefined: it is sent on from there. */
  onReturned: ((taken: boolean) => void) | undefined = undefined;
  /** Somebody may have applied it: whatever becomes of it from now on, it does not end as certainly undelivered. A query is never applied. */
  taken = false;
  /** Commits of this command that failed and were found not to be in the log. */
  attempts = 0;
  /** Links of the deadline wheel; undefined while it is not on the wheel. */
  slot: Slot | undefined = undefined;
  before: Message | undefined = undefined;
  behind: Message | undefined = undefined;
  dueTick = 0;

  readonly #inbox: Inbox;
  readonly #resolve: (answer: MessageAnswer) => void;
  readonly #reject: (failure: Failure) => void;
  #settled = false;

  constructor(init: MessageInit, inbox: Inbox, resolve: (answer: MessageAnswer) => void, reject: (failure: Failure) => void) {
    this.to = init.to;
    this.key = init.key;
    this.input = init.input;
    this.given = init.given;
    this.caller = init.caller;
    this.id = init.id;
    this.minted = init.minted;
    this.timeless = init.timeless;
    this.told = init.told;
    this.idIsOfInput = init.idIsOfInput ?? false;
    this.withinMs = init.withinMs;
    this.read = init.read;
    this.session = init.session;
    this.spread = init.spread;
    this.trace = init.trace;
    this.#inbox = inbox;
    this.#resolve = resolve;
    this.#reject = reject;
    inbox.opened();
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** `contract/key.operation`, for messages to people. */
  get address(): string {
    return addressOf(this.to, this.key);
  }

  answer(answer: MessageAnswer): void {
    if (this.#settle()) this.#resolve(answer);
  }

  fail(failure: Failure): void {
    const isDoubtful = this.taken && this.to.kind === "command" && failure.outcome === "not-delivered";
    if (this.#settle()) this.#reject(isDoubtful ? afterAll(this, failure) : failure);
  }

  #settle(): boolean {
    if (this.#settled) {
      this.#inbox.answeredLate();
      return false;
    }
    this.#settled = true;
    if (this.slot) unlink(this);
    this.onSettled?.();
    this.#inbox.closed();
    return true;
  }
}

const afterAll = (message: Message, failure: Failure): Failure =>
  new Failure("UNKNOWN_OUTCOME", { what: failure.message, at: message.address, cause: failure });

export function addressOf(to: AnyOpRef, key: string): string {
  const { name } = to.contract.$;
  return key === "" ? `${name}.${to.name}` : `${name}/${key}.${to.name}`;
}

/** One slot of the deadline wheel: the head of a list linked through its messages. */
export interface Slot {
  first: Message | undefined;
  count: number;
}

export function unlink(message: Message): void {
  const { slot, before, behind } = message;
  if (!slot) return;
  if (before) before.behind = behind;
  else slot.first = behind;
  if (behind) behind.before = before;
  slot.count -= 1;
  message.slot = undefined;
  message.before = undefined;
  message.behind = undefined;
}

export const deadlineFailure = (message: Message): Failure =>
  new Failure("DEADLINE", { what: `no answer within ${message.withinMs} ms`, at: message.address });
