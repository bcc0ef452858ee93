// The simulated journal for the conformance suite, whose tests just await: the virtual world around it runs by itself
// whenever something has been handed over.
import assert from "node:assert/strict";
import type { Runtime } from "../../runtime/index.ts";
import { VirtualWorld } from "../../runtime/virtual/index.ts";
import type { JournalUnderTest } from "./journal-tck.ts";
import { SimulatedDisk } from "../simulated/simulated-disk.ts";
import { SimulatedJournalStore } from "../simulated/simulated-journal.ts";

type Ports = Pick<Runtime, "timers" | "scheduler" | "random">;

/** A world that needs nobody to drive it. */
class SelfDrivingWorld {
  readonly world: VirtualWorld;
  #driving: Promise<void> | undefined;
  #handedOver = false;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed });
  }

  /** The ports of a process, such that using them sets the world in motion. */
  ports(runtime: Runtime): Ports {
    const { timers, scheduler, random } = runtime;
    return {
      random,
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

export async function simulatedUnderTest(seed: number): Promise<JournalUnderTest & { readonly disk: SimulatedDisk }> {
  const driven = new SelfDrivingWorld(seed);
  const { world } = driven;
  const outside = driven.ports(world.outside);
  const disk = new SimulatedDisk(outside);
  let process = world.process("owner");
  const newStore = (): SimulatedJournalStore => new SimulatedJournalStore(disk, driven.ports(process), { process: process.label });
  let store = newStore();
  return {
    disk,
    store: () => store,
    timers: () => driven.ports(process).timers,
    async crash() {
      process.crash();
      store.crash();
      process = world.process("owner");
      store = newStore();
    },
    async damage(service, partition, offset) {
      disk.damage(service, partition, offset);
    },
    cleanup: () => driven.rest(),
  };
}
