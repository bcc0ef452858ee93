// A day in the shop, and what must be true at its end. Customers ask once and do not wait long: who heard nothing goes home, and
// nobody asks again for them. (Under its own id a repeated command would be carried on with: that is what hides this mistake
// from tests for so long.)
import assert from "node:assert/strict";
import { Failure } from "@atoll/core";
import type { Fault, Invariants, Scenario } from "@atoll/testkit";
import { Order } from "./order.ts";
import { Shop } from "./shop.ts";
import { Stock } from "./stock.ts";

export const faults: readonly Fault[] = ["crash", "duplicate"];

const customers = 6;
const units = 5;

export const marketDay: Scenario = async (world) => {
  const { at } = world;
  await at(Stock, "tea").deliver({ units }, { within: "1m" });
  for (let i = 1; i <= customers; i++) {
    try {
      await at(Shop).buy({ orderId: `order-${i}`, sku: "tea" }, { within: "50ms" });
    } catch (error) {
      if (!(error instanceof Failure)) throw error; // heard nothing, and goes home
    }
    await world.pause("200ms");
  }
};

export const invariants: Invariants = {
  "what is held on the shelf is held for an order that was placed": async ({ at }) => {
    for (const orderId of (await at(Stock, "tea").holds()).heldFor)
      assert.ok((await at(Order, orderId).placed()).placed, `a unit of tea is held for ${orderId}, which was never placed`);
  },
  "every unit is free or held": async ({ at }) => {
    const { free, heldFor } = await at(Stock, "tea").holds();
    assert.ok(free + heldFor.length <= units, `${free} free and ${heldFor.length} held, ${units} delivered`);
    assert.ok(free >= 0);
  },
};
