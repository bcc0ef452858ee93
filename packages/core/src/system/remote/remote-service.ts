// A service of which other nodes run instances, as the router of this one sees it: takes a message, finds the node that it is for, and
// settles the message with what that node answers. Where a partition moves, a node restarts, or a link is lost, messages are held and
// sent again, in order, under the same identity, within their own deadline.
//
//  R1  honest     Settled as "not delivered" only if no node took it. A command that may have been taken is sent again only
//                 if the receiver knows its identity (entities and sagas keep receipts); else its outcome is unknown. A query is
//                 never taken in this sense: it changes nothing.
//  R2  in order   Messages of this node to one partition, to one service where there are none, or to one instance that they are for
//                 alone, are sent, and sent again, in the order in which they came (lane.ts).
//  R3  bounded    What is held is bounded in number and characters; beyond that OVERLOADED. Nothing outlives its deadline.
//  R4  apart      What waits for one partition holds up nothing else.
//  R5  no waiting for the stopped   Of a node that nobody names any more, nothing is awaited that is for a partition which has a
//                 higher epoch by now: either it is in the log from before the take-over, or it is fenced. It is sent on.
//  R6  readers    What any instance may answer, and one of them gives back, is for the host of the log from then on: nobody gives that
//                 back, so it is sent on once.
import { Failure } from "../../base/failure.ts";
import type { Deadlines, Message } from "../../mailbox/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Goal, Lane, Target } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import type { RemoteLimits } from "./limits.ts";
import { Outgoing, OutgoingCall, OutgoingQuestion, type Sending } from "./outgoing.ts";
import type { Answered, Peer, Peers, Request } from "./peers.ts";
import { Spreading } from "./spreading.ts";
import { epochForHost, type Rest } from "./wire.ts";

/** The instance of the service that this node runs, if it runs one. */
export interface Home extends Target<Outgoing> {
  readonly incarnation: string;
  /** Whether messages of the partition are served here now. */
  serves(partition: number): boolean;
}

export interface RemoteServiceInit {
  readonly service: string;
  readonly peers: Peers;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly limits: RemoteLimits;
  readonly home?: Home;
}

export interface Question {
  readonly answer: Promise<Answered>;
  /** Nobody waits for it any more: it stays unanswered. */
  giveUp(): void;
}

export class RemoteService implements Sending {
  readonly name: string;
  readonly #init: RemoteServiceInit;
  readonly #spreading: Spreading;
  readonly #lanes = new Lanes<Outgoing>();
  /** Lanes with something that waits. */
  readonly #waiting = new Set<Lane<Outgoing>>();
  #held = 0;
  #heldLength = 0;
  #order = 0;
  #closed = false;

