// A saga, and a read model of what its steps write: who was answered by the one reads the other at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { contract, saga, service, system } from "@atoll/core";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld } from "@atoll/core/runtime/virtual";
import { boot } from "@atoll/core/system";
import { SimulatedTables } from "@atoll/core/tables/simulated";
import * as z from "zod";
import { Own, own, Tally, tally } from "./tally-under-test.ts";

const Counting = contract("counting", {
  version: 1,
  key: z.string(),
  access: { start: "any" },
  commands: { start: { in: z.object({ by: z.int() }), rejects: { Odd: z.object({}) } } },
});
/** What is odd is counted and taken back. */
const counting = saga(Counting.start, 1, async (run, { by }) => {
  await run.step("add", (at) => at(Tally, run.key).add({ by }), {
    undo: async (at) => void (await at(Tally, run.key).add({ by: -by })),
    rejected: { Zero: () => run.reject("Odd", {}) },
  });
  if (by % 2 === 1) run.reject("Odd", {});
});
const counted = system("counted", { services: [service("tallies", [tally, own]), service("counters", [counting])] });

test("read model: a session that a saga has answered sees what its steps and its undos wrote, at once", async () => {
  let behind = 0;
  for (let seed = 1; seed <= 40; seed += 1) {
    const world = new VirtualWorld({ seed });
    const disk = new SimulatedDisk(world.outside);
    const process = world.process("node");
    const journals = new SimulatedJournalStore(disk, process, { process: "node" });
    const tables = new SimulatedTables(world.outside).store(process);
    const scenario = async (): Promise<void> => {
      const booted = await boot(counted, { runtime: process, journals, tables, config: {} });
      for (const by of [2, 3]) {
        const session = booted.session();
        const answer = await session.at(Counting, `k${by}`).start({ by });
        assert.equal(answer.rejected, by === 3 ? "Odd" : undefined);
        const expected = by === 3 ? { key: "k3", total: 0, changes: 2 } : { key: "k2", total: 2, changes: 1 };
        const of = (rows: readonly { readonly key: string }[]) => rows.find(({ key }) => key === expected.key);
        const [without, shown] = await Promise.all([booted.at(Own).all(), session.at(Own).all()]);
        assert.deepEqual(of(shown), expected, `seed ${seed}`);
        if (!isDeepStrictEqual(of(without), expected)) behind += 1;
      }
      await booted.stop(1_000);
    };
    await world.runUntil(process.enter(world.outside, scenario));
    for (const { error } of world.failures) throw error;
  }
  assert(behind > 0, "without a session some were shown less");
});
