// A service that other nodes run, as the router of this one sees it: takes a message, finds a node, and settles the message
// with what that node answers. Where the service moves, restarts, or a link is lost, messages are held and sent again, in order, under
// the same identity, within their own deadline.
//
//  R1  honest     Settled as "not delivered" only if no node took it. A command that may have been taken is sent again only
//                 if the receiver knows its identity (entities and sagas keep receipts); else its outcome is unknown.
//  R2  in order   Messages of this node to one service are sent, and sent again, in the order in which they came.
//  R3  bounded    What is held is bounded in number and characters; beyond that OVERLOADED. Nothing outlives its deadline.
import { Failure } from "../../base/failure.ts";
import { type Deadlines, type Message, Session } from "../../mailbox/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { RemoteLimits } from "./limits.ts";
import type { Answered, Peers, Place, Request } from "./peers.ts";
import { askRest, type Batch, MalformedFrame, type Rest } from "./wire.ts";

export interface RemoteServiceInit {
  readonly service: string;
  readonly peers: Peers;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: RemoteLimits;
}

/** What is on its way to a service, or waits for one. */
export abstract class Outgoing implements Request {
  abstract readonly rest: Rest;
  /** In which they came: the order in which they are sent, also again. */
  readonly order: number;
  place: Place | undefined = undefined;
  readonly service: RemoteService;

  constructor(service: RemoteService, order: number) {
    this.service = service;
    this.order = order;
  }

  abstract readonly settled: boolean;
  abstract leftMs(): number;
  abstract answered(answer: Answered): void;
  abstract lost(why: string): void;
  abstract fail(failure: Failure): void;

  batch(_: Batch): void {
    throw new MalformedFrame("a batch is of a stream");
  }

  again(): void {
    this.service.returned(this);
  }

  /** Nobody waits for what becomes of it any more. */
  protected abandon(): void {
    if (this.place) this.place.peer.forget(this.place.n);
    else this.service.gaveUp(this);
  }
}

class OutgoingCall extends Outgoing {
  readonly rest: Rest;
  readonly #message: Message;
  readonly #repeatable: boolean;
  readonly #dueMs: number;

  constructor(service: RemoteService, order: number, message: Message, repeatable: boolean) {
    super(service, order);
    this.#message = message;
    this.#repeatable = repeatable;
    const { to, key, id, minted, timeless, told, withinMs, read, session, input } = message;
    this.#dueMs = service.now() + withinMs;
    this.rest = askRest({
      kind: "ask",
      contract: to.contract.$.name,
      version: to.contract.$.version,
      operation: to.name,
      key,
      id,
      minted: timeless ? undefined : minted,
      told,
      read,
      session: session?.token ?? "",
      input,
    });
    message.onSettled = () => this.abandon();
  }

  get settled(): boolean {
    return this.#message.settled;
  }

  /** At least 1: nothing is sent that has no time left but by a timer that is late. */
  leftMs(): number {
    return this.#dueMs === Number.POSITIVE_INFINITY ? 0 : Math.max(1, Math.round(this.#dueMs - this.service.now()));
  }

