// Merging carts over HTTP. How it survives crashes is in carts/merge.sim.test.ts.
import assert from "node:assert/strict";
import { add, holy, itemsOf, shown, weave } from "./cart-behaviour.ts";
import { problemIn, type Behaviour, type ShopClient } from "./shop-client.ts";

const merge = (shop: ShopClient, customer: string, session: string) => shop.get(`/carts/${customer}/merge?sessionId=${session}`);

export const mergeBehaviours: readonly Behaviour[] = [
  {
    name: "GET merge: 202; the session's cart is folded into the customer's and emptied",
    run: async (shop) => {
      const [customer, session] = [shop.fresh("customer"), shop.fresh("session")];
      const { id } = (await add(shop, customer, weave)).body;
      await add(shop, session, { ...weave, quantity: 2 });
      await add(shop, session, holy);
      const { status, body } = await merge(shop, customer, session);
      assert.deepEqual([status, body], [202, undefined]);
      assert.deepEqual(await shown(shop, customer), [
        { ...weave, quantity: 3 },
        { ...holy, quantity: 1 },
      ]);
      assert.equal((await itemsOf(shop, customer))[0]?.id, id);
      assert.deepEqual(await itemsOf(shop, session), []);
    },
  },
  {
    name: "GET merge: repeated, at once or later, it adds nothing twice",
    run: async (shop) => {
      const [customer, session] = [shop.fresh("customer"), shop.fresh("session")];
      await add(shop, session, { ...weave, quantity: 2 });
      const answers = await Promise.all(Array.from({ length: 8 }, () => merge(shop, customer, session)));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
      assert.equal((await merge(shop, customer, session)).status, 202);
      assert.deepEqual(await shown(shop, customer), [{ ...weave, quantity: 2 }]);
      await add(shop, session, weave);
      await merge(shop, customer, session);
      assert.deepEqual(await shown(shop, customer), [{ ...weave, quantity: 3 }]);
    },
  },
  {
    name: "GET merge: an unknown session, or the customer's own name, changes nothing",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      await add(shop, customer, weave);
      for (const session of [shop.fresh("session"), customer]) assert.equal((await merge(shop, customer, session)).status, 202);
      assert.deepEqual(await shown(shop, customer), [{ ...weave, quantity: 1 }]);
    },
  },
  {
    name: "GET merge: without a session, or with two, it is 422",
    hostile: true,
    run: async (shop) => {
      const customer = shop.fresh("customer");
      for (const query of ["", "?sessionId=", "?sessionId=a&sessionId=b", `?sessionId=${"x".repeat(129)}`]) {
        problemIn(await shop.get(`/carts/${customer}/merge${query}`), 422);
      }
    },
  },
  {
    name: "GET merge: what does not fit is 409, and stays where it was",
    run: async (shop) => {
      const [customer, session] = [shop.fresh("customer"), shop.fresh("session")];
      await add(shop, customer, { ...weave, quantity: 1_000_000 });
      await add(shop, session, weave);
      assert.equal(problemIn(await merge(shop, customer, session), 409).rejection, "CartFull");
      assert.deepEqual(await shown(shop, session), [{ ...weave, quantity: 1 }]);
      await shop.delete(`/carts/${customer}`);
      assert.equal((await merge(shop, customer, session)).status, 202);
      assert.deepEqual(await shown(shop, customer), [{ ...weave, quantity: 1 }]);
    },
  },
];
