// Orders, payments and shipments over HTTP, as far as nobody has ordered anything.
import assert from "node:assert/strict";
import { problemIn, type Behaviour } from "./shop-client.ts";

export const orderBehaviours: readonly Behaviour[] = [
  {
    name: "GET /orders/:id: an order that nobody placed is 404, what cannot be the id of one is 422",
    hostile: true,
    run: async (shop) => {
      assert.equal(problemIn(await shop.get(`/orders/${shop.fresh("none")}`), 404).rejection, "UnknownOrder");
      for (const id of ["__proto__", "a%20b", "x".repeat(65), "%00"]) {
        assert.equal(problemIn(await shop.get(`/orders/${id}`), 422).errors?.[0]?.pointer, "#path/id", id);
      }
    },
  },
  {
    name: "GET /payments/:customer: whoever has bought nothing was charged nothing",
    run: async (shop) => {
      const { status, body } = await shop.get(`/payments/${shop.fresh("customer")}`);
      assert.deepEqual([status, body], [200, { charged_cents: 0, refunded_cents: 0, orders: [] }]);
    },
  },
  {
    name: "GET /shipments?order=: an order that nobody placed has none; without an order it is 422",
    hostile: true,
    run: async (shop) => {
      const { status, body } = await shop.get(`/shipments?order=${shop.fresh("none")}`);
      assert.deepEqual([status, body], [200, []]);
      for (const query of ["", "?order=", "?order=a&order=b", "?order=__proto__"]) problemIn(await shop.get(`/shipments${query}`), 422);
    },
  },
];