  answered(answer: Answered): void {
    const { to, session } = this.#message;
    this.#message.onSettled = undefined;
    if (answer.kind === "failure") return this.#message.fail(answer.failure);
    try {
      if ("session" in answer && answer.session !== "") session?.merge(Session.parse(answer.session));
      if (answer.kind === "reply") {
        const { given, replayed } = answer;
        this.#message.answer({ kind: "reply", value: to.checks.reply(given), given, replayed });
      } else if (answer.kind === "rejection") {
        const { name, given, replayed } = answer;
        this.#message.answer({ kind: "rejection", name, details: to.checks.rejection(name, given), given, replayed });
      } else this.fail(new Failure("UNKNOWN_OUTCOME", { what: `the node answered with "${answer.kind}"`, at: this.#message.address }));
    } catch (error) {
      this.#message.fail(error instanceof Failure ? error : new Failure("DEFECT", { what: String(error), at: this.#message.address }));
    }
  }

  lost(why: string): void {
    if (this.#repeatable) return this.service.returned(this);
    const what = `the link to service "${this.service.name}" was lost while it was on its way: ${why}`;
    this.fail(new Failure("UNKNOWN_OUTCOME", { what, at: this.#message.address }));
  }

  fail(failure: Failure): void {
    this.#message.onSettled = undefined;
    this.#message.fail(failure);
  }
}

/** A question to the node itself; it may be asked as often as one likes. */
class OutgoingQuestion extends Outgoing {
  readonly rest: Rest;
  settled = false;
  readonly #resolve: (answer: Answered) => void;
  readonly #reject: (failure: Failure) => void;

  constructor(service: RemoteService, order: number, rest: Rest, resolve: (answer: Answered) => void, reject: (failure: Failure) => void) {
    super(service, order);
    this.rest = rest;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  answered(answer: Answered): void {
    this.settled = true;
    if (answer.kind === "failure") this.#reject(answer.failure);
    else this.#resolve(answer);
  }

  lost(): void {
    this.service.returned(this);
  }

  leftMs(): number {
    return 0;
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

export interface Question {
  readonly answer: Promise<Answered>;
  /** Nobody waits for it any more: it stays unanswered. */
  giveUp(): void;
}

export class RemoteService {
  readonly name: string;
  readonly #init: RemoteServiceInit;
  /** In their order. */
  readonly #held: Outgoing[] = [];
  #heldLength = 0;
  #order = 0;
  #pumping = false;
  #closed = false;

  constructor(init: RemoteServiceInit) {
    this.#init = init;
    this.name = init.service;
    init.peers.watch(init.service, () => this.#pump());
  }

  now(): number {
    return this.#init.runtime.clock.monotonic();
  }

  /** `repeatable`: the receiver knows what it has applied, or applies nothing. */
  receive(message: Message, repeatable: boolean): void {
    const call = new OutgoingCall(this, this.order(), message, repeatable);
    this.submit(call);
    if (!message.settled) this.#init.deadlines.watch(message);
  }

  ask(rest: Rest): Question {
    const { promise: answer, resolve, reject } = Promise.withResolvers<Answered>();
    const question = new OutgoingQuestion(this, this.order(), rest, resolve, reject);
    this.submit(question);
    return { answer, giveUp: () => question.giveUp() };
  }

  /** Of the next request. */
  order(): number {
    return (this.#order += 1);
  }

  /** Rejects with UNAVAILABLE if there is none in time. */
  async answerWithin(ms: number, rest: Rest): Promise<Answered> {
    const question = this.ask(rest);
    const { promise: late, reject } = Promise.withResolvers<never>();
    const what = `no node of it has answered within ${ms} ms`;
    const timer = this.#init.runtime.timers.after(ms, () => reject(new Failure("UNAVAILABLE", { what, at: `service "${this.name}"` })));
    try {
      return await Promise.race([question.answer, late]);
    } finally {
      timer.cancel();
      question.giveUp();
    }
  }

  /** It was certainly not taken, or may be sent again; in its old place among those that wait. */
  returned(outgoing: Outgoing): void {
    outgoing.place = undefined;
    if (outgoing.settled) return;
    let at = this.#held.length;
    while (at > 0 && (this.#held[at - 1] as Outgoing).order > outgoing.order) at -= 1;
    this.#hold(outgoing, at);
    this.#init.runtime.scheduler.soon(() => this.#pump());
  }

  gaveUp(outgoing: Outgoing): void {
    const at = this.#held.indexOf(outgoing);
    if (at < 0) return;
    this.#held.splice(at, 1);
    this.#heldLength -= outgoing.rest.length;
  }

  close(): void {
    this.#closed = true;
    this.#failAll(new Failure("UNAVAILABLE", { what: "the system is stopping", at: this.name }));
  }

  /** Sends it now, or as soon as a node takes it. */
  submit(outgoing: Outgoing): void {
    const { peers, limits } = this.#init;
    const lost = this.#closed ? "the system is stopping" : peers.directory.lost(this.name);
    if (lost !== undefined) return outgoing.fail(new Failure("UNAVAILABLE", { what: lost, at: `service "${this.name}"` }));
    if (this.#held.length === 0) {
      if (this.#give(outgoing)) return;
    }
    if (this.#held.length >= limits.heldMax || this.#heldLength >= limits.heldLengthMax) {
      const what = `${this.#held.length} messages wait for service "${this.name}", which no node takes now`;
      return outgoing.fail(new Failure("OVERLOADED", { what, at: `service "${this.name}"` }));
    }
    this.#hold(outgoing, this.#held.length);
  }

  /** False: nobody takes it now. */
  #give(outgoing: Outgoing): boolean {
    try {
      outgoing.place = this.#init.peers.ready(this.name)?.send(outgoing);
      return outgoing.place !== undefined;
    } catch (error) {
      outgoing.fail(error as Failure); // MESSAGE_TOO_LARGE
      return true;
    }
  }

  #hold(outgoing: Outgoing, at: number): void {
    this.#held.splice(at, 0, outgoing);
    this.#heldLength += outgoing.rest.length;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const { peers } = this.#init;
    const lost = peers.directory.lost(this.name);
    if (lost !== undefined) this.#failAll(new Failure("UNAVAILABLE", { what: lost, at: `service "${this.name}"` }));
    let sent = 0;
    for (; sent < this.#held.length; sent++) {
      const outgoing = this.#held[sent] as Outgoing;
      if (!outgoing.settled && !this.#give(outgoing)) break;
      this.#heldLength -= outgoing.rest.length;
    }
    if (sent > 0) this.#held.splice(0, sent);
    this.#pumping = false;
  }

  #failAll(failure: Failure): void {
    this.#heldLength = 0;
    for (const outgoing of this.#held.splice(0)) outgoing.fail(failure);
  }
}
