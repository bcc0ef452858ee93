// The whole shop over HTTP, in a virtual world: every behaviour in a world of its own, several seeds each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cartBehaviours } from "./test/cart-behaviour.ts";
import { catalogueBehaviours } from "./test/catalogue-behaviour.ts";
import { mergeBehaviours } from "./test/merge-behaviour.ts";
import { openShop } from "./test/shop-under-test.ts";
import { gatewayBehaviours, stockBehaviours } from "./test/stock-behaviour.ts";
import { listBehaviours } from "./test/list-behaviour.ts";
import { orderBehaviours } from "./test/order-behaviour.ts";
import { userBehaviours } from "./test/user-behaviour.ts";
import { openingStock } from "./stock/opening.ts";

const seeds = [1, 2, 3];

for (const { name, run } of [
  ...catalogueBehaviours,
  ...cartBehaviours,
  ...mergeBehaviours,
  ...stockBehaviours,
  ...userBehaviours,
  ...orderBehaviours,
  ...listBehaviours,
  ...gatewayBehaviours,
]) {
  test(name, async () => {
    for (const seed of seeds) {
      const shop = await openShop(seed);
      await shop.drive(run(shop.client));
    }
  });
}

test("the shop opens with the opening stock, once: a restart adds nothing, and keeps carts and deliveries", async () => {
  const shop = await openShop();
  const [sku = "", opening = 0] = Object.entries(openingStock)[0] ?? [];
  const level = { sku, available: opening, reserved: 0, sold: 0, received: opening };
  assert.deepEqual((await shop.drive(shop.client.get(`/stock/${sku}`))).body, level);
  await shop.drive(shop.client.send("POST", `/stock/${sku}/deliveries`, { id: "d1", quantity: 2 }));
  const added = await shop.drive(shop.client.send("POST", "/carts/eve/items", { itemId: sku }));
  for (let restarts = 0; restarts < 3; restarts += 1) {
    shop.crash();
    await shop.open();
  }
  assert.deepEqual((await shop.drive(shop.client.get(`/stock/${sku}`))).body, { ...level, available: opening + 2, received: opening + 2 });
  assert.deepEqual((await shop.drive(shop.client.get("/carts/eve/items"))).body, [added.body]);
});
