// What other nodes ask of this one: each link that comes in has one of these. The caller is the service that the link has
// authenticated, whatever the frames say.
//
//  V1  one response   Every request gets exactly one response, unless it was given up or the link is lost; a stream gets its batches
//                     first, and ends with another response.
//  V2  bounded        Open requests of a link, and answers that wait for room, are bounded; a peer that breaks the bound of the
//                     second loses the link.
//  V3  hostile        A frame that is malformed costs the link, never more.
import { Deque } from "../../base/deque.ts";
import { Failure } from "../../base/failure.ts";
import { Numbered } from "../../base/numbered.ts";
import { type MessageAnswer, Session, type Spread } from "../../mailbox/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Link, LinkHandler } from "../../transport/index.ts";
import type { EventSources } from "../event-sources.ts";
import type { OwnNode } from "../ring.ts";
import type { Call, Router } from "../router.ts";
import type { RemoteLimits } from "./limits.ts";
import { PublishedTopic, type PublishedReader } from "./published-topic.ts";
import { assertSameLog } from "./same-log.ts";
import { ServedStream } from "./served-stream.ts";
import { MalformedFrame } from "./frame-members.ts";
import {
  againRest,
  epochForHost,
  failureRest,
  familiesRest,
  healthyRest,
  logRest,
  movedRest,
  pageRest,
  readAsked,
  rejectionRest,
  replyRest,
  response,
  tracedItems,
  type Ask,
  type Asked,
  type AskedStream,
  type Rest,
  type TopicName,
} from "./wire.ts";

/** Whether a message for a key, sent under the plan's `epoch`, is served here; see `placeOf` of @atoll/core/cluster. */
export type PlaceOf = (contract: string, version: number, key: string, epoch: number) => "here" | "hold" | { readonly moved: number };

export interface ServedInit {
  readonly router: Router;
  readonly logs: Pick<EventSources, "published">;
  readonly own: OwnNode;
  readonly placeOf: PlaceOf;
  /** Calls `act` when the log of the service is open here: at once, if it is. What it returns takes that back. */
  readonly whenHosting: (act: () => void) => () => void;
  readonly runtime: Runtime;
  readonly limits: RemoteLimits;
}

/** All that comes in from other nodes. */
export class Served {
  readonly #init: ServedInit;
  readonly #links = new Set<ServedLink>();
  #leaving: string | undefined;

  constructor(init: ServedInit) {
    this.#init = init;
  }

  /** Where partitions are owned has changed. */
  replace(): void {
    for (const link of this.#links) link.replace();
  }

  readonly accept = (link: Link): LinkHandler => {
    const served: ServedLink = new ServedLink(link, this.#init, {
      leaving: () => this.#leaving,
      gone: () => this.#links.delete(served),
    });
    this.#links.add(served);
    return served;
  };

