// Orders under every fault that the simulator has, and a bank that fails before and after it acts: whatever happens, money, units,
// shipments, lists and orders agree at the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, handlers, unavailable } from "@atoll/core";
import { simulate, type Fault, type World } from "@atoll/testkit";
import { Bank } from "../bank/contract.ts";
import { Cart } from "../carts/contract.ts";
import { Payment } from "../payment/contract.ts";
import { Shipment } from "../shipping/contract.ts";
import { Stock } from "../stock/contract.ts";
import { simulatedConfig, simulatedShop } from "../test/shop-under-test.ts";
import { Order, OrderHistory } from "./contract.ts";

const faults: readonly Fault[] = ["crash", "duplicate", "slow-disk", "failing-disk"];
const customer = "57a98d98e4b00679b4a830b2";
const body = {
  customer: `http://user/customers/${customer}`,
  address: "http://user/addresses/57a98d98e4b00679b4a830b0",
  card: "http://user/cards/57a98d98e4b00679b4a830b1",
};
const holy = { sku: "03fef6ac-1896-4ce8-bd69-b798f85c6e0b", cents: 99_99 };
const weave = { sku: "6d62d909-f957-430e-8689-b5129c0bb75e", cents: 17_15 };

interface Books {
  readonly charged: Map<string, number>;
  readonly ended: Set<string>;
}
/** Of the run that is under way: an outside party keeps its books, whatever becomes of the shop. */
let books: Books = { charged: new Map(), ended: new Set() };

const moody = handlers(Bank, {
  handle: {
    charge: ({ orderId, cents }, cx) => {
      const draw = cx.random();
      if (draw < 0.1) throw unavailable("the bank failed before it acted");
      if (cents > 105_00) return cx.reject("Declined", { reason: "too much" });
      if (!books.ended.has(orderId)) books.charged.set(orderId, cents);
      if (draw < 0.2) throw unavailable("the bank failed after it acted");
      return undefined;
    },
    refund: ({ orderId }, cx) => {
      const draw = cx.random();
      if (draw < 0.1) throw unavailable("the bank failed before it acted");
      books.charged.delete(orderId);
      books.ended.add(orderId);
      if (draw < 0.2) throw unavailable("the bank failed after it acted");
    },
  },
});

interface Ordered {
  readonly status: number;
  readonly id: string | undefined;
}

async function order(world: World, cart: string, key: string): Promise<Ordered> {
  for (;;) {
    const request = new Request("http://shop/orders", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ ...body, items: `http://carts/carts/${cart}/items` }),
    });
    try {
      const response = await world.http(request);
      if (response.status < 500) return { status: response.status, id: ((await response.json()) as { readonly id?: string }).id };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
    await world.pause("200ms");
  }
}

test("checkout: money, units and orders agree, whatever crashes and whatever the bank does", async () => {
  const reached = new Set<string>();
  await simulate(simulatedShop, { seeds: 25, faults, replace: [moody], config: simulatedConfig }, async (world) => {
    books = { charged: new Map(), ended: new Set() };
    const carts = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const cart = `cart-${i}`;
        const { sku, cents } = i < 3 ? holy : weave;
        const quantity = i === 5 ? 9 : 1; // above what the bank takes
        await world.at(Cart, cart).put({ id: `l${i}`, itemId: sku, quantity, cents: cents - (i === 2 ? 5_000 : 0) });
        return cart;
      }),
    );
    const answers = await Promise.all(carts.map((cart, i) => order(world, cart, `key-${i}`)));
    await world.settle();
    let owed = 0;
    const sold = new Map<string, number>();
    for (const [i, { status, id }] of answers.entries()) {
      reached.add(`${i < 3 ? "last one" : i === 5 ? "too dear" : "easy"} ${status}`);
      assert.ok(status === 201 || status === 406, String(status));
      if (id === undefined) continue;
      const answer = await world.at(Order, id).order();
      assert.ok(!answer.rejected);
      assert.equal(answer.reply.status, "confirmed");
      owed += answer.reply.totalCents;
      assert.equal(books.charged.get(id), answer.reply.totalCents);
      for (const { itemId, quantity } of answer.reply.lines) sold.set(itemId, (sold.get(itemId) ?? 0) + quantity);
    }
    const history = await world.at(OrderHistory).all({});
    assert.equal(history.total, history.entries.length);
    for (const listed of history.entries) {
      const own = await world.at(Order, listed.id).order();
      assert.ok(!own.rejected);
      assert.deepEqual(listed, own.reply);
      assert.notEqual(listed.status, "placed");
      const parcels = await world.at(Shipment, listed.id).ofOrder();
      assert.deepEqual(
        parcels.map(({ lines }) => lines),
        listed.status === "confirmed" ? [listed.lines.map(({ itemId, quantity }) => ({ sku: itemId, quantity }))] : [],
      );
    }
    assert.equal(history.total, carts.length);
    assert.equal(books.charged.size, answers.filter(({ status }) => status === 201).length);
    const account = await world.at(Payment, customer).account();
    assert.equal(account.chargedCents - account.refundedCents, owed);
    for (const { sku } of [holy, weave]) {
      const level = await world.at(Stock, sku).level();
      assert.ok(!level.rejected);
      const { reserved, available, received } = level.reply;
      assert.deepEqual([reserved, level.reply.sold, available], [0, sold.get(sku) ?? 0, received - (sold.get(sku) ?? 0)], sku);
    }
  });
  assert.deepEqual([...reached].sort(), ["easy 201", "last one 201", "last one 406", "too dear 406"]);
});
