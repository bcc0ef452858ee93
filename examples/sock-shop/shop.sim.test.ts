// The whole shop under every fault that the simulator has. Shoppers and the warehouse repeat what was not answered, as the
// documentation tells them to, and keep count; afterwards carts and stock must agree with them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@atoll/core";
import { simulate, type Fault, type World } from "@atoll/testkit";
import { Stock } from "./stock/contract.ts";
import { openingStock } from "./stock/opening.ts";
import { simulatedConfig, simulatedShop } from "./test/shop-under-test.ts";

const faults: readonly Fault[] = ["crash", "duplicate", "slow-disk", "failing-disk"];
const skus = Object.keys(openingStock).slice(0, 3);

const chosen = <T>(world: World, of: readonly T[]): T => of[Math.floor(world.random() * of.length)] as T;
const upTo = (world: World, max: number): number => 1 + Math.floor(world.random() * max);

/** Sends a request until it has an outcome; a POST under one Idempotency-Key. */
async function insist(world: World, method: string, path: string, body?: object, key?: string): Promise<Response> {
  for (;;) {
    const headers = { ...(body ? { "content-type": "application/json" } : {}), ...(key === undefined ? {} : { "idempotency-key": key }) };
    const request = new Request(`http://shop${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    try {
      const response = await world.http(request);
      if (response.status !== 503 && response.status !== 504) return response;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
    await world.pause("100ms");
  }
}

async function quantities(world: World, customer: string): Promise<ReadonlyMap<string, number>> {
  const items = (await (await insist(world, "GET", `/carts/${customer}/items`)).json()) as { itemId: string; quantity: number }[];
  return new Map(items.map(({ itemId, quantity }) => [itemId, quantity]));
}

/** Fills a session's cart and their own, changes their mind, signs in. Resolves to what must be in their cart. */
async function shopper(world: World, customer: string): Promise<ReadonlyMap<string, number>> {
  const session = `session-of-${customer}`;
  const carts = new Map([customer, session].map((owner) => [owner, new Map<string, number>()]));
  for (let i = 0; i < 6; i++) {
    const owner = chosen(world, [customer, session]);
    const cart = carts.get(owner) as Map<string, number>;
    const itemId = chosen(world, skus);
    const draw = world.random();
    if (draw < 0.6) {
      const quantity = upTo(world, 5);
      assert.equal((await insist(world, "POST", `/carts/${owner}/items`, { itemId, quantity }, `${customer}-${i}`)).status, 201);
      cart.set(itemId, (cart.get(itemId) ?? 0) + quantity);
    } else if (draw < 0.8) {
      const quantity = upTo(world, 9);
      assert.equal((await insist(world, "PATCH", `/carts/${owner}/items`, { itemId, quantity })).status, 202);
      cart.set(itemId, quantity);
    } else {
      assert.equal((await insist(world, "DELETE", `/carts/${owner}/items/${itemId}`)).status, 202);
      cart.delete(itemId);
    }
  }
  assert.equal((await insist(world, "GET", `/carts/${customer}/merge?sessionId=${session}`)).status, 202);
  const all = carts.get(customer) as Map<string, number>;
  for (const [itemId, quantity] of carts.get(session) ?? []) all.set(itemId, (all.get(itemId) ?? 0) + quantity);
  return all;
}

test("sock shop: carts hold what was put in, once, also after a merge, under all faults", async () => {
  await simulate(simulatedShop, { seeds: 40, faults, config: simulatedConfig }, async (world) => {
    const customers = ["eve", "bob"];
    const expected = await Promise.all(customers.map((customer) => shopper(world, customer)));
    await world.settle();
    for (const [i, customer] of customers.entries()) {
      assert.deepEqual(await quantities(world, customer), expected[i], customer);
      assert.deepEqual(await quantities(world, `session-of-${customer}`), new Map(), `the session of ${customer}`);
    }
  });
});

test("sock shop: received = available + reserved + sold, each delivery counts once, nothing is sold twice, under all faults", async () => {
  await simulate(simulatedShop, { seeds: 40, faults, config: simulatedConfig }, async (world) => {
    const received = new Map(skus.map((sku) => [sku, openingStock[sku] ?? 0]));
    const sold = new Map(skus.map((sku) => [sku, 0]));
    const add = (counts: Map<string, number>, sku: string, quantity: number): void =>
      void counts.set(sku, (counts.get(sku) ?? 0) + quantity);
    const warehouse = async (): Promise<void> => {
      for (let i = 0; i < 4; i++) {
        const sku = chosen(world, skus);
        const delivery = { id: `note-${i}`, quantity: upTo(world, 20) };
        assert.equal((await insist(world, "POST", `/stock/${sku}/deliveries`, delivery)).status, 202); // its own id makes it repeatable
        add(received, sku, delivery.quantity);
      }
    };
    const order = async (orderId: string): Promise<void> => {
      const sku = chosen(world, skus);
      const quantity = upTo(world, 40);
      const reserved = await world.at(Stock, sku).reserve({ orderId, quantity });
      if (reserved.rejected) return;
      if (world.random() < 0.3) return world.at(Stock, sku).release({ orderId });
      await world.at(Stock, sku).sell({ orderId });
      add(sold, sku, quantity);
    };
    await Promise.all([warehouse(), ...Array.from({ length: 6 }, (_, i) => order(`order-${i}`))]);
    await world.settle();
    for (const sku of skus) {
      const answer = await world.at(Stock, sku).level();
      assert.ok(!answer.rejected);
      const [units, out] = [received.get(sku) ?? 0, sold.get(sku) ?? 0];
      assert.deepEqual(answer.reply, { sku, received: units, sold: out, reserved: 0, available: units - out });
      assert.ok(answer.reply.available >= 0);
    }
  });
});
