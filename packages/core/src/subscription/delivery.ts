// One subscription of one service: a stream for each partition of the publisher's log.
import { assert } from "../base/assert.ts";
import type { DeadLetter, EventSource, Journal } from "../journal/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Cursors } from "./cursors.ts";
import { Deliverer, type Send } from "./deliverer.ts";
import { subjectText } from "./letter.ts";
import type { SubscriptionLimits } from "./limits.ts";
import { deliveryMetrics } from "./metrics.ts";
import { offsetOf, placeOf, streamOf } from "./stream.ts";
import type { ToldCommand } from "./tell.ts";

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
  readonly send: Send;
  readonly journal: Pick<Journal, "deadLetters" | "park">;
  /** Rejects with a `JournalError` if the journal does not answer in time. */
  readonly within: <T>(operation: Promise<T>) => Promise<T>;
  readonly cursors: Cursors;
  readonly runtime: Runtime;
  readonly limits: SubscriptionLimits;
}

/** Of dead letters that are looked through at start. */
const lettersPage = 500;

export class Delivery {
  readonly #deliverers: readonly Deliverer[];

  private constructor(deliverers: readonly Deliverer[]) {
    this.#deliverers = deliverers;
  }

  /**
   * Finds where each stream goes on; nothing is told yet. Where a stream begins that has never been read is on disk before
   * it resolves. Rejects with a `JournalError`.
   */
  static async open(init: DeliveryInit): Promise<Delivery> {
    const { service, name, from, source, cursors, runtime } = init;
    const streams = Array.from({ length: source.log.partitions }, (_, p) => streamOf(service, name, source.log, p));
    // Also one that begins at the start is told of on disk: what is published by then may be told more than once from then on.
    const unread = streams.flatMap((stream, p) =>
      cursors.stored(stream) === undefined ? [{ stream, offset: from === "now" ? source.head(p) : 0 }] : [],
    );
    const begun = new Set(unread.map(({ stream }) => stream));
    await cursors.begin(unread);
    const parked = await Promise.all(streams.map((stream) => parkedSince(init, stream, cursors.stored(stream) ?? 0)));
    const deliverers: Deliverer[] = [];
    const sum = (of: (deliverer: Deliverer) => number) => (): number => deliverers.reduce((total, deliverer) => total + of(deliverer), 0);
    const read = { lag: sum(({ lag }) => lag), open: sum(({ open }) => open), failing: sum(({ failing }) => failing) };
    const metrics = deliveryMetrics(runtime.metrics, { service, subscription: name }, read);
    for (const [partition, stream] of streams.entries()) {
      deliverers.push(
        new Deliverer({
          ...init,
          stream,
          partition,
          metrics,
          from: cursors.stored(stream) ?? 0,
          read: !begun.has(stream),
          parked: parked[partition] as ReadonlyMap<number, string>,
          park: (letter) => init.within(init.journal.park(letter)),
          moved: (cursor) => cursors.moved(stream, cursor),
        }),
      );
    }
    return new Delivery(deliverers);
  }

  start(): void {
    for (const deliverer of this.#deliverers) deliverer.start();
  }

  /** Tells nothing any more; what was sent is still answered. */
  halt(): void {
    for (const deliverer of this.#deliverers) deliverer.halt();
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
