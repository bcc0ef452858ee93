// Those who wait until a read model has applied what they have seen elsewhere (sessions).
import { Failure } from "@atoll/core/extension";
import type { Runtime, Timer } from "@atoll/core/runtime";
import type { Stream } from "./stream.ts";

/** A record that somebody has seen: everything up to and including it is to be applied. */
export interface SeenRecord {
  readonly service: string;
  readonly partition: number;
  readonly offset: number;
}

interface Waiter {
  readonly seen: readonly SeenRecord[];
  readonly resolve: () => void;
  readonly reject: (failure: Failure) => void;
  readonly timer: Timer;
}

export class Waiters {
  readonly #runtime: Runtime;
  readonly #max: number;
  readonly #at: string;
  readonly #waiting = new Set<Waiter>();

  constructor(runtime: Runtime, max: number, at: string) {
    this.#runtime = runtime;
    this.#max = max;
    this.#at = at;
  }

  /**
   * Resolves once `streams()` have all passed what was seen of their logs; other logs are of no concern. Rejects with a
   * `Failure`: UNAVAILABLE when `withinMs` is over, OVERLOADED when too many wait.
   */
  wait(seen: readonly SeenRecord[], withinMs: number, streams: readonly Stream[] | undefined): Promise<void> {
    if (streams && isApplied(seen, streams)) return Promise.resolve();
    if (this.#waiting.size >= this.#max)
      return Promise.reject(new Failure("OVERLOADED", { what: `${this.#max} callers wait for a position`, at: this.#at }));
    return new Promise<void>((resolve, reject) => {
      const timer = this.#runtime.timers.after(withinMs, () => {
        this.#waiting.delete(waiter);
        reject(new Failure("UNAVAILABLE", { what: `it has not applied within ${withinMs} ms what the caller has seen`, at: this.#at }));
      });
      const waiter: Waiter = { seen, resolve, reject, timer };
      this.#waiting.add(waiter);
    });
  }

  moved(streams: readonly Stream[]): void {
    for (const waiter of this.#waiting) {
      if (!isApplied(waiter.seen, streams)) continue;
      this.#waiting.delete(waiter);
      waiter.timer.cancel();
      waiter.resolve();
    }
  }

  close(failure: Failure): void {
    for (const { timer, reject } of this.#waiting) {
      timer.cancel();
      reject(failure);
    }
    this.#waiting.clear();
  }
}

function isApplied(seen: readonly SeenRecord[], streams: readonly Stream[]): boolean {
  return seen.every(({ service, partition, offset }) =>
    streams.every((stream) => stream.partition !== partition || stream.source.log.service !== service || stream.next > offset),
  );
}
