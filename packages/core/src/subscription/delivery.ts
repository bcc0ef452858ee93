// One subscription of one service: a stream for each partition of the publisher's log. Where several instances of the service
// share its log, stream s is delivered by the one that owns partition s modulo P of it, whatever number of partitions the
// publisher has; with that partition it comes and goes.
//
//  D7  moved        A stream that comes goes on from the cursor and the letters that the journal has by then; one that leaves is told no
//                   further, its cursor is stored, and what was sent and is not answered in time is told again where it went.
//  D8  zombies      Two that deliver one stream for a while, because the one does not know yet that it has lost the partition,
//                   apply nothing twice, leave nothing out, and disturb no order. Each tells a target every place from a cursor on
//                   that nothing undone is below, so the target's mark, which passes only what it has answered, makes the slower one's tell a
//                   duplicate, whoever that is. A cursor says that everything below it is done with: that is true whoever
//                   stores it, and it never falls (J12). A letter replaces itself (the same stream and place).
//
// What D8 cannot give: a letter stays if the other has delivered the same command after all (its target was released in
// between), and handlers, which have no marks, may hear a command twice, under one id.
import { assert } from "../base/assert.ts";
import type { DeadLetter, EventSource, Journal } from "../journal/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Cursors } from "./cursors.ts";
import { Deliverer, type Send } from "./deliverer.ts";
import { subjectText } from "./letter.ts";
import type { SubscriptionLimits } from "./limits.ts";
import { type DeliveryMetrics, deliveryMetrics } from "./metrics.ts";
import { offsetOf, placeOf, streamOf } from "./stream.ts";
import type { ToldCommand } from "./tell.ts";
import { toldTrace } from "./told-trace.ts";

export interface DeliveryInit {
  readonly service: string;
  /** Of the subscription. */
  readonly name: string;
  readonly from: "start" | "now";
  readonly source: EventSource;
  /** Name of the contract that the source is of. */
  readonly contract: string;
  /** What is told of one message. Throws a `Failure`. */
  readonly commands: (message: unknown) => readonly ToldCommand[];
  /** What the commands of a message carry that came with `trace`: whoever tells them is their span. */
  readonly span: (trace: string) => string;
  readonly send: Send;
  readonly journal: Pick<Journal, "deadLetters" | "park">;
  /** Of the log of the service that subscribes. */
  readonly partitions: number;
  /** Rejects with a `JournalError` if the journal does not answer in time. */
  readonly within: <T>(operation: Promise<T>) => Promise<T>;
  readonly cursors: Cursors;
  readonly runtime: Runtime;
  readonly limits: SubscriptionLimits;
}

/** Of dead letters that are looked through at start. */
const lettersPage = 500;

interface Stream {
  readonly name: string;
  /** Of the publisher's log. */
  readonly partition: number;
  /** Undefined until it is known where it goes on. */
  deliverer: Deliverer | undefined;
  opening: Promise<void>;
}

export class Delivery {
  readonly #init: DeliveryInit;
  readonly #metrics: DeliveryMetrics;
  /** Those that are delivered here, by partition of the publisher's log. */
  readonly #streams = new Map<number, Stream>();
  #state: "opening" | "started" | "halted" = "opening";

