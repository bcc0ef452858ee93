// A process in a virtual world that runs a read model, dies, and is started again on the same tables and log.
import assert from "node:assert/strict";
import { SimulatedTables } from "@atoll/core/tables/simulated";
import { VirtualWorld, type VirtualProcess } from "@atoll/core/runtime/virtual";
import type { TableStore } from "@atoll/core/tables";
import type { ReadModel } from "./definition.ts";
import { HostUnderTest } from "./host-under-test.ts";
import type { ReadModelLimits } from "./limits.ts";
import { LogUnderTest } from "./log-under-test.ts";
import { historyOf, type Db } from "./shop-under-test.ts";
import type { OrderRow } from "./fold-under-test.ts";

export interface VirtualOptions {
  readonly seed?: number;
  readonly limits?: Partial<ReadModelLimits>;
  readonly partitions?: number;
}

export class VirtualReadModel {
  readonly world: VirtualWorld;
  readonly log: LogUnderTest;
  readonly tables: SimulatedTables;
  readonly #limits: Partial<ReadModelLimits>;
  process: VirtualProcess;
  #store: ReturnType<SimulatedTables["store"]>;
  #host: HostUnderTest | undefined;
  /** Stands between the process and its tables. */
  through: (store: TableStore) => TableStore = (store) => store;

  constructor({ seed = 1, limits = {}, partitions = 4 }: VirtualOptions = {}) {
    this.world = new VirtualWorld({ seed });
    this.log = new LogUnderTest(partitions);
    this.tables = new SimulatedTables(this.world.outside);
    this.#limits = limits;
    this.process = this.world.process("node");
    this.#store = this.tables.store(this.process);
  }

  get host(): HostUnderTest {
    assert(this.#host, "a host is open");
    return this.#host;
  }

  async open(model: unknown = historyOf(1)): Promise<HostUnderTest> {
    return (this.#host = await HostUnderTest.open(
      model as ReadModel<never>,
      this.log,
      this.through(this.#store),
      this.process,
      this.#limits,
    ));
  }

  /** The process dies; another one is started on what is left. */
  async crash(model?: unknown): Promise<HostUnderTest> {
    this.process.crash();
    this.#store.crash();
    this.process = this.world.process("node");
    this.#store = this.tables.store(this.process);
    return this.open(model);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  /** Rows of the file that answers, seen from outside. */
  rows(): readonly OrderRow[] {
    const live = this.files().findLast(({ state }) => state === "live");
    const sql = "select id, customer, cents, changes from orders order by id";
    const found = live && this.tables.look("shop", live.name, { sql, parameters: [] });
    return (found?.rows ?? []).map(([id, customer, cents, changes]) => ({ id, customer, cents, changes }) as Db["orders"]);
  }

  files(): readonly { readonly name: string; readonly state: string }[] {
    return this.tables.names("shop").map((name) => {
      const [[state] = ["empty"]] = this.tables.look("shop", name, { sql: "select state from atoll_model", parameters: [] })?.rows ?? [];
      return { name, state: String(state) };
    });
  }
}

/** Runs `scenario` in a virtual world, and fails if any task threw. */
export async function virtually(scenario: (running: VirtualReadModel) => Promise<void>, options: VirtualOptions = {}): Promise<void> {
  const running = new VirtualReadModel(options);
  await running.world.runUntil(scenario(running));
  for (const { error } of running.world.failures) throw error;
}
