// The cursors of one service's streams, written behind: a cursor that lags only costs telling again what is known to have
// been applied (marks, ADR 0013). It is never ahead of what is done with, whoever stored it: other instances of the service
// deliver other streams, and one that comes from them is read again before it is delivered here.
import { backoffMs } from "../base/backoff.ts";
import { JournalError, type Cursor } from "../journal/index.ts";
import type { Runtime, Timer } from "../runtime/index.ts";
import type { SubscriptionLimits } from "./limits.ts";

/** Where they are kept. Rejects with a `JournalError`. */
export interface CursorStore {
  read(): Promise<readonly Cursor[]>;
  /** All or none; one that is below what is there changes nothing (J12). */
  move(cursors: readonly Cursor[]): Promise<void>;
}

export class Cursors {
  readonly #service: string;
  readonly #runtime: Runtime;
  readonly #limits: SubscriptionLimits;
  readonly #store: CursorStore;
  /** As the journal has them, or had when they were last read. */
  readonly #stored: Map<string, number>;
  readonly #moved = new Map<string, number>();
  #timer: Timer | undefined;
  #storing: Promise<void> | undefined;
  #reading: Promise<void> | undefined;
  /** Begins when the one under way has ended. */
  #readingNext: Promise<void> | undefined;
  #failures = 0;
  #stopped = false;

  /** `stored`: as the store has them now. */
  constructor(service: string, runtime: Runtime, limits: SubscriptionLimits, stored: readonly Cursor[], store: CursorStore) {
    this.#service = service;
    this.#runtime = runtime;
    this.#limits = limits;
    this.#stored = new Map(stored.map(({ stream, offset }) => [stream, offset]));
    this.#store = store;
  }

  /** Undefined: the stream has never been read. */
  stored(stream: string): number | undefined {
    return this.#stored.get(stream);
  }

  /** Whether any stream whose name begins so has ever been read. */
  knows(prefix: string): boolean {
    for (const stream of this.#stored.keys()) if (stream.startsWith(prefix)) return true;
    return false;
  }

  /** Everything below `offset` is done with. */
  moved(stream: string, offset: number): void {
    if (offset <= (this.#stored.get(stream) ?? 0)) return;
    this.#moved.set(stream, offset);
    this.#schedule();
  }

  /** Resolves once these are stored. Rejects with a `JournalError`. */
  async begin(cursors: readonly Cursor[]): Promise<void> {
    if (cursors.length > 0) await this.#store.move(cursors);
    for (const { stream, offset } of cursors) this.#stored.set(stream, offset);
  }

  /**
   * Resolves once everything is known here that was stored before the call, by whomever. One reading serves all who ask in one
   * turn. Rejects with a `JournalError`.
   */
  reread(): Promise<void> {
    this.#readingNext ??= this.#read(this.#reading);
    return this.#readingNext;
  }

  /** What has moved of these and is not stored yet is left to whoever delivers them from now on. */
  forget(streams: readonly string[]): void {
    for (const stream of streams) this.#moved.delete(stream);
  }

  /** Stores what has moved until now. Resolves false if that failed; it is then tried again by itself. */
  async flush(): Promise<boolean> {
    await this.#storing;
    await this.#run();
    return this.#failures === 0;
  }

  /** Nothing is stored any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #read(before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => undefined);
    await Promise.resolve(); // whoever asks meanwhile asks for the same
    this.#reading = this.#readingNext;
    this.#readingNext = undefined;
    for (const { stream, offset } of await this.#store.read())
      if (offset > (this.#stored.get(stream) ?? -1)) this.#stored.set(stream, offset);
  }

  #schedule(): void {
    if (this.#timer || this.#storing || this.#stopped || this.#moved.size === 0) return;
    const again = { ...this.#limits.again, firstMs: this.#limits.cursorDelayMs };
    const delayMs = this.#failures === 0 ? this.#limits.cursorDelayMs : backoffMs(again, this.#failures, () => this.#runtime.random.next());
    this.#timer = this.#runtime.timers.after(delayMs, () => {
      this.#timer = undefined;
      void this.#run();
    });
  }

  #run(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#storing = this.#storeMoved().finally(() => {
      this.#storing = undefined;
      this.#schedule();
    });
    return this.#storing;
  }

  async #storeMoved(): Promise<void> {
    if (this.#moved.size === 0) return;
    const cursors = Array.from(this.#moved, ([stream, offset]): Cursor => ({ stream, offset }));
    this.#moved.clear();
    try {
      await this.#store.move(cursors);
      for (const { stream, offset } of cursors) this.#stored.set(stream, offset);
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#failures += 1;
      for (const { stream, offset } of cursors) if (!this.#moved.has(stream)) this.#moved.set(stream, offset);
      this.#runtime.logger.log("warn", "subscription.cursors_not_stored", { service: this.#service, failures: this.#failures, error });
    }
  }
}
