// Read models in a whole system, with real entities on a log that fails, a process that dies, and tables that fail: at rest each
// is the fold of its log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@atoll/core";
import { noFaults, placedRecords, SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld } from "@atoll/core/runtime/virtual";
import { boot, type Booted } from "@atoll/core/system";
import { SimulatedTables } from "@atoll/core/tables/simulated";
import { Own, Tally, tallySystem, Theirs } from "./tally-under-test.ts";

const seeds = 60;
const keys = ["a", "b", "c", "d", "e", "f"];

interface Row {
  readonly key: string;
  readonly total: number;
  readonly changes: number;
}

/** What the log says, without the platform's own folding. */
function foldOf(disk: SimulatedDisk): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const { record } of placedRecords(disk.rows("tallies"))) {
    for (const [name, , data] of record.events) {
      const { total, changes } = rows.get(record.key) ?? { total: 0, changes: 0 };
      if (name === "Added")
        rows.set(record.key, { key: record.key, total: total + (data as { readonly by: number }).by, changes: changes + 1 });
    }
  }
  return [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function run(seed: number): Promise<{ readonly hash: string; readonly records: number }> {
  const world = new VirtualWorld({ seed, stepsMax: 3_000_000 });
  const disk = new SimulatedDisk(world.outside);
  const tables = new SimulatedTables(world.outside);
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void world.outside.timers.after(ms, resolve));
  let life: { readonly booted: Booted; readonly crash: () => void; readonly enter: <T>(act: () => Promise<T>) => Promise<T> };
  const up = async (): Promise<void> => {
    for (;;) {
      const process = world.process("node");
      const journals = new SimulatedJournalStore(disk, process, { process: "node" });
      const store = tables.store(process);
      const crash = (): void => {
        process.crash();
        journals.crash();
        store.crash();
      };
      try {
        const booted = await process.enter(world.outside, () =>
          boot(tallySystem, { runtime: process, journals, tables: store, config: {} }),
        );
        life = { booted, crash, enter: (act) => process.enter(world.outside, act) };
        return;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        crash(); // the disk failed it: whoever supervises it starts it again
        await pause(50);
      }
    }
  };
  const command = async (): Promise<void> => {
    const key = keys[Math.floor(world.random.next() * keys.length)] as string;
    const by = 1 + Math.floor(world.random.next() * 9);
    await life.enter(() => life.booted.at(Tally, key).add({ by }, { within: "2s" })).catch(() => undefined); // what is in the log counts
  };
  const scenario = async (): Promise<void> => {
    await up();
    disk.faults = { ...noFaults, failed: 0.03, ambiguous: 0.03, late: 0.02, slow: 0.05 };
    tables.faults = { failed: 0.05, ambiguous: 0.05 };
    for (let i = 0; i < 60; i++) {
      void command();
      const draw = world.random.next();
      if (draw < 0.5) await pause(draw * 40);
      if (draw > 0.95) {
        life.crash();
        await pause(5);
        await up();
      } else if (draw > 0.9) {
        const [name, of] = draw > 0.925 ? ["tallies", "own"] : ["reports", "theirs"];
        await life.enter(() => life.booted.readModels.rebuild(name, of)).catch(() => undefined);
      }
    }
    disk.faults = noFaults;
    tables.faults = { failed: 0, ambiguous: 0 };
    await pause(20_000);
    assert.deepEqual(life.booted.readModels.parked(), []);
    for (const { state, sources, rebuilt } of life.booted.readModels.list()) {
      assert.deepEqual([state, rebuilt, sources.map(({ behind }) => behind)], ["live", undefined, [0]]);
    }
    const expected = foldOf(disk);
    assert.deepEqual(await life.enter(() => life.booted.at(Own).all()), expected);
    assert.deepEqual(await life.enter(() => life.booted.at(Theirs).all()), expected);
    await life.enter(() => life.booted.stop(10_000));
  };
  await world.runUntil(scenario());
  for (const { error } of world.failures) throw error;
  return { hash: world.trace.hash, records: placedRecords(disk.rows("tallies")).length };
}

test("read models in a system: after crashes and failures of log and tables each is the fold of its log", async () => {
  let records = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      records += (await run(seed)).records;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert(records > 20 * seeds, `${records} records in ${seeds} runs: something was done`);
});

test("read models in a system: the same seed gives the same run", async () => {
  assert.equal((await run(7)).hash, (await run(7)).hash);
});
