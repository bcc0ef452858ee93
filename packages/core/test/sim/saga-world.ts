// One checkout system in a virtual world, its process, its disk, and a bank outside that outlives both; the process can be
// made to die at any write of the sagas' journal. `saga-laws.ts` holds what is left against what was heard.
import { Failure } from "@atoll/core";
import type { Journal, JournalStore } from "@atoll/core/journal";
import { BrokenLaw, placedRecords, SimulatedDisk, SimulatedJournalStore, type PlacedRecord } from "@atoll/core/journal/simulated";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { BankBooks, Checkout, checkoutSystem, Stock } from "../checkout.ts";

export type Heard = { readonly reply: unknown } | { readonly rejected: string } | { readonly failed: string };

export interface Order {
  readonly key: string;
  readonly sku: string;
  readonly qty: number;
  readonly cents: number;
  readonly rest?: string;
}

/** Virtual ms: more than any saga here takes. */
const patienceMs = 3_600_000;

export class SagaWorld {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly books = new BankBooks();
  readonly orders: Order[] = [];
  readonly heard = new Map<string, Heard>();
  readonly delivered = 20;
  /** The process dies at this write of the sagas' journal, counted from 1 over all lives: with it, or without. */
  death: { readonly at: number; readonly written: boolean } | undefined;
  /** Writes of the sagas' journal so far. */
  writes = 0;
  /** What only a person could mend has been mended. */
  mended = false;
  #process: VirtualProcess | undefined;
  #store: SimulatedJournalStore | undefined;
  #booted: Booted | undefined;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed, stepsMax: 400_000 });
    this.disk = new SimulatedDisk(this.world.outside);
  }

  get booted(): Booted | undefined {
    return this.#booted;
  }

  async start(): Promise<void> {
    for (;;) {
      const process = this.world.process("node");
      const store = new SimulatedJournalStore(this.disk, process, { process: process.name });
      this.#process = process;
      this.#store = store;
      const system = checkoutSystem({
        books: this.books,
        retry: "20s",
        limits: { entities: { snapshotEvery: 3, residentsMax: 4 } },
      });
      const booting = process.enter(this.world.outside, () =>
        boot(system, { runtime: process, journals: this.#deadly(store), config: {} }),
      );
      const booted = await booting.catch(() => undefined);
      if (this.#process !== process) return; // it died while starting, and who killed it starts another
      if (booted) {
        this.#booted = booted;
        return;
      }
      this.crash();
    }
  }

  crash(): void {
    this.#booted = undefined;
    this.#process?.crash();
    this.#store?.crash();
    this.#process = undefined;
    this.world.reach("crashed");
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  /** Inside the living process; asked again until it is not a failure that may pass. */
  async insist<T>(act: (booted: Booted) => Promise<T>): Promise<T> {
    const endMs = this.world.timeMs + patienceMs;
    while (this.world.timeMs < endMs) {
      const [process, booted] = [this.#process, this.#booted];
      if (process && booted) {
        try {
          return await process.enter(this.world.outside, () => act(booted));
        } catch (error) {
          if (!(error instanceof Failure) || error.retry === "never") throw error;
        }
      }
      await this.pause(20 + this.world.random.next() * 200);
    }
    throw new BrokenLaw("answers", `there is no answer after ${patienceMs} virtual ms`);
  }

  /** Asks once, and does not wait for what comes of it. */
  async leave(order: Order): Promise<void> {
    const { key, ...input } = order;
    if (!this.orders.includes(order)) this.orders.push(order);
    const [process, booted] = [this.#process, this.#booted];
    await process?.enter(this.world.outside, () => booted?.at(Checkout, key).start(input, { within: "50ms" })).catch(() => undefined);
  }

  async order(order: Order): Promise<void> {
    if (!this.orders.includes(order)) this.orders.push(order);
    const { key, ...input } = order;
    const heard = await this.insist((booted) => booted.at(Checkout, key).start(input, { commandId: `start ${key}` })).then(
      (answer): Heard => (answer.rejected ? { rejected: answer.rejected } : { reply: answer.reply }),
      (failure: unknown): Heard => ({ failed: (failure as Failure).code }),
    );
    this.heard.set(key, heard);
    this.world.note(`${key} -> ${JSON.stringify(heard)}`);
  }

  deliver(): Promise<void> {
    return this.insist((booted) => booted.at(Stock, "tea").deliver({ qty: this.delivered }, { commandId: "delivery" }));
  }

  /** Everything that the sagas' journal holds now. */
  journal(): readonly PlacedRecord[] {
    return placedRecords(this.disk.rows("orders"));
  }

  stock(): readonly PlacedRecord[] {
    return placedRecords(this.disk.rows("stock"));
  }

  /** Until no saga is at work and no alarm is left but far ones. */
  async settle(): Promise<void> {
    for (let i = 0; i < 3_000; i++) {
      await this.pause(100);
      const list = await this.insist((booted) => booted.sagas.list());
      if (list.entries.length === 0) return;
    }
  }

  #deadly(store: JournalStore): JournalStore {
    return {
      exists: (service) => store.exists(service),
      open: async (service, partitions) => {
        const journal = await store.open(service, partitions);
        return service === "orders" ? this.#counted(journal) : journal;
      },
    };
  }

  #counted(journal: Journal): Journal {
    return new Proxy(journal, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name !== "append") return member.bind(target);
        return async (rows: Parameters<Journal["append"]>[0]) => {
          this.writes += 1;
          const { death } = this;
          const dies = death?.at === this.writes;
          if (dies && !death.written) {
            this.#die();
            return new Promise(() => {});
          }
          const results = await target.append(rows);
          if (!dies) return results;
          this.#die();
          return new Promise(() => {});
        };
      },
    });
  }

  #die(): void {
    this.world.reach(`died ${this.death?.written ? "after" : "before"} a write`);
    this.crash();
    void this.pause(this.world.random.next() * 300).then(() => this.start());
  }
}
