// What is on its way to a service that other nodes run, or waits for one of them.
import { Failure } from "../../base/failure.ts";
import { type Message, Session, type Spread } from "../../mailbox/index.ts";
import type { Goal, Lane, Queued } from "./lane.ts";
import type { Answered, Peer, Place, Sendable } from "./peers.ts";
import { MalformedFrame } from "./frame-members.ts";
import { askedRest, askRest, type Batch, type Rest } from "./wire.ts";

/** Whoever sends messages to a service, as they see it. */
export interface Sending {
  readonly name: string;
  /** Of the next message. */
  nextOrder(): number;
  /** Sends it, or keeps it until it can leave. */
  submit(outgoing: Outgoing): void;
  /** It was certainly not taken, or may be sent again. `moved`: not before its partition has a higher epoch. */
  returned(outgoing: Outgoing, moved: boolean): void;
  /** It is not on its way any more. */
  ended(outgoing: Outgoing): void;
  /** Nobody waits for it any more, and it has not left. */
  gaveUp(outgoing: Outgoing): void;
}

export abstract class Outgoing implements Sendable, Queued {
  abstract readonly rest: Rest;
  /** Characters of it, about. */
  abstract readonly length: number;
  goal: Goal;
  readonly order: number;
  readonly service: Sending;
  place: Place | undefined = undefined;
  lane: Lane<Outgoing> | undefined = undefined;
  epoch = 0;
  /** Which instance takes it, if any may; undefined: the least loaded. */
  readonly spread: Spread | undefined = undefined;
  /** Whether it is among those that wait. */
  held = false;

  constructor(service: Sending, goal: Goal) {
    this.service = service;
    this.goal = goal;
    this.order = service.nextOrder();
  }

  /** Only of what any instance may answer: the time of the rest is also that of a log. */
  get isMeasured(): boolean {
    return this.goal.kind === "any";
  }

  /** Whether the node knows what it asks for. */
  isKnownTo(_peer: Peer): boolean {
    return true;
  }

  abstract readonly settled: boolean;
  abstract leftMs(nowMs: number): number;
  abstract fail(failure: Failure): void;
  protected abstract take(answer: Answered): void;
  protected abstract vanished(why: string): void;

  // ── what its link hears ───────────────────────────────────────────────────────────────────────────────────────────────────

  answered(answer: Answered): void {
    this.ended();
    this.take(answer);
  }

  batch(_: Batch): void {
    throw new MalformedFrame("a batch is of a stream");
  }

  again(): void {
    this.ended();
    this.service.returned(this, false);
  }

  moved(_taken: boolean, _sinceMs: number): void {
    this.ended();
    this.service.returned(this, true);
  }

  lost(why: string): void {
    this.ended();
    this.vanished(why);
  }

  /** Nobody waits for what becomes of it any more. */
  protected abandon(): void {
    if (this.place) {
      this.place.peer.forget(this.place.n);
      this.ended();
    } else this.service.gaveUp(this);
  }

  protected ended(): void {
    this.place = undefined;
    this.lane?.ended();
    this.service.ended(this);
  }
}

export class OutgoingCall extends Outgoing {
  readonly message: Message;
  override readonly spread: Spread | undefined;
  readonly #repeatable: boolean;
  readonly #dueMs: number;
  /** Who was asked first, and left it to the host: that it takes so long is the time of that node. */
  #gaveBack: { readonly peer: Peer; readonly sinceMs: number } | undefined = undefined;
  /** Made when the call is made, so that nobody changes it later. */
  readonly #asked: Rest;

  /** `dueMs`: its deadline, by the monotonic clock. */
  constructor(service: Sending, goal: Goal, message: Message, repeatable: boolean, dueMs: number) {
    super(service, goal);
    this.message = message;
    this.spread = message.spread;
    this.#repeatable = repeatable;
    const { to, key, id, minted, timeless, told, read, session, trace, input, given } = message;
    this.#dueMs = dueMs;
    const asked = {
      contract: to.contract.$.name,
      version: to.contract.$.version,
      operation: to.name,
      key,
      id,
      minted: timeless ? undefined : minted,
      told,
      read,
      session: session?.token ?? "",
      trace,
    };
    this.#asked = askedRest(asked, given ?? JSON.stringify(input));
    message.onSettled = () => this.abandon();
  }

