// The shop in a virtual world: the code that is served, virtual time, a simulated disk, and a process that can crash.
import { handlers, type System } from "@atoll/core";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { SimulatedTables, type SimulatedTableStore } from "@atoll/core/tables/simulated";
import { Bank } from "../bank/contract.ts";
import { sockShopWith } from "../composition.ts";
import { chargeCentsMax } from "../payment/contract.ts";
import { synchronousScrypt } from "../user/passwords.ts";
import { ShopClient } from "./shop-client.ts";

const origin = "http://shop";

/** A bank without a network, that never fails. */
const calmBank = handlers(Bank, {
  handle: {
    charge: ({ cents }, cx) => (cents > chargeCentsMax ? cx.reject("Declined", { reason: "too much" }) : undefined),
    refund: () => {},
  },
});

/** The shop without threads, and with passwords that cost nothing: that many would take up most of a simulation. */
export const simulatedShop = sockShopWith(synchronousScrypt, calmBank);
export const simulatedConfig = { PASSWORD_COST: "1" };

export class VirtualShop {
  readonly world: VirtualWorld;
  readonly #disk: SimulatedDisk;
  #process: VirtualProcess | undefined;
  #journals: SimulatedJournalStore | undefined;
  readonly #files: SimulatedTables;
  #tables: SimulatedTableStore | undefined;
  #booted: Booted | undefined;
  /** Reaches whatever process is running. A request that its process does not survive fails. */
  readonly client: ShopClient;

  readonly #system: System;

  constructor(seed: number, system: System) {
    this.#system = system;
    this.world = new VirtualWorld({ seed });
    this.#disk = new SimulatedDisk(this.world.outside);
    this.#files = new SimulatedTables(this.world.outside);
    this.client = new ShopClient(origin, "virtual", async (request) => {
      const { world } = this;
      const gateway = this.#booted?.gateway;
      if (!this.#process || !gateway) throw new TypeError("the shop is not open");
      return this.#process.enter(world.outside, () => gateway.fetch(request));
    });
  }

  /** Starts a process on the disk that the last one has left. */
  async open(): Promise<void> {
    await this.#system.gateway?.load?.();
    const process = this.world.process("shop");
    const journals = new SimulatedJournalStore(this.#disk, process, { process: process.label });
    this.#process = process;
    this.#journals = journals;
    const tables = this.#files.store(process);
    this.#tables = tables;
    this.#booted = await this.drive(
      process.enter(this.world.outside, () => boot(this.#system, { runtime: process, journals, tables, config: simulatedConfig })),
    );
  }

  crash(): void {
    this.#process?.crash();
    this.#journals?.crash();
    this.#tables?.crash();
  }

  /** Turns the world until `promise` is settled. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    const result = await this.world.runUntil(promise);
    for (const { error } of this.world.failures) throw error;
    return result;
  }
}

export async function openShop(seed = 1, system = simulatedShop): Promise<VirtualShop> {
  const shop = new VirtualShop(seed, system);
  await shop.open();
  return shop;
}
