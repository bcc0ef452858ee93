import assert from "node:assert/strict";
import { VirtualWorld } from "../../runtime/virtual/index.ts";
import { tableTck } from "../tck/table-tck.ts";
import type { TableStoreUnderTest } from "../tck/table-under-test.ts";
import { SimulatedTables } from "./simulated-tables.ts";

async function simulatedUnderTest(seed: number): Promise<TableStoreUnderTest> {
  const world = new VirtualWorld({ seed });
  const tables = new SimulatedTables(world.outside);
  let process = world.process("owner");
  let store = tables.store(process);
  const reader = tables.store(world.process("reader"));
  return {
    store: () => store,
    reader: () => reader,
    async crash() {
      process.crash();
      store.crash();
      process = world.process("owner");
      store = tables.store(process);
    },
    drive: (work) => world.runUntil(work),
    async cleanup() {
      await world.run();
      assert.deepEqual(world.failures, []);
    },
  };
}

tableTck("simulated", simulatedUnderTest, { seeds: 10 });