  override isKnownTo(peer: Peer): boolean {
    const { name, version } = this.message.to.contract.$;
    return peer.implements(name, version);
  }

  get rest(): Rest {
    return askRest(this.epoch, this.#asked);
  }

  get length(): number {
    return this.#asked.length;
  }

  get settled(): boolean {
    return this.message.settled;
  }

  /** At least 1: nothing is sent that has no time left but by a timer that is late. */
  leftMs(nowMs: number): number {
    return this.#dueMs === Number.POSITIVE_INFINITY ? 0 : Math.max(1, Math.round(this.#dueMs - nowMs));
  }

  protected take(answer: Answered): void {
    const { message } = this;
    const { to, session } = message;
    message.onSettled = undefined;
    this.#gaveBack?.peer.measure(this.#gaveBack.sinceMs, answer);
    if (answer.kind === "failure") return message.fail(this.#said(answer));
    try {
      if ("session" in answer && answer.session !== "") session?.merge(Session.parse(answer.session));
      if (answer.kind === "reply") {
        const { given, replayed } = answer;
        message.answer({ kind: "reply", value: to.checks.reply(given), given, replayed });
      } else if (answer.kind === "rejection") {
        const { name, given, replayed } = answer;
        message.answer({ kind: "rejection", name, details: to.checks.rejection(name, given), given, replayed });
      } else message.fail(this.#unanswered(`the node answered with "${answer.kind}"`));
    } catch (error) {
      message.fail(error instanceof Failure ? error : new Failure("DEFECT", { what: String(error), at: message.address }));
    }
  }

  override moved(taken: boolean, sinceMs: number): void {
    this.message.taken ||= taken;
    if (this.goal.kind !== "any") return super.moved(taken, sinceMs);
    const peer = this.place?.peer;
    if (peer) this.#gaveBack = { peer, sinceMs };
    this.ended();
    this.goal = { kind: "host" };
    this.service.submit(this);
  }

  protected vanished(why: string): void {
    this.message.taken = true;
    if (this.#repeatable) return this.service.returned(this, false);
    this.fail(this.#unanswered(`the link to service "${this.service.name}" was lost while it was on its way: ${why}`));
  }

  #said({ code, failure }: Extract<Answered, { readonly kind: "failure" }>): Failure {
    return code === failure.code || this.message.to.kind === "command" ? failure : this.#unanswered(failure.what);
  }

  /** Whoever took it has given no answer that could be read. */
  #unanswered(what: string): Failure {
    const { to, address: at } = this.message;
    return new Failure(to.kind === "command" ? "UNKNOWN_OUTCOME" : "UNAVAILABLE", { what, at });
  }

  fail(failure: Failure): void {
    this.message.onSettled = undefined;
    this.message.fail(failure);
  }
}

/** A question to the node itself; it may be asked as often as one likes. */
export class OutgoingQuestion extends Outgoing {
  readonly rest: Rest;
  settled = false;
  readonly #resolve: (answer: Answered) => void;
  readonly #reject: (failure: Failure) => void;

  constructor(service: Sending, goal: Goal, rest: Rest, resolve: (answer: Answered) => void, reject: (failure: Failure) => void) {
    super(service, goal);
    this.rest = rest;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get length(): number {
    return this.rest.length;
  }

  leftMs(): number {
    return 0;
  }

  protected take(answer: Answered): void {
    this.settled = true;
    if (answer.kind === "failure") this.#reject(answer.failure);
    else this.#resolve(answer);
  }

  protected vanished(): void {
    this.service.returned(this, false);
  }

  fail(failure: Failure): void {
    this.settled = true;
    this.#reject(failure);
  }

  giveUp(): void {
    if (this.settled) return;
    this.settled = true;
    this.abandon();
  }
}
