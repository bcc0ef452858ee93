// One open feed: the messages of a topic as server-sent events for one client, pulled by its connection.
//
//  V1  each once    From the place where it begins a client gets every message of its key, or of all, once and in order within a
//                   partition; the id of an event is the place behind it.
//  V2  pulled       Nothing is read or made that the connection does not ask for. While it does not, at most
//                   `feedBufferBytesMax` of messages wait for it; what is beyond comes from the log.
//  V3  alive        Without messages a comment is sent every `feedHeartbeatMs`; of a topic's feed it carries the place.
//  V4  ends         A client that does not read for `stalledMs` is cut off. When the gateway closes, clients are told to come
//                   back. Either way they resume where they were.
import { isBehind, keyPosition, topicPosition, type EventSource, type Place } from "@atoll/core/edge";
import type { Runtime, Timer } from "@atoll/core/runtime";
import { FeedCursor } from "./feed-cursor.ts";
import type { Limits } from "./limits.ts";
import type { LiveTopic } from "./live-topic.ts";

export type FeedEnd = "gone" | "stalled" | "closing" | "failed";

export interface FeedInit {
  readonly live: LiveTopic;
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly key: string | undefined;
  /** With the place where it begins in each. */
  readonly partitions: readonly (readonly [partition: number, place: Place])[];
  /** Ends the connection; absent where there is none. */
  readonly cut: (() => void) | undefined;
  readonly ended: (feed: FeedStream, why: FeedEnd) => void;
}

const encoder = new TextEncoder();

export class FeedStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #init: FeedInit;
  readonly #source: EventSource;
  readonly #cursors: readonly FeedCursor[];
  readonly #heartbeatMs: number;
  #stage: "new" | "open" | "closing" | "ended" = "new";
  #pulled = false;
  #stall: Timer | undefined;
  #wake: (() => void) | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(init: FeedInit) {
    const { live, limits, key, partitions } = init;
    this.#init = init;
    this.#source = live.source;
    this.#heartbeatMs = Math.max(1, Math.min(limits.feedHeartbeatMs, Math.floor(limits.stalledMs / 3)));
    const bytesMax = limits.feedBufferBytesMax;
    const wake = (): void => this.#wake?.();
    this.#cursors = partitions.map(
      ([partition, place]) => new FeedCursor({ partition, key, place, bytesMax }, wake, (lagging) => live.drop(lagging)),
    );
    for (const { partition } of this.#cursors) live.enter(partition);
    this.body = new ReadableStream<Uint8Array>(
      { start: (controller) => void (this.#controller = controller), pull: () => this.#pull(), cancel: () => this.#end("gone") },
      { highWaterMark: 0 },
    );
    this.#expectPull();
  }

  /** Tells the client to come back, if it reads; cuts it off, if it does not. */
  close(): void {
    if (this.#stage === "ended") return;
    if (!this.#pulled) {
      this.#cutOff("closing");
      return;
    }
    this.#stage = "closing";
    for (const { reader } of this.#cursors) reader?.close();
    this.#wake?.();
  }

  async #pull(): Promise<void> {
    this.#stall?.cancel();
    this.#pulled = true;
    const text = await this.#next();
    this.#pulled = false;
    if (this.#stage === "ended") return;
    if (text !== undefined) this.#controller?.enqueue(encoder.encode(text));
    if (text === undefined || this.#stage === "closing") {
      this.#controller?.close();
      this.#end(text === undefined ? "failed" : "closing");
    } else this.#expectPull();
  }

  /** What the client gets next; undefined if the log cannot be read, so that it comes back later. */
  async #next(): Promise<string | undefined> {
    const { feedRetryMs } = this.#init.limits;
    if (this.#stage === "new") {
      this.#stage = "open";
      return `retry: ${feedRetryMs}\n\n`;
    }
    for (;;) {
      // Not all at the same moment: those that come back would meet at the next process.
      if (this.#stage === "closing") return `retry: ${Math.ceil(feedRetryMs * (1 + this.#init.runtime.random.next()))}\n: closing\n\n`;
      if (this.#stage === "ended") return undefined;
      const text = this.#take();
      if (text !== "") return text;
      const behind = this.#cursors.find((cursor) => !cursor.live && !this.#join(cursor));
      if (behind) {
        if (!(await this.#catchUp(behind))) return undefined;
      } else if (!(await this.#woken())) return this.#heartbeat();
    }
  }

  #take(): string {
    const { feedBufferBytesMax } = this.#init.limits;
    let text = "";
    for (const cursor of this.#cursors) {
      for (let message; text.length < feedBufferBytesMax && (message = cursor.take());) {
        text += `id: ${this.#idOf(cursor, message)}\ndata: ${message.text}\n\n`;
      }
    }
    return text;
  }

  #idOf({ key, partition }: FeedCursor, { offset, index }: Place): string {
    return key === undefined ? this.#place() : keyPosition(this.#source.log, partition, { offset, index });
  }

  #place(): string {
    return topicPosition(
      this.#source.log,
      this.#cursors.map(({ handed }) => handed),
    );
  }

  #heartbeat(): string {
    return this.#init.key === undefined ? `id: ${this.#place()}\n\n` : ":\n\n";
  }

  #join(cursor: FeedCursor): boolean {
    cursor.live = this.#init.live.join(cursor, cursor.read.offset);
    if (cursor.live) {
      cursor.reader?.close();
      cursor.reader = undefined;
    }
    return cursor.live;
  }

  async #catchUp(cursor: FeedCursor): Promise<boolean> {
    const { limits, live, runtime } = this.#init;
    const { key, partition } = cursor;
    if (!cursor.reader) {
      cursor.until = this.#source.head(partition);
      const from = cursor.read.offset;
      cursor.reader = key === undefined ? this.#source.read(partition, from) : this.#source.history(key, from);
    }
    try {
      const page = await cursor.reader.next(limits.feedBufferBytesMax);
      for (const item of page.items) {
        const message = isBehind(item, cursor.read) ? undefined : live.message(item);
        if (message) cursor.push(message);
      }
      cursor.reached({ offset: page.next, index: -1 });
      if (key !== undefined && page.next >= cursor.until) {
        cursor.reader?.close();
        cursor.reader = undefined;
      }
      return true;
    } catch (error) {
      runtime.logger.log("warn", "gateway.feed_unread", { service: this.#source.log.service, error });
      return false;
    }
  }

  /** False if it was the time for a heartbeat that ended the wait. */
  #woken(): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (woken: boolean): void => {
        timer.cancel();
        this.#wake = undefined;
        resolve(woken);
      };
      const timer = this.#init.runtime.timers.after(this.#heartbeatMs, () => done(false));
      this.#wake = () => done(true);
    });
  }

  #expectPull(): void {
    if (this.#pulled || this.#stage === "ended") return;
    this.#stall = this.#init.runtime.timers.after(this.#init.limits.stalledMs, () => this.#cutOff("stalled"));
  }

  #cutOff(why: FeedEnd): void {
    this.#controller?.close();
    this.#init.cut?.();
    this.#end(why);
  }

  #end(why: FeedEnd): void {
    if (this.#stage === "ended") return;
    this.#stage = "ended";
    this.#stall?.cancel();
    for (const cursor of this.#cursors) {
      cursor.live = false;
      cursor.reader?.close();
      this.#init.live.drop(cursor);
      this.#init.live.leave(cursor.partition);
    }
    this.#wake?.();
    this.#init.ended(this, why);
  }
}
