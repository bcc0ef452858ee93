// Reads one partition of one source, a page ahead of who takes: so there is one page being applied and one waiting, and no
// more. A source that fails is asked again after a pause, from where it was.
import { backoffMs, type EventSource, type SourcePage, type SourceReader } from "@atoll/core/extension";
import type { Runtime } from "@atoll/core/runtime";
import type { ReadModelLimits } from "./limits.ts";

export interface PartitionReaderInit {
  readonly source: EventSource;
  readonly partition: number;
  readonly from: number;
  readonly runtime: Runtime;
  readonly limits: Pick<ReadModelLimits, "pageBytesMax" | "retry">;
  /** A page waits to be taken. */
  readonly arrived: () => void;
  /** Undefined once it works again. */
  readonly failed: (error: unknown) => void;
}

export class PartitionReader {
  readonly #init: PartitionReaderInit;
  #reader: SourceReader | undefined;
  #page: SourcePage | undefined;
  #taken: (() => void) | undefined;
  #closed = false;

  constructor(init: PartitionReaderInit) {
    this.#init = init;
    void this.#run();
  }

  /** The page that waits; the next one is asked for. */
  take(): SourcePage | undefined {
    const page = this.#page;
    this.#page = undefined;
    this.#taken?.();
    return page;
  }

  get waiting(): SourcePage | undefined {
    return this.#page;
  }

  close(): void {
    this.#closed = true;
    this.#page = undefined;
    this.#reader?.close();
    this.#taken?.();
  }

  async #run(): Promise<void> {
    const { source, partition, limits, runtime, arrived, failed } = this.#init;
    let from = this.#init.from;
    for (let failures = 0; !this.#closed; await this.#pause(backoffMs(limits.retry, failures, () => runtime.random.next()))) {
      try {
        const reader = (this.#reader = source.read(partition, from));
        for (;;) {
          const page = await reader.next(limits.pageBytesMax);
          if (this.#isClosed()) return;
          if (page.next <= from) break; // it has ended: ask for another
          if (failures > 0) failed(undefined);
          failures = 0;
          from = page.next;
          this.#page = page;
          arrived();
          await new Promise<void>((resolve) => (this.#taken = resolve));
          if (this.#isClosed()) return;
        }
      } catch (error) {
        if (this.#isClosed()) return;
        failed(error);
      }
      this.#reader?.close();
      failures += 1;
    }
  }

  /** As a call, because it may change while the run waits. */
  #isClosed(): boolean {
    return this.#closed;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#init.runtime.timers.after(delayMs, resolve));
  }
}
