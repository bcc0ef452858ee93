// The order desk in the whole shop: what it finds out from the services that know, and what it says if something is missing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate, type World } from "@atoll/testkit";
import { Cart } from "../carts/contract.ts";
import { simulatedConfig, simulatedShop } from "../test/shop-under-test.ts";
import { Customer } from "../user/contract.ts";
import { OrderDesk } from "./contract.ts";

const request = {
  customer: "57a98d98e4b00679b4a830b2",
  address: "57a98d98e4b00679b4a830b0",
  card: "57a98d98e4b00679b4a830b1",
  cart: "57a98d98e4b00679b4a830b2",
};
const eve = { address: "57a98d98e4b00679b4a830ad", card: "57a98d98e4b00679b4a830ae" };
const line = { id: "l1", itemId: "6d62d909-f957-430e-8689-b5129c0bb75e", quantity: 2, cents: 17_15 };

const inTheShop = (scenario: (world: World) => Promise<void>) =>
  simulate(simulatedShop, { seeds: 1, faults: [], config: simulatedConfig }, async (world) => {
    await world.at(Cart, request.cart).put(line);
    await scenario(world);
  });

test("order desk: it finds out what an order is about, and what it costs with shipping", () =>
  inTheShop(async (world) => {
    assert.deepEqual(await world.at(OrderDesk).prepare(request), {
      problem: null,
      details: {
        customerId: request.customer,
        customer: { username: "user", firstName: "User", lastName: "Name" },
        address: { number: "246", street: "Whitelees Road", city: "Glasgow", postcode: "G67 3DL", country: "United Kingdom" },
        card: { longNum: "************5918", expires: "08/19" },
        lines: [line],
        totalCents: 2 * 17_15 + 4_99,
      },
    });
  }));

test("order desk: it says what is missing, and keeps what is there", () =>
  inTheShop(async (world) => {
    const cases = [
      [{ customer: null }, /needs a customer/],
      [{ customer: "nobody" }, /needs a customer/],
      [{ address: null }, /needs an address/],
      [{ address: eve.address }, /needs an address of its customer/],
      [{ card: null }, /needs a card/],
      [{ card: eve.card }, /needs a card of its customer/],
      [{ card: "__proto__" }, /needs a card/],
      [{ cart: null }, /cart is empty/],
      [{ cart: "another" }, /cart is empty/],
    ] as const;
    for (const [change, problem] of cases) {
      const found = await world.at(OrderDesk).prepare({ ...request, ...change });
      assert.match(found.problem ?? "", problem, JSON.stringify(change));
      assert.equal(found.details.customerId, "customer" in change ? null : request.customer);
      assert.equal(found.details.lines.length, "cart" in change ? 0 : 1);
    }
  }));

test("order desk: an address of somebody who never registered makes no order", () =>
  inTheShop(async (world) => {
    await world.at(Customer, "session").addAddress({ id: "a9", number: "", street: "", city: "", postcode: "", country: "" });
    const found = await world.at(OrderDesk).prepare({ ...request, customer: "session", address: "a9" });
    assert.match(found.problem ?? "", /needs a customer/);
    assert.equal(found.details.customerId, null);
  }));
