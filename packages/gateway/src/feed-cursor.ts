// One partition of an open feed: where its client is, and the messages that wait to be taken by its connection, within a bound. What
// would go beyond it is left out, and the cursor is behind: it catches up from the log, when the client goes on.
import { isBehind, type Place, type SourceReader } from "@atoll/core/edge";
import type { FeedMessage, LiveListener } from "./live-topic.ts";

export class FeedCursor implements LiveListener {
  readonly partition: number;
  readonly key: string | undefined;
  /** Everything up to it was handed over, or waits. */
  read: Place;
  /** Everything up to it was handed over. */
  handed: Place;
  readonly waiting: FeedMessage[] = [];
  /** Listening, as opposed to catching up from the log. */
  live = false;
  reader: SourceReader | undefined;
  /** Where the reader of a key's history ends. */
  until = 0;
  #bytes = 0;
  readonly #bytesMax: number;
  readonly #wake: () => void;
  readonly #lag: (cursor: FeedCursor) => void;

  constructor(
    init: { readonly partition: number; readonly key: string | undefined; readonly place: Place; readonly bytesMax: number },
    wake: () => void,
    lag: (cursor: FeedCursor) => void,
  ) {
    this.partition = init.partition;
    this.key = init.key;
    this.read = init.place;
    this.handed = init.place;
    this.#bytesMax = init.bytesMax;
    this.#wake = wake;
    this.#lag = lag;
  }

  offer(message: FeedMessage): void {
    if (!this.live || isBehind(message, this.read)) return;
    if (this.#bytes + message.text.length > this.#bytesMax) {
      this.live = false;
      this.#lag(this);
    } else this.push(message);
    this.#wake();
  }

  passed(offset: number): void {
    if (this.live) this.reached({ offset, index: -1 });
  }

  push(message: FeedMessage): void {
    this.waiting.push(message);
    this.#bytes += message.text.length;
    this.read = { offset: message.offset, index: message.index };
  }

  reached(place: Place): void {
    if (isBehind(place, this.read)) return;
    this.read = place;
    if (this.waiting.length === 0) this.handed = place;
  }

  take(): FeedMessage | undefined {
    const message = this.waiting.shift();
    if (!message) return undefined;
    this.#bytes -= message.text.length;
    this.handed = this.waiting.length === 0 ? this.read : { offset: message.offset, index: message.index };
    return message;
  }
}
