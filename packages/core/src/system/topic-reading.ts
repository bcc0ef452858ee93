// The messages of a topic for somebody outside: an operator, a test, whoever builds something anew from what was said. It reads the
// publisher's log, from any position, as often as it likes; nobody else notices.
//
//  TR1  complete  From its position on it gives every message of the topic once; those of one partition, and so of one entity,
//                 in their order. Between partitions there is no order.
//  TR2  durable   It gives only what is on disk (F2).
//  TR3  resumed   `position` is behind what was given last, whatever ended the reading. Another one from there goes on exactly there,
//                 in this life of the process or a later one.
//  TR4  pulled    What is not asked for is not read: at most one page of each partition is in memory, and while it reads what is there
//                 already, one page.
import { Failure } from "../base/failure.ts";
import type { AnyTopicRef, Deep, Json, Moment } from "../contract/index.ts";
import {
  isBehind,
  JournalError,
  journalFailure,
  type Place,
  placesOf,
  topicPosition,
  type EventSource,
  type SourcePage,
  type SourceReader,
} from "../journal/index.ts";

export interface TopicFrom {
  /** "start", which is the default: the first message there ever was. "now": behind the last one. Or a `position`. */
  readonly from?: string;
  /** Goes on with what is published later, until `signal`, or the end of the system. Without it the reading ends where the log now does. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

export interface TopicMessage<M> {
  /** Key of the entity that published it, its version then, the time, and who had asked. */
  readonly at: Moment;
  readonly message: Deep<M>;
}

export interface TopicReading<M> extends AsyncIterable<TopicMessage<M>> {
  /** Behind the message that was given last; as text, a few characters for each partition of the log. */
  readonly position: string;
}

/** Characters of a log read at a time. */
const pageBytes = 2 ** 16;

/** The readings that are open, so that they end with the system. */
export class TopicReadings {
  readonly #open = new Set<LogReading>();
  #closed = false;

