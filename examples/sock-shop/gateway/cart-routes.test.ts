import { test } from "node:test";
import { gateway } from "@atoll/gateway";
import { given } from "@atoll/testkit";
import { Basket, Cart } from "../carts/contract.ts";
import { cartRoutes } from "./cart-routes.ts";

const shop = given(gateway(cartRoutes));
const line = { id: "l1", itemId: "socks", quantity: 2, cents: 1_715 };
const item = { id: "l1", itemId: "socks", quantity: 2, unitPrice: 17.15 };

test("cart routes: a cart is shown with prices as the original wrote them", async () => {
  const asked = () =>
    shop
      .when("GET /carts/c%2F1")
      .calls(Cart.contents, "c/1")
      .replies({ customer: "c/1", lines: [line] });
  await asked().responds(200, { body: { customerId: "c/1", items: [item] } });
  await shop
    .when("GET /carts/c1/items")
    .calls(Cart.contents, "c1")
    .replies({ customer: "c1", lines: [line] })
    .responds(200, { body: [item] });
});

test("cart routes: what a client says about a price is taken and ignored, and one unit is meant if it says nothing", async () => {
  const put = () =>
    shop
      .when("POST /carts/c1/items", { body: { itemId: "socks", unitPrice: 0.01 } })
      .calls(Basket.add, { customer: "c1", itemId: "socks", quantity: 1 });
  await put().replies(line).responds(201, { body: item });
  await put()
    .rejects("UnknownItem", { itemId: "socks" })
    .responds(404, { body: { rejection: "UnknownItem", details: { itemId: "socks" } } });
  await put()
    .rejects("CartFull", { linesMax: 100, quantityMax: 1_000_000 })
    .responds(409, { body: { rejection: "CartFull" } });
});

test("cart routes: changes are answered 202, as existing clients expect", async () => {
  const changed = { customer: "c1", itemId: "socks", quantity: 0 };
  await shop
    .when("PATCH /carts/c1/items", { body: { itemId: "socks", quantity: 0 } })
    .calls(Basket.change, changed)
    .responds(202);
  await shop.when("DELETE /carts/c1/items/socks").calls(Cart.remove, "c1", { itemId: "socks" }).responds(202);
  await shop.when("DELETE /carts/c1").calls(Cart.clear, "c1").responds(202);
  await shop.when("GET /carts/c1/merge?sessionId=s1").calls(Basket.merge, { session: "s1", customer: "c1" }).responds(202);
  await shop.when("GET /carts/c1/merge").responds(422, { body: { code: "INVALID_INPUT" } });
});
