// Questions of a log writer to its journal: each has its time, some are repeated until they are answered.
import { backoffMs } from "../base/backoff.ts";
import type { Runtime } from "../runtime/index.ts";
import { JournalError, type Journal, type PartitionState } from "./journal.ts";
import { answerWithin } from "./patience.ts";

const again = { firstMs: 50, maxMs: 1_000 };

export class Questions {
  readonly #journal: Journal;
  readonly #runtime: Runtime;
  readonly #timeoutMs: number;
  /** Asked for in this turn. */
  #states: Promise<readonly PartitionState[]> | undefined;
  #stopped = false;

  constructor(journal: Journal, runtime: Runtime, timeoutMs: number) {
    this.#journal = journal;
    this.#runtime = runtime;
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with a `JournalError`. */
  within<T>(operation: Promise<T>): Promise<T> {
    return answerWithin(this.#runtime, this.#timeoutMs, operation);
  }

  /** Repeated after a back-off until it is answered; `failed` is told, and may throw what cannot be mended. Rejects once stopped. */
  async answer<T>(ask: () => Promise<T>, failed: (error: JournalError, attempt: number) => void): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof JournalError) || this.#stopped) throw error;
        failed(error, attempt);
      }
      const delayMs = backoffMs(again, attempt, () => this.#runtime.random.next());
      await new Promise<void>((resolve) => void this.#runtime.timers.after(delayMs, resolve));
    }
  }

  /** Of one partition; all who ask in one turn ask once. */
  async state(partition: number): Promise<PartitionState> {
    if (!this.#states) {
      this.#states = this.within(this.#journal.partitions());
      this.#runtime.scheduler.endOfTurn(() => (this.#states = undefined));
    }
    return (await this.#states)[partition] as PartitionState;
  }

  stop(): void {
    this.#stopped = true;
  }
}