  /** Throws a `Failure`: INVALID_INPUT for a position that is none, LOG_FORKED for one of another log, or that this one does not hold. */
  read(topic: AnyTopicRef, source: EventSource, how: TopicFrom): TopicReading<Json> {
    const reading = new LogReading(`topic ${topic.contract.$.name}.${topic.name}`, source, how, (open) => {
      if (!open) this.#open.delete(reading);
      else if (this.#closed) reading.stop();
      else this.#open.add(reading);
    });
    return reading;
  }

  /** Ends them, with UNAVAILABLE. */
  close(): void {
    this.#closed = true;
    for (const reading of this.#open) reading.stop();
  }
}

interface Arrived {
  readonly partition: number;
  readonly page?: SourcePage;
  readonly error?: unknown;
}

class LogReading implements TopicReading<Json> {
  readonly #at: string;
  readonly #source: EventSource;
  readonly #follow: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #opened: (open: boolean) => void;
  readonly #places: Place[];
  /** Where the log ends when the reading begins. */
  #heads: readonly number[];
  readonly #readers = new Set<SourceReader>();
  #state: "new" | "reading" | "stopping" = "new";
  #wake: (() => void) | undefined;

  constructor(at: string, source: EventSource, { from = "start", follow = false, signal }: TopicFrom, opened: (open: boolean) => void) {
    this.#at = at;
    this.#source = source;
    this.#follow = follow;
    this.#signal = signal;
    this.#opened = opened;
    this.#heads = this.#headsNow();
    this.#places = [...this.#placesFrom(from)];
  }

  get position(): string {
    return topicPosition(this.#source.log, this.#places);
  }

  /** The system is stopping. */
  stop(): void {
    this.#state = "stopping";
    this.#end();
  }

  [Symbol.asyncIterator](): AsyncIterator<TopicMessage<Json>> {
    if (this.#state === "reading") throw new Failure("INVALID_INPUT", { what: "it is being read already: open another one", at: this.#at });
    return this.#read();
  }

  async *#read(): AsyncGenerator<TopicMessage<Json>, void> {
    const end = (): void => this.#end();
    this.#signal?.addEventListener("abort", end);
    if (this.#state === "new") this.#state = "reading";
    this.#heads = this.#headsNow();
    this.#opened(true);
    try {
      for (const partition of this.#heads.keys()) yield* this.#kept(partition);
      if (this.#follow) yield* this.#live();
      if (this.#state === "stopping") throw new Failure("UNAVAILABLE", { what: "the system is stopping", at: this.#at });
    } catch (error) {
      throw error instanceof JournalError ? journalFailure(error, this.#at) : error;
    } finally {
      this.#opened(false);
      this.#signal?.removeEventListener("abort", end);
      this.#end();
      if (this.#state === "reading") this.#state = "new";
    }
  }

  #headsNow(): readonly number[] {
    const source = this.#source;
    return Array.from({ length: source.log.partitions }, (_, partition) => source.head(partition));
  }

  get #over(): boolean {
    return this.#state === "stopping" || this.#signal?.aborted === true;
  }

  #end(): void {
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
    this.#wake?.();
  }

  /** What one partition held when the reading began. */
  async *#kept(partition: number): AsyncGenerator<TopicMessage<Json>> {
    const head = this.#heads[partition] as number;
    if (this.#over || this.#placeOf(partition).offset >= head) return;
    const reader = this.#open(partition);
    while (!this.#over && this.#placeOf(partition).offset < head) {
      const page = await reader.next(pageBytes);
      yield* this.#taken(partition, page, head);
    }
    reader.close();
    this.#readers.delete(reader);
  }

  /** What is published from then on, as it comes. */
  async *#live(): AsyncGenerator<TopicMessage<Json>> {
    const arrived: Arrived[] = [];
    const arrives = (one: Arrived): void => {
      arrived.push(one);
      this.#wake?.();
    };
    const readers = this.#heads.map((_, partition) => this.#open(partition));
    const ask = (partition: number): void =>
      void readers[partition]?.next(pageBytes).then(
        (page) => arrives({ partition, page }),
        (error: unknown) => arrives({ partition, error }),
      );
    if (!this.#over) for (const partition of readers.keys()) ask(partition);
    while (!this.#over) {
      const next = arrived.shift();
      if (!next) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
        continue;
      }
      if (!next.page) throw next.error;
      yield* this.#taken(next.partition, next.page, Number.POSITIVE_INFINITY);
      ask(next.partition);
    }
  }

  /** The messages of a page that lie below `head` and are not behind the reader. */
  *#taken(partition: number, { items, next }: SourcePage, head: number): Generator<TopicMessage<Json>> {
    for (const item of items) {
      if (item.offset >= head || isBehind(item, this.#placeOf(partition))) continue;
      if (this.#over) return;
      this.#places[partition] = { offset: item.offset, index: item.index };
      if (item.error) {
        const what = `message ${item.index} of the record at partition ${partition}, offset ${item.offset}, cannot be read: ${item.error.message}`;
        throw new Failure("DEFECT", { what, at: this.#at, cause: item.error });
      }
      yield { at: item.at, message: item.data as Json };
    }
    if (!this.#over) this.#places[partition] = { offset: Math.min(next, head), index: -1 };
  }

  #open(partition: number): SourceReader {
    const reader = this.#source.read(partition, this.#placeOf(partition).offset);
    this.#readers.add(reader);
    return reader;
  }

  #placeOf(partition: number): Place {
    return this.#places[partition] as Place;
  }

  #placesFrom(from: string): readonly Place[] {
    if (from === "start") return this.#heads.map(() => ({ offset: 0, index: -1 }));
    if (from === "now") return this.#heads.map((offset) => ({ offset, index: -1 }));
    const places = placesOf(from, this.#source);
    if (typeof places === "object") return places;
    if (places === "malformed") throw new Failure("INVALID_INPUT", { what: "`from` is no position of this topic", at: this.#at });
    const what = places === "beyond" ? "the log does not go as far as the position" : "the position belongs to another log";
    throw new Failure("LOG_FORKED", { what, at: this.#at });
  }
}