  constructor(init: DeliveryInit) {
    this.#init = init;
    const { service, name, runtime } = init;
    const sum = (of: (deliverer: Deliverer) => number) => (): number => {
      let total = 0;
      for (const { deliverer } of this.#streams.values()) total += deliverer ? of(deliverer) : 0;
      return total;
    };
    const read = { lag: sum(({ lag }) => lag), open: sum(({ open }) => open), failing: sum(({ failing }) => failing) };
    this.#metrics = deliveryMetrics(runtime.metrics, { service, subscription: name }, read);
  }

  /**
   * Finds where each stream of these own partitions goes on; nothing is told before `start`. Where a stream begins that has never been read
   * is on disk before it resolves. `cursors` know what was stored of them. Idempotent. Rejects with a `JournalError`, and has opened none then.
   */
  async open(own: readonly number[]): Promise<void> {
    const { service, name, source } = this.#init;
    const opening: Stream[] = [];
    const wanted = this.#of(own);
    for (const partition of wanted) {
      if (this.#streams.has(partition)) continue;
      const stream: Stream = {
        name: streamOf(service, name, source.log, partition),
        partition,
        deliverer: undefined,
        opening: Promise.resolve(),
      };
      this.#streams.set(partition, stream);
      opening.push(stream);
    }
    const opened = opening.length > 0 ? this.#open(opening) : undefined;
    if (opened) for (const stream of opening) stream.opening = opened;
    await Promise.all(wanted.flatMap((partition) => this.#streams.get(partition)?.opening ?? []));
  }

  /** Whether every stream of the own partition is open. */
  delivers(own: number): boolean {
    return this.#of([own]).every((partition) => this.#streams.get(partition)?.deliverer !== undefined);
  }

  start(): void {
    if (this.#state !== "opening") return;
    this.#state = "started";
    for (const { deliverer } of this.#streams.values()) deliverer?.start();
  }

  /** Tells nothing any more; what was sent is still answered. */
  halt(): void {
    this.#state = "halted";
    for (const { deliverer } of this.#streams.values()) deliverer?.halt();
  }

  /** Its streams are told no further; resolves with their names when what was sent has moved their cursors, or its time is over. */
  async leave(own: number): Promise<readonly string[]> {
    const { runtime, limits } = this.#init;
    const leaving = this.#of([own]).flatMap((partition) => this.#streams.get(partition) ?? []);
    for (const { deliverer, partition } of leaving) {
      deliverer?.halt();
      if (!deliverer) this.#streams.delete(partition); // it does not come any more
    }
    const quiet = Promise.all(leaving.flatMap(({ deliverer }) => deliverer?.quiet() ?? []));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = runtime.timers.after(limits.leaveWithinMs, resolve);
    await Promise.race([quiet, late]);
    timer.cancel();
    for (const stream of leaving) if (this.#streams.get(stream.partition) === stream) this.#streams.delete(stream.partition);
    return leaving.map(({ name }) => name);
  }

  /** As `leave`, but nothing is waited for, and what was sent moves no cursor any more. */
  lost(own: number): readonly string[] {
    return this.#of([own]).flatMap((partition) => {
      const stream = this.#streams.get(partition);
      stream?.deliverer?.halt();
      this.#streams.delete(partition);
      return stream ? [stream.name] : [];
    });
  }

  /** What a command that was told at this place carries when it is sent again. Undefined: nothing, or it is no stream of this. */
  async traceOf(stream: string, place: number): Promise<string | undefined> {
    const trace = await toldTrace(this.#init, stream, place);
    return trace === undefined ? undefined : this.#init.span(trace);
  }

  /** Partitions of the publisher's log that are delivered where these own ones are owned. */
  #of(own: readonly number[]): readonly number[] {
    const { source, partitions } = this.#init;
    const found: number[] = [];
    for (let partition = 0; partition < source.log.partitions; partition++) if (own.includes(partition % partitions)) found.push(partition);
    return found;
  }

  async #open(opening: readonly Stream[]): Promise<void> {
    try {
      await this.#find(opening);
    } catch (error) {
      for (const stream of opening) if (this.#streams.get(stream.partition) === stream) this.#streams.delete(stream.partition);
      throw error;
    }
  }

  async #find(opening: readonly Stream[]): Promise<void> {
    const { from, source, cursors } = this.#init;
    // Also one that begins at the start is told of on disk: what is published by then may be told more than once from then on.
    const unread = opening.flatMap(({ name: stream, partition }) =>
      cursors.stored(stream) === undefined ? [{ stream, offset: from === "now" ? source.head(partition) : 0 }] : [],
    );
    const begun = new Set(unread.map(({ stream }) => stream));
    await cursors.begin(unread);
    const parked = await Promise.all(opening.map(({ name }) => parkedSince(this.#init, name, cursors.stored(name) ?? 0)));
    for (const [i, stream] of opening.entries()) {
      if (this.#streams.get(stream.partition) !== stream) continue; // it has gone meanwhile
      const { name, partition } = stream;
      stream.deliverer = new Deliverer({
        ...this.#init,
        stream: name,
        partition,
        metrics: this.#metrics,
        from: cursors.stored(name) ?? 0,
        read: !begun.has(name),
        parked: parked[i] as ReadonlyMap<number, string>,
        park: (letter) => this.#init.within(this.#init.journal.park(letter)),
        moved: (cursor) => {
          if (this.#streams.get(partition) === stream) cursors.moved(name, cursor);
        },
      });
      if (this.#state === "started") stream.deliverer.start();
    }
  }
}

/** What of the stream was parked at or above the cursor: it is told again, and must not be. */
async function parkedSince({ journal, within }: DeliveryInit, stream: string, cursor: number): Promise<ReadonlyMap<number, string>> {
  const parked = new Map<number, string>();
  let after: Pick<DeadLetter, "stream" | "place"> = { stream, place: placeOf(cursor, 0) - 1 };
  for (;;) {
    const page = await within(journal.deadLetters(after, lettersPage));
    for (const letter of page) {
      if (letter.stream !== stream) return parked;
      assert(offsetOf(letter.place) >= cursor, "letters are listed in the order of their places");
      parked.set(letter.place, subjectText(letter));
      after = letter;
    }
    if (page.length < lettersPage) return parked;
  }
}
