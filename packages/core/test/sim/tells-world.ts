// One process of the system of tells, its disk, and clients that insist, in a virtual world.
import { Failure } from "@atoll/core";
import type { Journal, JournalStore } from "@atoll/core/journal";
import { BrokenLaw, SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { Mouth, tellsSystem } from "./tells.ts";

/** Everything told is done with, after the last fault, within this (virtual ms). */
const settleMsMax = 5 * 60_000;

export class TellsWorld {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  /** Told of each call to a journal before it is made, counted from 1 over all lives. */
  onJournalCall: (call: number, service: string, operation: string) => void = () => {};
  #process: VirtualProcess | undefined;
  #store: SimulatedJournalStore | undefined;
  #booted: Booted | undefined;
  #mouth = new Mouth();
  #calls = 0;
  #ids = 0;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed, stepsMax: 500_000 });
    this.disk = new SimulatedDisk(this.world.outside);
  }

  get up(): boolean {
    return this.#booted !== undefined;
  }

  /** Starts the process, again and again if faults prevent it. */
  async start(): Promise<void> {
    for (;;) {
      const process = this.world.process("node");
      const store = new SimulatedJournalStore(this.disk, process, { process: process.name });
      const mouth = new Mouth();
      this.#process = process;
      this.#store = store;
      this.#mouth = mouth;
      try {
        const booted = await process.enter(this.world.outside, () =>
          boot(tellsSystem(mouth), { runtime: process, journals: this.#counted(store), config: {} }),
        );
        if (this.#process !== process) continue;
        this.#booted = booted;
        return;
      } catch (error) {
        if (!(error instanceof Failure) || error.retry === "never") throw error;
        this.world.reach("boot failed");
        if (this.#process === process) this.crash();
        await this.pause(20);
      }
    }
  }

  crash(): void {
    this.#booted = undefined;
    this.#process?.crash();
    this.#store?.crash();
    this.#process = undefined;
  }

  async stop(): Promise<void> {
    const booted = this.#booted;
    if (booted) await this.#process?.enter(this.world.outside, () => booted.stop(60_000));
  }

  /** A source says it, or the desk relays it; asked again under one id until there is an answer. */
  async say(from: string, n: number, to: readonly string[]): Promise<void> {
    this.#ids += 1;
    const commandId = `c${this.#ids}`;
    for (;;) {
      const { booted, process, mouth } = { booted: this.#booted, process: this.#process, mouth: this.#mouth };
      try {
        if (booted && process) {
          await process.enter(this.world.outside, async () => {
            if (from === "desk") {
              await mouth.say("desk", undefined, n, to, commandId);
              this.#isRelayed({ from: commandId, n }, to);
            } else await mouth.say("source", from, n, to, commandId);
          });
          return;
        }
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error.code === "TOO_OLD") return; // it was applied, and its receipt is forgotten
        if (error.retry === "never") throw error;
      }
      await this.pause(20 + this.world.random.next() * 200);
    }
  }

  /** In the event in which the answer leaves: everything that was told is on the disk. */
  #isRelayed(word: { readonly from: string; readonly n: number }, to: readonly string[]): void {
    const bodies = this.disk.rows("desk").map(({ body }) => body);
    for (const key of to) {
      const event = JSON.stringify({ contract: "sink", version: 1, command: "hear", key, input: word });
      if (!bodies.some((body) => body.includes(event)))
        throw new BrokenLaw("acknowledged, in the log", `${word.from}:${word.n} to ${key} was answered before it was on the disk`);
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  /** The liveness phase: nothing goes wrong any more, and everything must be done with. */
  async settle(): Promise<void> {
    const endMs = this.world.timeMs + settleMsMax;
    for (;;) {
      await this.pause(100);
      const lines = this.#process?.metrics.render().split("\n") ?? [];
      const open = lines.find((line) => /^atoll_(subscription_lag_records|tells_open)\{/.test(line) && !line.endsWith(" 0"));
      if (this.up && open === undefined) return;
      if (this.world.timeMs > endMs)
        throw new RangeError(`settles: ${settleMsMax} virtual ms after the last fault ${open ?? "the process is down"}`);
    }
  }

  #counted(store: JournalStore): JournalStore {
    return {
      exists: (service) => store.exists(service),
      open: async (service, partitions) => {
        const journal: Journal = await store.open(service, partitions);
        return new Proxy(journal, {
          get: (target, name) => {
            const member: unknown = Reflect.get(target, name, target);
            if (typeof member !== "function" || typeof name !== "string")
              return typeof member === "function" ? member.bind(target) : member;
            return (...args: unknown[]) => {
              this.#calls += 1;
              this.onJournalCall(this.#calls, service, name);
              return (member as (...given: unknown[]) => unknown).apply(target, args);
            };
          },
        });
      },
    };
  }
}
