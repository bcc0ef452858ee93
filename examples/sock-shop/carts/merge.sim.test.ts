// A merge that is cut off at every point: the process crashes after the k-th event since it was asked for, for all k,
// another one takes over its disk, and the client asks again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openShop, type VirtualShop } from "../test/shop-under-test.ts";

const holy = "03fef6ac-1896-4ce8-bd69-b798f85c6e0b";
const weave = "6d62d909-f957-430e-8689-b5129c0bb75e";
const seeds = [1, 2, 3, 4];

const quantities = async (shop: VirtualShop, customer: string): Promise<Record<string, number>> => {
  const { body } = await shop.drive(
    shop.client.get<readonly { readonly itemId: string; readonly quantity: number }[]>(`/carts/${customer}/items`),
  );
  return Object.fromEntries(body.map(({ itemId, quantity }) => [itemId, quantity]));
};

async function openWithCarts(seed: number): Promise<VirtualShop> {
  const shop = await openShop(seed);
  await shop.drive(shop.client.send("POST", "/carts/eve/items", { itemId: weave }));
  await shop.drive(shop.client.send("POST", "/carts/session/items", { itemId: weave, quantity: 2 }));
  await shop.drive(shop.client.send("POST", "/carts/session/items", { itemId: holy, quantity: 3 }));
  return shop;
}

const merge = async (shop: VirtualShop, customer = "eve"): Promise<number> =>
  (await shop.client.get(`/carts/${customer}/merge?sessionId=session`)).status;

/** Runs a merge for so many events. "over": it was answered before. */
async function cutOff(shop: VirtualShop, events: number): Promise<"over" | "cut off"> {
  const { world } = shop;
  let over = false;
  const settled = (): void => {
    over = true;
  };
  merge(shop).then(settled, settled);
  const end = world.steps + events;
  await world.run(() => over || world.steps >= end);
  return over ? "over" : "cut off";
}

for (const seed of seeds) {
  test(`merge: cut off anywhere and asked for again, it doubles nothing and loses nothing (seed ${seed})`, async () => {
    const left = new Set<string>();
    for (let k = 1; ; k += 1) {
      const shop = await openWithCarts(seed);
      const how = await cutOff(shop, k);
      shop.crash();
      await shop.open();
      left.add(JSON.stringify([await quantities(shop, "session"), await quantities(shop, "eve")]));
      assert.equal(await shop.drive(merge(shop)), 202, `after ${k} events`);
      assert.deepEqual(await quantities(shop, "eve"), { [weave]: 3, [holy]: 3 }, `after ${k} events`);
      assert.deepEqual(await quantities(shop, "session"), {}, `after ${k} events`);
      if (how === "over") break;
    }
    // Reach marks: it was cut off before anything, with the parcel on its way, and with the parcel in the customer's cart.
    const before = [{ [weave]: 2, [holy]: 3 }, { [weave]: 1 }];
    const onItsWay = [{}, { [weave]: 1 }];
    const arrived = [{}, { [weave]: 3, [holy]: 3 }];
    assert.deepEqual(left, new Set([before, onItsWay, arrived].map((carts) => JSON.stringify(carts))));
  });
}

for (const customer of ["eve", "bob"]) {
  test(`merge: cut off on its way to eve, and with more in the session since, the next merge into ${customer} leaves nothing behind`, async () => {
    for (let k = 1; ; k += 1) {
      const shop = await openWithCarts(1);
      const how = await cutOff(shop, k);
      shop.crash();
      await shop.open();
      await shop.drive(shop.client.send("POST", "/carts/session/items", { itemId: holy }));
      assert.equal(await shop.drive(merge(shop, customer)), 202);
      const [eve, bob] = [await quantities(shop, "eve"), await quantities(shop, "bob")];
      assert.equal((eve[weave] ?? 0) + (bob[weave] ?? 0), 3, `after ${k} events`);
      assert.equal((eve[holy] ?? 0) + (bob[holy] ?? 0), 4, `after ${k} events`);
      assert.deepEqual(await quantities(shop, "session"), {}, `after ${k} events`);
      if (how === "over") break;
    }
  });
}
