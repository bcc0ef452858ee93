import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate, type Fault, type World } from "../index.ts";
import { Account, bank, Transfers } from "../../test/bank.ts";

const all: readonly Fault[] = ["crash", "duplicate", "slow-disk", "failing-disk"];
const names = ["a", "b", "c", "d", "e", "f"] as const;

const pick = (world: World): string => names[Math.floor(world.random() * names.length)] as string;

/** What all accounts hold together. */
async function total(world: World): Promise<number> {
  let sum = 0;
  for (const name of names) sum += (await world.at(Account, name).balance()).cents;
  return sum;
}

test("simulate: a correct system passes under all faults, its money is conserved", async () => {
  await simulate(bank, { seeds: 60, faults: all }, async (world) => {
    for (const name of names) await world.at(Account, name).deposit({ cents: 100 });
    await Promise.all(
      [1, 2, 3].map(async () => {
        for (let i = 0; i < 4; i++) {
          await world.at(Transfers).transfer({ from: pick(world), to: pick(world), cents: 1 + Math.floor(world.random() * 60) });
          await world.at(Account, pick(world)).balance();
        }
        await world.at(Account, pick(world)).withdraw({ cents: 100_000 });
        await world.pause("20ms");
      }),
    );
    await world.settle();
    assert.equal(await total(world), names.length * 100);
  });
});
