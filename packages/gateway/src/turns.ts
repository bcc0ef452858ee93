// Work that is tried until it is done, so much of it at one moment, and that can be told to stop: what is under way ends, nothing
// new begins. Between attempts it pauses, longer each time.
import type { Random, Timers } from "@atoll/core/runtime";

export interface Pauses {
  readonly firstMs: number;
  readonly maxMs: number;
}

export class Turns {
  readonly #runtime: { readonly timers: Timers; readonly random: Random };
  readonly #max: number;
  readonly #pauses: Pauses;
  readonly #waiting: (() => void)[] = [];
  readonly #sleeping = new Set<() => void>();
  #running = 0;
  #stage: "open" | "closing" | "abandoned" = "open";

  constructor(runtime: { readonly timers: Timers; readonly random: Random }, max: number, pauses: Pauses) {
    this.#runtime = runtime;
    this.#max = max;
    this.#pauses = pauses;
  }

  /** Runs `work` once there is room; undefined if it is closed before that. `now`: it runs already, and only counts. */
  async take<T>(work: () => Promise<T>, now = false): Promise<{ readonly value: T } | undefined> {
    if (!now && !(await this.#room())) return undefined;
    this.#running += 1;
    try {
      return { value: await work() };
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** False if it is closed before there is room. */
  async #room(): Promise<boolean> {
    while (this.#stage === "open" && this.#running >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#stage === "open";
  }

  /** False if it is closed before the pause is over. `failures` counts from 1. */
  async pause(failures: number): Promise<boolean> {
    if (this.#stage !== "open") return false;
    const { firstMs, maxMs } = this.#pauses;
    const stepMs = Math.min(maxMs, firstMs * 2 ** Math.min(30, failures - 1));
    await new Promise<void>((resolve) => {
      const timer = this.#runtime.timers.after(stepMs / 2 + (stepMs / 2) * this.#runtime.random.next(), () => wake());
      const wake = (): void => {
        timer.cancel();
        this.#sleeping.delete(wake);
        resolve();
      };
      this.#sleeping.add(wake);
    });
    return this.#stage === "open";
  }

  /** Tries `work` until it succeeds; undefined if it is closed before. What is begun while closing is tried once. */
  async untilDone<T>(work: () => Promise<T>, failed: (error: unknown) => void): Promise<T | undefined> {
    for (let failures = 1; this.#stage !== "abandoned"; failures++) {
      try {
        return await work();
      } catch (error) {
        failed(error);
        if (!(await this.pause(failures))) return undefined;
      }
    }
    return undefined;
  }

  close(): void {
    if (this.#stage === "open") this.#stage = "closing";
    for (const wake of [...this.#sleeping, ...this.#waiting.splice(0)]) wake();
  }

  abandon(): void {
    this.close();
    this.#stage = "abandoned";
  }
}
