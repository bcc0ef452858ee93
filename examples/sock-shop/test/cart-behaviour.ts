// The carts over HTTP: what existing clients of the original demo rely on, and what becomes of hostile requests.
import assert from "node:assert/strict";
import { mustHaveForm, originalForms } from "./original-forms.ts";
import { problemIn, type Behaviour, type ShopClient } from "./shop-client.ts";

interface Item {
  readonly id: string;
  readonly itemId: string;
  readonly quantity: number;
  readonly unitPrice: number;
}

/** Two socks, and what the catalogue says they cost. */
export const holy = { itemId: "03fef6ac-1896-4ce8-bd69-b798f85c6e0b", unitPrice: 99.99 };
export const weave = { itemId: "6d62d909-f957-430e-8689-b5129c0bb75e", unitPrice: 17.15 };

export const itemsOf = async (shop: ShopClient, customer: string): Promise<readonly Item[]> => {
  const { status, body } = await shop.get<readonly Item[]>(`/carts/${customer}/items`);
  assert.equal(status, 200);
  return body;
};

/** Without the ids, which are the shop's to give. */
export const shown = async (shop: ShopClient, customer: string): Promise<readonly object[]> =>
  (await itemsOf(shop, customer)).map(({ itemId, quantity, unitPrice }) => ({ itemId, quantity, unitPrice }));

export const add = (shop: ShopClient, customer: string, item: object, headers: Record<string, string> = {}) =>
  shop.send<Item>("POST", `/carts/${customer}/items`, item, headers);

const readingCarts: readonly Behaviour[] = [
  {
    name: "GET /carts/:customer: an unknown cart is empty, not 404",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      const cart = await shop.get(`/carts/${customer}`);
      assert.deepEqual([cart.status, cart.body], [200, { customerId: customer, items: [] }]);
      mustHaveForm(cart.body, originalForms.getCartResponse);
      const items = await shop.get(`/carts/${customer}/items`);
      assert.deepEqual([items.status, items.body], [200, []]);
    },
  },
  {
    name: "GET /carts/:customer: the cart has the same items as /items",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      await add(shop, customer, weave);
      const { body } = await shop.get<{ readonly items: readonly Item[] }>(`/carts/${customer}`);
      assert.deepEqual(body.items, await itemsOf(shop, customer));
      mustHaveForm(body.items, [originalForms.cartItem]);
    },
  },
  {
    name: "GET /carts/:customer: names are percent-decoded, and may be any text of up to 128 characters",
    hostile: true,
    run: async (shop) => {
      const { body } = await shop.get<{ readonly customerId: string }>("/carts/caf%C3%A9%20%2F%20b%C3%A4r");
      assert.equal(body.customerId, "café / bär");
      assert.equal((await shop.get(`/carts/${"x".repeat(128)}`)).status, 200);
      assert.equal(problemIn(await shop.get(`/carts/${"x".repeat(129)}`), 422).errors?.[0]?.pointer, "#path/customer");
      problemIn(await shop.get("/carts/%zz"), 400);
      problemIn(await shop.get("/carts/"), 404);
    },
  },
];

