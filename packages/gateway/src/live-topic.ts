// What all feeds of one topic share: per partition one reader at the head of the log, which hands every new message to the feeds it
// is meant for. It begins with the first feed that is interested in the partition and ends with the last.
//
// It never waits for a feed: what a feed cannot take is left out, and the feed reads it from the log when its client goes on
// (feed-stream.ts). So a client that does not read costs nobody anything, and nothing is kept for it.
import type { EventSource, SourceItem, SourceReader } from "@atoll/core/edge";
import type { Runtime } from "@atoll/core/runtime";
import { Turns } from "./turns.ts";

/** A message on its way to clients; its text is made once, whoever gets it. */
export interface FeedMessage {
  readonly offset: number;
  readonly index: number;
  readonly text: string;
}

export interface LiveListener {
  readonly partition: number;
  /** Undefined for everything in the partition. */
  readonly key: string | undefined;
  /** Takes the message, or leaves the live topic by itself (`Live.drop`). */
  offer(message: FeedMessage): void;
  /** Everything below `offset` was offered. */
  passed(offset: number): void;
}

/** Bytes that are read of the log at a time. */
const pageBytes = 2 ** 16;
const retry = { firstMs: 100, maxMs: 5_000 };

class LivePartition {
  /** Everything below was offered to whoever is listening. */
  position: number;
  /** Feeds that are open on the partition, listening or catching up. */
  interested = 0;
  readonly byKey = new Map<string, Set<LiveListener>>();
  readonly all = new Set<LiveListener>();
  readonly reader: SourceReader;
  closed = false;

  constructor(position: number, reader: SourceReader) {
    this.position = position;
    this.reader = reader;
  }
}

export class LiveTopic {
  readonly source: EventSource;
  readonly #runtime: Runtime;
  readonly #turns: Turns;
  readonly #partitions = new Map<number, LivePartition>();

  constructor(source: EventSource, runtime: Runtime) {
    this.source = source;
    this.#runtime = runtime;
    this.#turns = new Turns(runtime, 1, retry);
  }

  /** A feed wants to hear of the partition. */
  enter(partition: number): void {
    let live = this.#partitions.get(partition);
    if (!live) {
      const head = this.source.head(partition);
      live = new LivePartition(head, this.source.read(partition, head));
      this.#partitions.set(partition, live);
      void this.#follow(live);
    }
    live.interested += 1;
  }

  leave(partition: number): void {
    const live = this.#partitions.get(partition);
    if (!live || (live.interested -= 1) > 0) return;
    live.closed = true;
    live.reader.close();
    this.#partitions.delete(partition);
  }

  /** Listens from now on, if everything below `offset` is all that was offered so far; else the log has to be read up to there. */
  join(listener: LiveListener, offset: number): boolean {
    const live = this.#partitions.get(listener.partition) as LivePartition;
    if (offset < live.position) return false;
    listenersOf(live, listener, true)?.add(listener);
    return true;
  }

  drop(listener: LiveListener): void {
    const live = this.#partitions.get(listener.partition);
    const listeners = live && listenersOf(live, listener, false);
    listeners?.delete(listener);
    if (live && listener.key !== undefined && listeners?.size === 0) live.byKey.delete(listener.key);
  }

  /** What a message is on the wire; undefined, and a line in the log, for one that cannot be read. */
  message({ offset, index, data, error, at }: SourceItem): FeedMessage | undefined {
    if (!error) return { offset, index, text: JSON.stringify(data) };
    this.#runtime.logger.log("error", "gateway.feed_unreadable", { service: this.source.log.service, key: at.key, offset, error });
    return undefined;
  }

  async #follow(live: LivePartition): Promise<void> {
    while (!live.closed) {
      const page = await this.#turns.untilDone(
        () => live.reader.next(pageBytes),
        (error) => this.#runtime.logger.log("warn", "gateway.feed_unread", { service: this.source.log.service, error }),
      );
      if (live.closed || !page) return;
      for (const item of page.items) this.#offer(live, item);
      live.position = page.next;
      for (const listener of live.all) listener.passed(page.next);
    }
  }

  #offer(live: LivePartition, item: SourceItem): void {
    const one = live.byKey.get(item.at.key);
    if (one === undefined && live.all.size === 0) return;
    const message = this.message(item);
    if (!message) return;
    for (const listener of [...(one ?? []), ...live.all]) listener.offer(message);
  }
}

function listenersOf(live: LivePartition, { key }: LiveListener, create: boolean): Set<LiveListener> | undefined {
  if (key === undefined) return live.all;
  let listeners = live.byKey.get(key);
  if (!listeners && create) live.byKey.set(key, (listeners = new Set()));
  return listeners;
}
