// One process of a system, its disk, and clients outside of it, in a virtual world. Clients keep a history of what they
// asked and heard; `laws.ts` holds it against the log.
import { Failure } from "@atoll/core";
import type { Journal, JournalStore } from "@atoll/core/journal";
import { FaultyJournal, type FaultPlan, SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { unreachable } from "../../src/base/assert.ts";
import { Ledger, ledgerSystem } from "./ledger.ts";

export type Heard =
  | { readonly kind: "reply"; readonly count: number; readonly version?: number }
  | { readonly kind: "full"; readonly count: number }
  | { readonly kind: "failure"; readonly failure: Failure };

export interface Asked {
  readonly operation: "put" | "clear" | "touch" | "count";
  readonly key: string;
  /** Command id; "" for a query. */
  readonly id: string;
  readonly askedAt: number;
  /** Committed records of the key when it was asked, as a bound for what a strong read must show. */
  readonly versionAsked: number;
  heardAt: number | undefined;
  /** Of the key, when it was heard. */
  versionHeard: number;
  /** Whether the command was in the log when its answer came. */
  loggedWhenHeard: boolean;
  heard: Heard | undefined;
}

export const serviceName = "ledgers";

export class IslandWorld {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly history: Asked[] = [];
  /** Faults on a schedule, for every life of the process, besides `disk.faults`. */
  plan: FaultPlan | undefined;
  /** Told of each call to the journal before it is made, counted from 1 over all lives. */
  onJournalCall: (call: number, operation: string) => void = () => {};
  #process: VirtualProcess | undefined;
  #store: SimulatedJournalStore | undefined;
  #booted: Booted | undefined;
  #calls = 0;
  #ids = 0;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed, stepsMax: 300_000 });
    this.disk = new SimulatedDisk(this.world.outside);
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

  freshId(): string {
    this.#ids += 1;
    return `c${this.#ids}`;
  }

  /** Asks once and writes down what came back. Never rejects. */
  async ask(operation: Asked["operation"], key: string, id = "", read: "strong" | "local" = "strong"): Promise<Heard> {
    const { world } = this;
    const asked: Asked = {
      operation,
      key,
      id,
      askedAt: world.timeMs,
      versionAsked: this.version(key),
      heardAt: undefined,
      versionHeard: 0,
      loggedWhenHeard: false,
      heard: undefined,
    };
    this.history.push(asked);
    const heard = await this.#ask(asked, read);
    asked.heardAt = world.timeMs;
    asked.versionHeard = this.version(key);
    asked.loggedWhenHeard = id !== "" && this.logged(id);
    asked.heard = heard;
    world.note(`${operation} ${key} ${id} -> ${heard.kind === "failure" ? heard.failure.code : `${heard.kind} ${heard.count}`}`);
    return heard;
  }

  /** Like a client that will have an answer: asks again under the same id as long as it may and has none. */
  async insist(operation: Asked["operation"], key: string, id: string): Promise<Heard> {
    for (;;) {
      const heard = await this.ask(operation, key, id);
      if (heard.kind !== "failure" || heard.failure.retry === "never") return heard;
      await this.pause(50 + this.world.random.next() * 400);
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  /** Events of `key` that are on the disk now. */
  version(key: string): number {
    let version = 0;
    for (const { body } of this.disk.rows(serviceName)) {
      for (const line of body.split("\n")) if (line.includes(`"key":"${key}"`)) version = (JSON.parse(line) as { version: number }).version;
    }
    return version;
  }

  logged(id: string): boolean {
    return this.disk.rows(serviceName).some(({ body }) => body.includes(`"id":"${id}"`));
  }

  async #ask({ operation, key, id }: Asked, read: "strong" | "local"): Promise<Heard> {
    const booted = this.#booted;
    const process = this.#process;
    if (!booted || !process) {
      await this.pause(1);
      return { kind: "failure", failure: new Failure("UNAVAILABLE", { what: "the process is down" }) };
    }
    try {
      return await process.enter(this.world.outside, async (): Promise<Heard> => {
        const at = booted.at(Ledger, key);
        switch (operation) {
          case "put": {
            const answer = await at.put({ n: 1 }, { commandId: id });
            return answer.rejected ? { kind: "full", count: answer.details.count } : { kind: "reply", count: answer.reply.count };
          }
          case "clear":
            return { kind: "reply", ...(await at.clear({ commandId: id })) };
          case "touch":
            return { kind: "reply", ...(await at.touch({ commandId: id })) };
          case "count":
            return { kind: "reply", ...(await at.count({ read })) };
          default:
            return unreachable(operation, "an operation of the ledger");
        }
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { kind: "failure", failure: error };
    }
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
