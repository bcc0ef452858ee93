// A virtual world that needs nobody to drive it: it runs by itself whenever something has been handed over. For suites whose tests
// just await.
import assert from "node:assert/strict";
import type { Runtime } from "../../runtime/index.ts";
import { VirtualWorld } from "../../runtime/virtual/index.ts";

export class SelfDrivingWorld {
  readonly world: VirtualWorld;
  #driving: Promise<void> | undefined;
  #handedOver = false;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed });
  }

  /** The ports of a process, such that using them sets the world in motion. */
  ports({ clock, timers, random, scheduler, network, logger, metrics, mode }: Runtime): Runtime {
    return {
      clock,
      random,
      network,
      logger,
      metrics,
      mode,
      timers: {
        after: (delayMs, task) => {
          this.#drive();
          return timers.after(delayMs, task);
        },
      },
      scheduler: {
        soon: (task) => {
          this.#drive();
          scheduler.soon(task);
        },
        endOfTurn: (task) => {
          this.#drive();
          scheduler.endOfTurn(task);
        },
      },
    };
  }

  /** Resolves when nothing is left that could happen. */
  async rest(): Promise<void> {
    while (this.#driving) await this.#driving;
    assert.deepEqual(this.world.failures, []);
  }

  #drive(): void {
    this.#handedOver = true;
    this.#driving ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#handedOver) {
      this.#handedOver = false;
      await this.world.run();
    }
    this.#driving = undefined;
  }
}