  constructor(init: RemoteServiceInit) {
    this.#init = init;
    this.name = init.service;
    this.#spreading = new Spreading(init.runtime);
    init.peers.watch(init.service, () => this.pump());
    init.peers.directory.watch(() => init.peers.writeOff(this.name, this.#isOvertaken));
  }

  /** Of the next request. */
  nextOrder(): number {
    return (this.#order += 1);
  }

  /** `repeatable`: the receiver knows what it has applied, or applies nothing. */
  receive(message: Message, goal: Goal, repeatable: boolean): void {
    const { runtime, deadlines } = this.#init;
    const dueMs = runtime.clock.monotonic() + deadlines.leftMs(message);
    this.submit(new OutgoingCall(this, goal, message, repeatable, dueMs));
    if (!message.settled) deadlines.watch(message);
  }

  /** Asks the host of the log, which is the node itself where there is only one. */
  ask(rest: Rest): Question {
    const { promise: answer, resolve, reject } = Promise.withResolvers<Answered>();
    const question = new OutgoingQuestion(this, { kind: "host" }, rest, resolve, reject);
    this.submit(question);
    return { answer, giveUp: () => question.giveUp() };
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

  /** Nothing of the key's partition waits, or is on its way to another node: whoever serves it here overtakes nobody. */
  isQuiet(contract: string, key: string): boolean {
    return this.#lanes.isEmpty || this.#lanes.isQuiet({ kind: "owner", contract, key }, this.#partitions);
  }

  /** Sends it now, or as soon as a node takes it. */
  submit(outgoing: Outgoing): void {
    const { peers, limits } = this.#init;
    const lost = this.#closed ? "the system is stopping" : peers.directory.lost(this.name);
    if (lost !== undefined) return outgoing.fail(new Failure("UNAVAILABLE", { what: lost, at: `service "${this.name}"` }));
    const lane = this.#laneOf(outgoing.goal);
    outgoing.lane = lane;
    if (!lane.waits && this.#give(lane, outgoing)) return;
    if (this.#held >= limits.heldMax || this.#heldLength >= limits.heldLengthMax) {
      const what = `${this.#held} messages wait for service "${this.name}", which no node takes now`;
      return outgoing.fail(new Failure("OVERLOADED", { what, at: `service "${this.name}"` }));
    }
    lane.push(outgoing);
    this.#hold(lane, outgoing);
  }

  // ── called by what is on its way ──────────────────────────────────────────────────────────────────────────────────────────────

  /** It was certainly not taken, or may be sent again; in its old place among those that wait. */
  returned(outgoing: Outgoing, moved: boolean): void {
    const { lane } = outgoing;
    if (outgoing.settled || !lane) return;
    lane.takeBack(outgoing, moved);
    this.#hold(lane, outgoing);
    this.#soon(lane);
  }

  gaveUp(outgoing: Outgoing): void {
    if (!outgoing.held) return;
    this.#release(outgoing);
    outgoing.lane?.died();
  }

  /** It is not on its way any more: what waited for that may leave. */
  ended({ lane }: Outgoing): void {
    if (lane?.waits) this.#soon(lane);
  }

  /** Something may have changed: whatever can leave leaves. */
  pump(): void {
    if (this.#waiting.size === 0) return;
    const lost = this.#init.peers.directory.lost(this.name);
    if (lost !== undefined) return this.#failAll(new Failure("UNAVAILABLE", { what: lost, at: `service "${this.name}"` }));
    for (const lane of this.#waiting) this.#pump(lane);
  }

  close(): void {
    this.#closed = true;
    this.#failAll(new Failure("UNAVAILABLE", { what: "the system is stopping", at: this.name }));
  }

  #soon(lane: Lane<Outgoing>): void {
    this.#init.runtime.scheduler.soon(() => this.#pump(lane));
  }

  #pump(lane: Lane<Outgoing>): void {
    const unsorted = lane.goal.kind === "owner" && lane.partition === undefined && this.#partitions > 0;
    for (let outgoing = lane.take(); outgoing; outgoing = lane.take()) {
      this.#release(outgoing);
      if (unsorted) this.submit(outgoing);
      else if (!this.#give(lane, outgoing)) {
        lane.takeBack(outgoing, false);
        return this.#hold(lane, outgoing);
      }
    }
    this.#waiting.delete(lane);
  }

  /** False: nobody takes it now. */
  #give(lane: Lane<Outgoing>, outgoing: Outgoing): boolean {
    const { peers, home } = this.#init;
    const { goal, partition } = lane;
    const plan = peers.directory.plan(this.name);
    let target: Target<Outgoing> | undefined;
    let epoch = goal.kind === "host" ? epochForHost : 0;
    if (goal.kind === "node") {
      const address = peers.directory.nodes(this.name).find(({ identity }) => identity.incarnation === goal.incarnation);
      if (!address) return this.#gone(outgoing);
      target = peers.to(this.name, address);
    } else if (goal.kind === "any" || !plan) target = this.#spreading.choose(this.#knowing(outgoing), outgoing.spread);
    else if (goal.kind === "host") target = plan.host === undefined ? undefined : peers.toIncarnation(this.name, plan.host);
    else if (partition !== undefined) {
      const granted = plan.partitions[partition];
      if (granted?.owner === undefined || granted.leaving || !lane.admits(granted.epoch)) return false;
      ({ epoch } = granted);
      if (home && granted.owner === home.incarnation) target = home.serves(partition) ? home : undefined;
      else target = peers.toIncarnation(this.name, granted.owner);
    }
    try {
      return target !== undefined && lane.give(outgoing, target, epoch);
    } catch (error) {
      outgoing.fail(error as Failure); // MESSAGE_TOO_LARGE
      return true;
    }
  }

  /** Instances with room that know its version of the contract; where none of them does, all: one of them says so. */
  #knowing(outgoing: Outgoing): readonly Peer[] {
    const ready = this.#init.peers.ready(this.name);
    if (ready.length <= 1) return ready;
    const knowing = ready.filter((peer) => outgoing.isKnownTo(peer));
    return knowing.length > 0 ? knowing : ready;
  }

  #laneOf(goal: Goal): Lane<Outgoing> {
    return this.#lanes.of(goal, goal.kind === "owner" ? this.#partitions : 0);
  }

  /** Nobody takes the place of a node that is not there any more. */
  #gone(outgoing: Outgoing): true {
    const what = "the node is not there any more, and no other is asked in its place";
    outgoing.fail(new Failure("UNAVAILABLE", { what, at: `service "${this.name}"` }));
    return true;
  }

  /** Whoever had it cannot apply it any more. */
  readonly #isOvertaken = (asked: Request): boolean => {
    if (!(asked instanceof Outgoing) || asked.service !== this || asked.lane?.partition === undefined) return false;
    const granted = this.#init.peers.directory.plan(this.name)?.partitions[asked.lane.partition];
    return granted !== undefined && granted.epoch > asked.epoch;
  };

  /** Of its log; 0: it has none, or it is not known yet. */
  get #partitions(): number {
    return this.#init.peers.directory.plan(this.name)?.partitions.length ?? 0;
  }

  #hold(lane: Lane<Outgoing>, outgoing: Outgoing): void {
    outgoing.held = true;
    this.#waiting.add(lane);
    this.#held += 1;
    this.#heldLength += outgoing.length;
  }

  #release(outgoing: Outgoing): void {
    outgoing.held = false;
    this.#held -= 1;
    this.#heldLength -= outgoing.length;
  }

  #failAll(failure: Failure): void {
    for (const lane of this.#waiting) {
      for (let outgoing = lane.take(); outgoing; outgoing = lane.take()) {
        this.#release(outgoing);
        outgoing.fail(failure);
      }
    }
    this.#waiting.clear();
  }
}
