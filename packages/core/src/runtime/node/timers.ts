// Timers on `setTimeout`, with two of its habits mended: it may fire up to a millisecond before `Clock.monotonic` says
// so, and it fires at once for delays above 2^31 - 1 ms. Both are caught by looking at the clock when it fires.
//
// A timer never keeps the process alive. What must keep it alive says so (`NodeRuntime.hold`): otherwise a back-off or
// a deadline that nobody waits for any more would delay the end of a drained process by its whole length.
import { assert } from "../../base/assert.ts";
import type { Clock, Timer, Timers } from "../runtime.ts";

const delayMsMax = 2 ** 31 - 1;

class NodeTimer implements Timer {
  readonly #clock: Clock;
  readonly #task: () => void;
  readonly #dueMs: number;
  #handle: NodeJS.Timeout;

  constructor(clock: Clock, delayMs: number, task: () => void) {
    this.#clock = clock;
    this.#task = task;
    this.#dueMs = clock.monotonic() + delayMs;
    this.#handle = this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  #arm(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#fire(), Math.min(Math.ceil(delayMs), delayMsMax)).unref();
  }

  #fire(): void {
    const leftMs = this.#dueMs - this.#clock.monotonic();
    if (leftMs > 0) this.#handle = this.#arm(leftMs);
    else this.#task();
  }
}

export function nodeTimers(clock: Clock, uncaught: (error: unknown) => void): Timers {
  return {
    after(delayMs, task) {
      assert(Number.isFinite(delayMs), "a timer has a finite delay");
      return new NodeTimer(clock, Math.max(0, delayMs), () => {
        try {
          task();
        } catch (error) {
          uncaught(error);
        }
      });
    },
  };
}
