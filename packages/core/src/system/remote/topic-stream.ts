// The reader's end of a stream: keeps the batches that were sent ahead until they are asked for, asks for more as they are taken, and
// opens the stream again from where it was, whatever has become of its link (stream-machine.ts).
import { unreachable } from "../../base/assert.ts";
import { Deque } from "../../base/deque.ts";
import { Failure } from "../../base/failure.ts";
import type { SourceItem, SourcePage, SourceReader } from "../../journal/index.ts";
import type { Answered } from "./peers.ts";
import { Outgoing } from "./outgoing.ts";
import type { RemoteService } from "./remote-service.ts";
import {
  readingFrom,
  stepReading,
  type ReadingEffect,
  type ReadingInput,
  type ReadingStream,
  type StreamLimits,
} from "./stream-machine.ts";
import { MalformedFrame } from "./frame-members.ts";
import { type Batch, moreRest, type Rest, type WireItem } from "./wire.ts";

export interface TopicStreamInit {
  readonly service: RemoteService;
  readonly from: number;
  readonly limits: StreamLimits;
  /** The request that opens it. */
  readonly rest: (from: number, bytesMax: number, demand: number) => Rest;
  readonly item: (item: WireItem) => SourceItem;
  /** Everything below it is in the log. */
  readonly saw: (next: number) => void;
}

export class TopicStream implements SourceReader {
  readonly #init: TopicStreamInit;
  readonly #held = new Deque<Batch>();
  #state: ReadingStream;
  #opening: Opening | undefined;
  /** Of a batch; all that is held together is what the reader wants to hold. */
  #batchBytesMax = 0;
  /** Everything below it was given away. */
  #taken: number;
  /** What has ended it, behind the batches that are held. */
  #failure: Failure | undefined;
  #wake: (() => void) | undefined;

  constructor(init: TopicStreamInit) {
    this.#init = init;
    this.#state = readingFrom(init.from);
    this.#taken = init.from;
  }

  /** The first question says how much; pages are a part of it, because some are kept ahead. */
  async next(bytesMax: number): Promise<SourcePage> {
    if (this.#batchBytesMax === 0) this.#batchBytesMax = Math.ceil(bytesMax / this.#init.limits.batchesAhead);
    if (this.#held.length === 0 && !this.#failure) this.#step({ kind: "begin" });
    if (this.#held.length === 0 && !this.#failure && this.#state.phase !== "over") await this.#arrival();
    const batch = this.#held.shift();
    if (batch) {
      this.#taken = batch.next;
      this.#step({ kind: "taken" });
      return { items: batch.items.map(this.#init.item), next: batch.next };
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
    return { items: [], next: this.#taken };
  }

  close(): void {
    this.#step({ kind: "close" });
    while (this.#held.length > 0) this.#held.shift();
    this.#failure = undefined;
    this.#wakes();
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #wakes(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  // ── what the opening hears ──────────────────────────────────────────────────────────────────────────────────────────────

  batch(opening: Opening, batch: Batch): void {
    if (opening !== this.#opening) return;
    this.#step({ kind: "batch", number: batch.number, next: batch.next }, batch);
  }

  lost(opening: Opening): void {
    if (opening !== this.#opening) return;
    this.#opening = undefined;
    this.#step({ kind: "lost" });
  }

  failed(opening: Opening, failure: Failure): void {
    if (opening !== this.#opening) return;
    this.#opening = undefined;
    this.#failure = failure;
    this.#step({ kind: "failed" });
    this.#wakes();
  }

  // ── carrying out ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #step(input: ReadingInput, batch?: Batch): void {
    const [state, effects] = stepReading(this.#init.limits, this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#perform(effect, batch);
    this.#opening?.tell(state.demand);
  }

  #perform(effect: ReadingEffect, batch: Batch | undefined): void {
    switch (effect.kind) {
      case "open":
        return this.#open(effect.from, effect.demand);
      case "keep":
        this.#held.push(batch as Batch);
        this.#init.saw((batch as Batch).next);
        return this.#wakes();
      case "give up":
        this.#opening?.giveUp();
        this.#opening = undefined;
        return;
      case "violated":
        throw new MalformedFrame(effect.why);
      case "demand":
        return; // told as soon as there is somebody to tell
      default:
        unreachable(effect, "the reader of a stream");
    }
  }

  #open(from: number, demand: number): void {
    const { service, rest } = this.#init;
    const opening = new Opening(service, rest(from, this.#batchBytesMax, demand), demand, this);
    this.#opening = opening;
    service.submit(opening);
  }
}

/** A request that has many answers, and whose end is not the stream's. */
class Opening extends Outgoing {
  readonly rest: Rest;
  settled = false;
  readonly #stream: TopicStream;
  #told: number;

  constructor(service: RemoteService, rest: Rest, demand: number, stream: TopicStream) {
    super(service, { kind: "host" });
    this.rest = rest;
    this.#told = demand;
    this.#stream = stream;
  }

  /** Of demand; before it has left there is nobody to hear of more. */
  tell(demand: number): void {
    if (demand <= this.#told || !this.place) return;
    this.#told = demand;
    this.place.peer.say(this.place.n, moreRest(demand));
  }

  leftMs(): number {
    return 0;
  }

  override batch(batch: Batch): void {
    this.#stream.batch(this, batch);
  }

  protected take(answer: Answered): void {
    const what = `it has ended a stream with "${answer.kind}"`;
    this.fail(answer.kind === "failure" ? answer.failure : new Failure("UNAVAILABLE", { what, at: `service "${this.service.name}"` }));
  }

  fail(failure: Failure): void {
    this.settled = true;
    this.#stream.failed(this, failure);
  }

  get length(): number {
    return this.rest.length;
  }

  override again(): void {
    this.lost("its node takes nothing more");
  }

  protected vanished(): void {
    this.settled = true;
    this.#stream.lost(this);
  }

  giveUp(): void {
    this.settled = true;
    this.abandon();
  }
}
