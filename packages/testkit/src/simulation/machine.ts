// The machine that the system runs on: one process at a time, its journals on a disk that outlives it, and somebody who
// starts it again when it has died, as a supervisor would.
import { Failure, type System } from "@atoll/core";
import { JournalError } from "@atoll/core/journal";
import { type FaultPlan, type SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import type { VirtualProcess, VirtualWorld } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { SimulatedTables, type SimulatedTableStore } from "@atoll/core/tables/simulated";
import type { Story } from "./story.ts";
import { passing } from "./waiting.ts";

export interface MachineInit {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly system: System;
  readonly config: { readonly [name: string]: string };
  readonly random: () => number;
  /** What goes wrong with the journal of a service: asked once for each, and used by all lives of the process. */
  readonly planFor: (service: string) => FaultPlan;
  readonly story: Story | undefined;
}

interface Life {
  readonly process: VirtualProcess;
  readonly store: SimulatedJournalStore;
  readonly tables: SimulatedTableStore;
  readonly bornAtStep: number;
  booted: Booted | undefined;
}

/** Between a start that failed and the next (virtual ms). */
const restartPauseMs = { min: 50, max: 500 } as const;
/** What a stop allows for answers that are still open (virtual ms). */
const graceMs = 60_000;

export class Machine {
  readonly #init: MachineInit;
  readonly #tables: SimulatedTables;
  readonly #plans = new Map<string, FaultPlan>();
  #life: Life | undefined;
  readonly #failed = Promise.withResolvers<never>();
  readonly #started = Promise.withResolvers<void>();

  constructor(init: MachineInit) {
    this.#init = init;
    this.#tables = new SimulatedTables(init.world.outside);
    this.#failed.promise.catch(() => undefined); // whoever drives the run looks at it
  }

  /** Rejects if the system cannot start for a reason that another try does not mend. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Resolves when the system is up for the first time. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  get up(): boolean {
    return this.#life?.booted !== undefined;
  }

  /** The living process, also while it is still starting. */
  get process(): VirtualProcess | undefined {
    return this.#life?.process;
  }

  /** Events of the world since the living process was born; undefined while there is none. */
  get ageSteps(): number | undefined {
    return this.#life && this.#init.world.steps - this.#life.bornAtStep;
  }

  /** Starts the system, again and again if faults prevent it; returns at once. */
  start(): void {
    void this.#start();
  }

  /** The process dies and is started again after `downMs`. Nothing happens if there is none. */
  crash(downMs: number): void {
    if (!this.#bury()) return;
    this.#init.world.outside.timers.after(downMs, () => this.start());
  }

  /**
   * Runs `act` in the process and brings its result out. Fails with a `Failure`: UNAVAILABLE if the process is down,
   * UNKNOWN_OUTCOME if it dies meanwhile.
   */
  async enter<T>(act: (booted: Booted) => Promise<T>): Promise<T> {
    const { world } = this.#init;
    const { booted, process } = this.#life ?? {};
    if (!booted || !process) {
      await passing(world, 1); // a refusal takes time too, or whoever asks again at once would stop the clock
      throw new Failure("UNAVAILABLE", { what: "the process is down" });
    }
    return process.enter(world.outside, () => act(booted));
  }

  /** Stops the system in order: what was accepted is answered, the index is stored. */
  async stop(): Promise<void> {
    await this.enter((booted) => booted.stop(graceMs));
  }

  async #start(): Promise<void> {
    const { world, disk, system, config, story } = this.#init;
    const process = world.process("node");
    const store = new SimulatedJournalStore(disk, process, { process: process.label, plan: (service) => this.#planOf(service) });
    const tables = this.#tables.store(process);
    const life: Life = { process, store, tables, bornAtStep: world.steps, booted: undefined };
    this.#life = life;
    story?.tell(process.label, "starts");
    try {
      const booted = await process.enter(world.outside, () => boot(system, { runtime: process, journals: store, tables, config }));
      if (this.#life !== life) return;
      life.booted = booted;
      story?.tell(process.label, "is up");
      this.#started.resolve();
    } catch (error) {
      if (this.#life !== life) return; // it died while starting, and has a successor
      if (!passes(error)) return this.#failed.reject(error);
      world.reach("boot failed");
      this.crash(restartPauseMs.min + this.#init.random() * (restartPauseMs.max - restartPauseMs.min));
    }
  }

  #planOf(service: string): FaultPlan {
    let plan = this.#plans.get(service);
    if (!plan) this.#plans.set(service, (plan = this.#init.planFor(service)));
    return plan;
  }

  #bury(): boolean {
    const life = this.#life;
    if (!life) return false;
    this.#life = undefined;
    life.process.crash();
    life.store.crash();
    life.tables.crash();
    return true;
  }
}

/** Whether a start that failed so may succeed the next time. */
const passes = (error: unknown): boolean =>
  error instanceof Failure ? error.retry !== "never" : error instanceof JournalError && error.kind !== "damaged";