  /** From now on nothing is taken: whoever asks looks for another node. What was taken is answered, and streams end. */
  leave(why: string): void {
    this.#leaving = why;
    for (const link of this.#links) link.leave(why);
  }

  /** What is open has no answer: whoever asked learns that the link is lost. */
  close(): void {
    for (const served of this.#links) served.link.close(this.#leaving ?? "the node has stopped");
  }
}

const forHost: Spread = { kind: "host" };

interface Door {
  leaving(): string | undefined;
  gone(): void;
}

interface HeldAnswer {
  readonly n: number;
  readonly text: string;
  readonly oversize: Oversize;
}

interface HeldBatch {
  readonly n: number;
  readonly text: string;
  readonly stream: ServedStream;
}

/** Something open that can be given up. */
interface Open {
  giveUp(): void;
}

class ServedLink implements LinkHandler {
  readonly link: Link;
  readonly #init: ServedInit;
  readonly #door: Door;
  readonly #open = new Numbered<Open>();
  /** Of the open ones, those that are streams. */
  readonly #streams = new Map<number, ServedStream>();
  /** Of the open ones, those for partitions that this node does not own yet, in their order. */
  readonly #early = new Map<number, { readonly asked: Ask; readonly dueMs: number }>();
  /** Answers that wait for room. */
  readonly #waiting = new Deque<HeldAnswer>();
  /** Batches that do, in their order, behind all answers: one of each stream at most. */
  readonly #batches = new Deque<HeldBatch>();
  #waitingLength = 0;
  #lost = false;

  constructor(link: Link, init: ServedInit, door: Door) {
    this.link = link;
    this.#init = init;
    this.#door = door;
  }

  message(value: unknown): void {
    try {
      const { n, leftMs, asked } = readAsked(value);
      if (asked.kind === "cancel") return this.#cancel(n);
      if (asked.kind === "more") return this.#streams.get(n)?.demand(asked.demand); // one that has ended is asked in vain
      if (this.#open.has(n)) throw new MalformedFrame(`request ${n} is open already`);
      this.#take(n, leftMs, asked);
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
      this.#init.runtime.logger.log("warn", "link.malformed", { node: this.link.peer.node, reason: error.message });
      this.link.close(error.message);
    }
  }

  room(): void {
    for (let answer = this.#waiting.peek(); answer; answer = this.#waiting.peek()) {
      if (!this.#takes(answer)) return;
      this.#waiting.shift();
      this.#waitingLength -= answer.text.length;
    }
    for (let batch = this.#batches.peek(); batch; batch = this.#batches.peek()) {
      if (!batch.stream.over && !this.#takesBatch(batch)) return;
      this.#batches.shift();
    }
  }

  leave(why: string): void {
    for (const [n, stream] of this.#streams) {
      stream.giveUp();
      this.#respond(n, () => againRest(why));
    }
  }

  #takes({ n, text, oversize }: HeldAnswer): boolean {
    try {
      return this.link.send(text);
    } catch (error) {
      return this.link.send(response(n, failureRest(oversize(error as Failure))));
    }
  }

  closed(): void {
    this.#lost = true;
    this.#door.gone();
    const open = this.#open.entries();
    this.#open.clear();
    for (const [, one] of open) one.giveUp();
  }

  #cancel(n: number): void {
    const open = this.#open.get(n);
    this.#open.delete(n);
    this.#streams.delete(n);
    open?.giveUp();
  }

  #take(n: number, leftMs: number, asked: Asked): void {
    const leaving = this.#door.leaving();
    if (leaving !== undefined) return this.#send(n, againRest(leaving));
    const { limits, own, runtime } = this.#init;
    if (this.#open.size >= limits.servedMax) {
      const what = `${limits.servedMax} requests of node "${this.link.peer.node}" are open`;
      return this.#send(n, failureRest(new Failure("OVERLOADED", { what, at: "link" })));
    }
    if (asked.kind === "ask") return this.#place(n, leftMs, asked);
    if (asked.kind === "health") return this.#send(n, healthyRest(own.health()));
    if (asked.kind === "metrics") return this.#send(n, familiesRest(runtime.metrics.families(), limits.metricsCharsMax));
    if (asked.kind === "cancel" || asked.kind === "more") return;
    // Whoever asks for the log has heard that it is open here, or will be: perhaps before this node.
    let giveUp = (): void => {};
    this.#open.set(n, { giveUp: () => giveUp() });
    giveUp = this.#init.whenHosting(() => {
      if (this.#open.delete(n)) this.#ofLog(n, asked);
    });
  }

  #ofLog(n: number, asked: Exclude<Asked, { readonly kind: "ask" | "health" | "metrics" | "cancel" | "more" }>): void {
    if (asked.kind === "stream") return this.#stream(n, asked);
    if (asked.kind !== "heads") return this.#question(n, asked);
    const log = this.#init.own.log() ?? { logId: "", timeline: 0, heads: [] };
    this.#send(n, logRest(log, log.heads));
  }

