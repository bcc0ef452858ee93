import assert from "node:assert/strict";
import { test } from "node:test";
import { FailingSeed, simulate, type Phases } from "@atoll/testkit";
import { faults, invariants, marketDay } from "./market-day.ts";
import { curedShop, leakyShop } from "./shop.ts";

const law = 'invariant "what is held on the shelf is held for an order that was placed"';

async function hunted(): Promise<FailingSeed> {
  try {
    await simulate(leakyShop, { seeds: 100, faults, invariants }, marketDay);
  } catch (error) {
    assert.ok(error instanceof FailingSeed, String(error));
    return error;
  }
  return assert.fail("the leak was not found");
}

test("bug hunt: the reservation that leaks is found, shrunk to the one crash that it takes, and explained by the trace", async () => {
  const found = await hunted();
  assert.equal(found.law, law);
  assert.deepEqual(
    found.schedule.map(({ fault }) => fault),
    ["crash"],
    found.message,
  );
  const crash = found.story.findIndex((line) => / FAULT +crash: /.test(line));
  const id = /is held for (order-\d)/.exec(found.message)?.[1] ?? "";
  const [before, after] = [found.story.slice(0, crash), found.story.slice(crash)].map((lines) => lines.join("\n")) as [string, string];
  assert.match(found.story.join("\n"), new RegExp(`stock/tea.reserve #.* is on disk: Reserved {"orderId":"${id}"}`));
  assert.match(before, new RegExp(`asks stock/tea.reserve {"orderId":"${id}"}`));
  assert.doesNotMatch(`${before}${after}`, new RegExp(`order/${id}.place #.* is on disk`));
});

test("bug hunt: what it was shrunk to is a regression: the leaky shop fails it, the cured one passes", async () => {
  const { seed, schedule } = await hunted();
  await assert.rejects(
    simulate(leakyShop, { seed, schedule, invariants }, marketDay),
    (error) => error instanceof FailingSeed && error.law === law,
  );
  await simulate(curedShop, { seed, schedule, invariants }, marketDay);
});

test("bug hunt: the saga passes the same invariants under the same faults", async () => {
  const rests: Phases[] = [];
  await simulate(curedShop, { seeds: 60, faults, invariants, passed: (_, phases) => rests.push(phases) }, marketDay);
  assert.ok(rests.some(({ safety }) => safety.faults > 0));
});
