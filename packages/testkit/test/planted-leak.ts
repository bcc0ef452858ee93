// A simulation that fails: transfers whose repetitions take other ids. Run by reproduce.os.test.ts, in a process of its
// own; its name keeps it out of the tests of the repository.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate } from "@atoll/testkit";
import { Account, account, bankOf, Transfers, transfersWith } from "./bank.ts";

const leaky = transfersWith((cx) => `${cx.commandId}-${cx.random()}`);

test("leak: no money is lost (it is)", async () => {
  await simulate(bankOf(account, [leaky]), { seeds: 100, faults: ["crash", "failing-disk"] }, async (world) => {
    await world.at(Account, "a").deposit({ cents: 100 });
    await world.at(Transfers).transfer({ from: "a", to: "b", cents: 10 });
    await world.settle();
    assert.deepEqual([await world.at(Account, "a").balance(), await world.at(Account, "b").balance()], [{ cents: 90 }, { cents: 10 }]);
  });
});

test("another: passes", async () => {
  await simulate(bankOf(account, [leaky]), { seeds: 1, faults: [] }, async ({ at }) => void (await at(Account, "a").deposit({ cents: 1 })));
});