  /** What is for a partition that is elsewhere is not taken; what is for one that is to come here waits for that, within its asker's deadline. */
  #place(n: number, leftMs: number, asked: Ask): void {
    const { placeOf, limits, runtime } = this.#init;
    const place = placeOf(asked.contract, asked.version, asked.key, asked.epoch);
    if (place === "here") return this.#ask(n, leftMs, asked);
    if (place !== "hold") return this.#send(n, movedRest(place.moved, false));
    if (this.#early.size >= limits.earlyMax) {
      const what = `${limits.earlyMax} messages wait for partitions that this node is about to own`;
      return this.#send(n, failureRest(new Failure("OVERLOADED", { what, at: `${asked.contract}.${asked.operation}` })));
    }
    this.#early.set(n, { asked, dueMs: leftMs === 0 ? Number.POSITIVE_INFINITY : runtime.clock.monotonic() + leftMs });
    this.#open.set(n, { giveUp: () => this.#early.delete(n) });
  }

  /** It may be known by now where those that wait belong. */
  replace(): void {
    if (this.#early.size === 0) return;
    const nowMs = this.#init.runtime.clock.monotonic();
    const early = new Map(this.#early);
    this.#early.clear();
    for (const [n, { asked, dueMs }] of early) {
      this.#open.delete(n);
      if (dueMs > nowMs) this.#place(n, dueMs === Number.POSITIVE_INFINITY ? 0 : Math.ceil(dueMs - nowMs), asked);
    }
  }

  #ask(n: number, leftMs: number, asked: Ask): void {
    const { epoch, contract, version, operation, key, id, minted, told, read, session: token, trace, input } = asked;
    const { router } = this.#init;
    const to = router.operation(contract, version, operation);
    if (!to) {
      const what = `this node implements no operation "${operation}" of version ${version} of contract "${contract}"`;
      return this.#send(n, failureRest(new Failure("UNAVAILABLE", { what, at: `${contract}.${operation}` })));
    }
    let session: Session;
    try {
      session = Session.parse(token);
    } catch (error) {
      return this.#send(n, failureRest(error as Failure));
    }
    this.#open.set(n, {
      giveUp: () => message?.fail(new Failure("CANCELLED", { what: "the calling node waits no longer", at: message.address })),
    });
    const call: Call = {
      to,
      key: to.contract.$.keyed ? key : undefined,
      input,
      caller: this.link.peer.service,
      id: to.kind === "query" ? undefined : id,
      minted,
      told,
      withinMs: leftMs === 0 ? Number.POSITIVE_INFINITY : leftMs,
      read,
      session,
      spread: epoch >= epochForHost && !to.contract.$.keyed ? forHost : undefined,
      trace,
      returned: (taken) => this.#respond(n, () => movedRest(epoch, taken)),
    };
    const oversize = to.kind === "command" ? carriedOut : undefined;
    const message = router.send(
      call,
      (answer) => this.#respond(n, () => answerRest(answer, session, token), oversize),
      (failure) => this.#respond(n, () => failureRest(failure), oversize),
    );
  }

  #stream(n: number, asked: AskedStream): void {
    const { limits } = this.#init;
    if (this.#streams.size >= limits.streamsMax) {
      const what = `${limits.streamsMax} streams of node "${this.link.peer.node}" are open`;
      return this.#send(n, failureRest(new Failure("OVERLOADED", { what, at: "link" })));
    }
    const failed = (error: unknown): void => this.#respond(n, () => failureRest(failureOf(error, asked.contract)));
    this.#open.set(n, { giveUp: () => this.#streams.get(n)?.giveUp() });
    let reader: PublishedReader;
    try {
      const published = this.#published(asked);
      assertSameLog(published.log.service, asked, published.log);
      reader = published.read(asked.partition, asked.from);
    } catch (error) {
      return failed(error);
    }
    const stream: ServedStream = new ServedStream({
      reader,
      bytesMax: Math.min(asked.bytesMax, limits.pageBytesMax),
      limits,
      send: (rest) => this.#batch(n, response(n, rest), stream),
      failed,
    });
    this.#streams.set(n, stream);
    stream.demand(asked.demand);
  }

  #batch(n: number, text: string, stream: ServedStream): void {
    const batch = { n, text, stream };
    if (this.#waiting.length > 0 || this.#batches.length > 0 || !this.#takesBatch(batch)) this.#batches.push(batch);
  }

  #takesBatch({ n, text, stream }: HeldBatch): boolean {
    try {
      if (!this.link.send(text)) return false;
      stream.left();
    } catch (error) {
      stream.giveUp(); // one record alone is larger than a message may be
      this.#respond(n, () => failureRest(error as Failure));
    }
    return true;
  }

  #published({ contract, version, topic }: TopicName): PublishedTopic {
    const { peer, protocol } = this.link;
    return new PublishedTopic(this.#init.logs.published(peer.service, contract, version, topic), protocol >= tracedItems);
  }

  #question(n: number, asked: Exclude<Extract<Asked, TopicName>, AskedStream>): void {
    const { limits } = this.#init;
    let reading: PublishedReader | undefined;
    this.#open.set(n, { giveUp: () => reading?.close() });
    const answer = async (): Promise<Rest> => {
      const published = this.#published(asked);
      const { log } = published;
      if (asked.kind === "describe") return logRest(log, published.heads());
      assertSameLog(log.service, asked, log);
      reading = published.history(asked.key, asked.from);
      try {
        const { entries, next } = await reading.next(Math.min(asked.bytesMax, limits.pageBytesMax));
        return pageRest(next, entries);
      } finally {
        reading.close();
      }
    };
    answer().then(
      (rest) => this.#respond(n, () => rest),
      (error: unknown) => this.#respond(n, () => failureRest(failureOf(error, asked.contract))),
    );
  }

  #respond(n: number, rest: () => Rest, oversize?: Oversize): void {
    if (!this.#open.delete(n)) return; // given up
    this.#streams.delete(n);
    this.#send(n, rest(), oversize);
  }

  /** `oversize`: what is said instead of MESSAGE_TOO_LARGE. */
  #send(n: number, rest: Rest, oversize: Oversize = (tooLarge) => tooLarge): void {
    if (this.#lost) return;
    const text = response(n, rest);
    try {
      if (this.#waiting.length === 0 && this.link.send(text)) return;
    } catch (error) {
      return this.#send(n, failureRest(oversize(error as Failure)));
    }
    this.#waiting.push({ n, text, oversize });
    this.#waitingLength += text.length;
    if (this.#waitingLength > this.#init.limits.answersLengthMax) this.link.close("it does not take its answers");
  }
}

type Oversize = (tooLarge: Failure) => Failure;

/** Of a command, which may have been carried out: only its answer does not fit. */
const carriedOut: Oversize = ({ what }) =>
  new Failure("UNKNOWN_OUTCOME", { what: `its answer is too large for a link: ${what}`, at: "link" });

function answerRest(answer: MessageAnswer, session: Session, token: string): Rest {
  const seen = session.token === token ? "" : session.token;
  return answer.kind === "reply"
    ? replyRest(answer.replayed, seen, answer.given)
    : rejectionRest(answer.name, answer.replayed, seen, answer.given);
}

/** What is wrong with a log now may be mended: who reads asks again. */
const failureOf = (error: unknown, at: string): Failure =>
  error instanceof Failure ? error : new Failure("UNAVAILABLE", { what: error instanceof Error ? error.message : String(error), at });