const addingItems: readonly Behaviour[] = [
  {
    name: "POST items: 201 with the item; the same item again adds one to the same line",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      const first = await add(shop, customer, weave);
      assert.equal(first.status, 201);
      mustHaveForm(first.body, originalForms.cartItem);
      assert.deepEqual(first.body, { id: first.body.id, ...weave, quantity: 1 });
      const second = await add(shop, customer, weave);
      assert.deepEqual([second.status, second.body], [201, { id: first.body.id, ...weave, quantity: 2 }]);
      assert.deepEqual(await itemsOf(shop, customer), [second.body]);
    },
  },
  {
    name: "POST items: the catalogue's price counts, whatever the client says or leaves out",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      for (const unitPrice of [0.01, -5, 1e9, undefined])
        assert.equal((await add(shop, customer, { itemId: weave.itemId, unitPrice })).status, 201);
      assert.deepEqual(await shown(shop, customer), [{ ...weave, quantity: 4 }]);
    },
  },
  {
    name: "POST items: a quantity is honoured, as in the original's example; members that nobody knows are ignored",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      const { status, body } = await add(shop, customer, { ...weave, quantity: 20, id: "mine", colour: "blue" });
      assert.deepEqual([status, body.quantity], [201, 20]);
      assert.notEqual(body.id, "mine");
    },
  },
  {
    name: "POST items: an item that the catalogue does not know is 404, and the cart stays as it was",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      for (const itemId of ["none", "__proto__", "../tags"])
        assert.equal(problemIn(await add(shop, customer, { itemId }), 404).rejection, "UnknownItem");
      assert.deepEqual(await itemsOf(shop, customer), []);
    },
  },
  {
    name: "POST items: what is no item is 422, what is no JSON is 400, what is no JSON by its own word is 415",
    hostile: true,
    run: async (shop) => {
      const customer = shop.fresh("customer");
      const path = `/carts/${customer}/items`;
      const { itemId } = weave;
      const wrong = [{}, [], null, "socks", { itemId: 7 }, { itemId: "" }, { itemId: "x".repeat(65) }, { itemId, unitPrice: "free" }];
      const quantities = [0, -1, 1.5, "3", null, 1_000_001, 1e300].map((quantity) => ({ itemId, quantity }));
      for (const body of [...wrong, ...quantities]) {
        const { errors = [] } = problemIn(await shop.send("POST", path, body), 422);
        assert(errors.length > 0, JSON.stringify(body));
      }
      problemIn(await shop.request("POST", path, { headers: { "content-type": "application/json" }, body: "{" }), 400);
      problemIn(await shop.request("POST", path, { headers: { "content-type": "application/xml" }, body: "<item/>" }), 415);
      problemIn(await shop.request("POST", path), 422);
      assert.deepEqual(await itemsOf(shop, customer), []);
    },
  },
  {
    name: "POST items: repeated under one Idempotency-Key it adds once",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      const headers = { "idempotency-key": shop.fresh("key") };
      const first = await add(shop, customer, weave, headers);
      const again = await add(shop, customer, weave, headers);
      assert.deepEqual([again.status, again.body], [201, first.body]);
      assert.equal(again.headers.get("idempotency-replayed"), "true");
      problemIn(await add(shop, customer, holy, headers), 422);
      assert.deepEqual(await itemsOf(shop, customer), [first.body]);
    },
  },
  {
    name: "POST items: many at once are all counted",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      await Promise.all(Array.from({ length: 40 }, (_, i) => add(shop, customer, i % 2 === 0 ? weave : holy)));
      const items = await shown(shop, customer);
      assert.deepEqual(
        [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
        [
          { ...holy, quantity: 20 },
          { ...weave, quantity: 20 },
        ],
      );
    },
  },
  {
    name: "POST items: a line that would hold more than its bound is 409",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      await add(shop, customer, { ...weave, quantity: 1_000_000 });
      assert.equal(problemIn(await add(shop, customer, weave), 409).rejection, "CartFull");
      assert.deepEqual(await shown(shop, customer), [{ ...weave, quantity: 1_000_000 }]);
    },
  },
];

const change = (shop: ShopClient, customer: string, item: object) => shop.send("PATCH", `/carts/${customer}/items`, item);

const changingItems: readonly Behaviour[] = [
  {
    name: "PATCH items: 202; the quantity is set, the line keeps its id and the catalogue's price",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      const { id } = (await add(shop, customer, weave)).body;
      const { status, body } = await change(shop, customer, { ...weave, quantity: 7, unitPrice: 1 });
      assert.deepEqual([status, body], [202, undefined]);
      assert.deepEqual(await itemsOf(shop, customer), [{ id, ...weave, quantity: 7 }]);
    },
  },
  {
    name: "PATCH items: 0 takes the item out; an item that is not there is put in",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      await add(shop, customer, weave);
      assert.equal((await change(shop, customer, { itemId: weave.itemId, quantity: 0 })).status, 202);
      assert.equal((await change(shop, customer, { itemId: holy.itemId, quantity: 2 })).status, 202);
      assert.equal((await change(shop, customer, { itemId: "none", quantity: 0 })).status, 202);
      assert.deepEqual(await shown(shop, customer), [{ ...holy, quantity: 2 }]);
    },
  },
  {
    name: "PATCH items: no quantity, a negative one or text is 422; an unknown item is 404",
    hostile: true,
    run: async (shop) => {
      const customer = shop.fresh("customer");
      await add(shop, customer, weave);
      for (const quantity of [undefined, null, -1, 0.5, "two", 1_000_001])
        problemIn(await change(shop, customer, { itemId: weave.itemId, quantity }), 422);
      problemIn(await change(shop, customer, { itemId: "none", quantity: 1 }), 404);
      assert.deepEqual(await shown(shop, customer), [{ ...weave, quantity: 1 }]);
    },
  },
  {
    name: "DELETE an item: 202, also for one that is not there",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      await add(shop, customer, weave);
      await add(shop, customer, holy);
      for (let i = 0; i < 2; i += 1) assert.equal((await shop.delete(`/carts/${customer}/items/${weave.itemId}`)).status, 202);
      assert.deepEqual(await shown(shop, customer), [{ ...holy, quantity: 1 }]);
    },
  },
  {
    name: "DELETE a cart: 202, and it is empty; a Content-Type without a body does no harm",
    run: async (shop) => {
      const customer = shop.fresh("customer");
      await add(shop, customer, weave);
      const { status, body } = await shop.request("DELETE", `/carts/${customer}`, { headers: { "content-type": "application/json" } });
      assert.deepEqual([status, body], [202, undefined]);
      assert.deepEqual(await itemsOf(shop, customer), []);
      assert.equal((await shop.delete(`/carts/${shop.fresh("customer")}`)).status, 202);
    },
  },
];

export const cartBehaviours: readonly Behaviour[] = [...readingCarts, ...addingItems, ...changingItems];
