// One process of a system, its disk, and clients outside of it, in a virtual world.
import type { At } from "@atoll/core";
import type { Journal, JournalStore } from "@atoll/core/journal";
import { FaultyJournal, type FaultPlan, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import type { VirtualProcess } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { ledgerSystem } from "./ledger.ts";
import { type Heard, LedgerWorld } from "./ledger-world.ts";

export class IslandWorld extends LedgerWorld {
  /** Faults on a schedule, for every life of the process, besides `disk.faults`. */
  plan: FaultPlan | undefined;
  /** Told of each call to the journal before it is made, counted from 1 over all lives. */
  onJournalCall: (call: number, operation: string) => void = () => {};
  #process: VirtualProcess | undefined;
  #store: SimulatedJournalStore | undefined;
  #booted: Booted | undefined;
  #calls = 0;

  constructor(seed: number) {
    super(seed, 300_000);
  }

  get process(): VirtualProcess | undefined {
    return this.#process;
  }

  get up(): boolean {
    return this.#booted !== undefined;
  }

  /** Starts the process; resolves false if it could not start (faults at boot), after which it is dead. */
  async start(): Promise<boolean> {
    const process = this.world.process("node");
    const store = new SimulatedJournalStore(this.disk, process, { process: process.name });
    this.#process = process;
    this.#store = store;
    try {
      const booted = await process.enter(this.world.outside, () =>
        boot(ledgerSystem, { runtime: process, journals: this.#counted(store), config: {} }),
      );
      if (this.#process === process) this.#booted = booted;
      return this.#process === process;
    } catch {
      if (this.#process === process) this.crash();
      return false;
    }
  }

  crash(): void {
    this.#booted = undefined;
    this.#process?.crash();
    this.#store?.crash();
    this.#process = undefined;
  }

  /** Starts until it holds. */
  async restart(): Promise<void> {
    while (!(await this.start())) this.world.reach("boot failed");
  }

  async stop(): Promise<void> {
    const booted = this.#booted;
    if (booted) await this.#process?.enter(this.world.outside, () => booted.stop(60_000));
  }

  protected speak(act: (at: At) => Promise<Heard>): Promise<Heard> | undefined {
    const booted = this.#booted;
    return booted && this.#process?.enter(this.world.outside, () => act(booted.at));
  }

  #counted(store: JournalStore): JournalStore {
    return {
      exists: (service) => store.exists(service),
      open: async (service, partitions) => {
        const opened = await store.open(service, partitions);
        const { plan } = this;
        const journal: Journal = plan ? new FaultyJournal(opened, plan, { timers: this.world.outside.timers }) : opened;
        return new Proxy(journal, {
          get: (target, name) => {
            const member: unknown = Reflect.get(target, name, target);
            if (typeof member !== "function" || typeof name !== "string")
              return typeof member === "function" ? member.bind(target) : member;
            return (...args: unknown[]) => {
              this.#calls += 1;
              this.onJournalCall(this.#calls, name);
              return (member as (...given: unknown[]) => unknown).apply(target, args);
            };
          },
        });
      },
    };
  }
}
