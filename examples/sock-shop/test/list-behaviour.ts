// The lists over everything, over HTTP: who reads them finds what they wrote, at once, and a session of one's own does it too.
import assert from "node:assert/strict";
import { buyer, order, ordersOf, type OrderBody } from "./buyer.ts";
import { mustHaveForm, originalForms } from "./original-forms.ts";
import { problemIn, type Behaviour, type ShopClient } from "./shop-client.ts";

interface Page {
  readonly _embedded: { readonly [name: string]: readonly { readonly id: string }[] };
  readonly page: { readonly totalElements: number; readonly totalPages: number };
}

/** Ids in all pages of a list. */
async function idsIn(shop: ShopClient, path: string, name: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let page = 1; ; page += 1) {
    const { status, body } = await shop.get<Page>(`${path}?page=${page}&size=1000`);
    assert.equal(status, 200);
    ids.push(...(body._embedded[name] ?? []).map(({ id }) => id));
    if (page >= body.page.totalPages) return ids;
  }
}

export const listBehaviours: readonly Behaviour[] = [
  {
    name: "GET /customers, /addresses, /cards: who registers is in the lists at once, and who leaves is out of them at once",
    run: async (shop) => {
      const { id, address, card } = await buyer(shop, 0);
      const lists = [
        ["/customers", "customer", id],
        ["/addresses", "address", address],
        ["/cards", "card", card],
      ] as const;
      for (const [path, name, mine] of lists) assert.ok((await idsIn(shop, path, name)).includes(mine), path);
      assert.equal((await shop.delete(`/cards/${card}`)).status, 200);
      assert.ok(!(await idsIn(shop, "/cards", "card")).includes(card));
      assert.equal((await shop.delete(`/customers/${id}`)).status, 200);
      for (const [path, name, mine] of lists) assert.ok(!(await idsIn(shop, path, name)).includes(mine), path);
    },
  },
  {
    name: "GET /customers, /addresses, /cards, /orders: pages in the form of the original; one behind the last is empty and counts the same",
    run: async (shop) => {
      await order(shop, (await buyer(shop)).order);
      for (const [path, form] of [
        ["/customers", originalForms.getCustomersResponse],
        ["/addresses", originalForms.listAddressResponse],
        ["/cards", originalForms.getCardsResponse],
        ["/orders", originalForms.ordersList],
      ] as const) {
        const { body } = await shop.get<Page>(`${path}?size=1`);
        if (path !== "/orders") mustHaveForm(body, form);
        assert.equal(Object.values(body._embedded)[0]?.length, 1, path);
        const behind = (await shop.get<Page>(`${path}?size=1000&page=1000`)).body;
        assert.deepEqual(Object.values(behind._embedded), [[]], path);
        assert.ok(behind.page.totalElements >= body.page.totalElements, path);
      }
    },
  },
  {
    name: "GET /orders: everybody's, oldest first, each as it is itself, the rejected as well",
    run: async (shop) => {
      const { order: body } = await buyer(shop);
      const first = (await order(shop, body)).body;
      problemIn(await order(shop, { ...body, card: null }), 406);
      const last = (await order(shop, body)).body;
      const ids = await idsIn(shop, "/orders", "customerOrders");
      const [from, to] = [ids.indexOf(first.id), ids.indexOf(last.id)];
      assert.ok(from !== -1 && to > from + 1, `${from} ${to}`);
      const between = await Promise.all(ids.slice(from + 1, to).map(async (id) => (await shop.get<OrderBody>(`/orders/${id}`)).body));
      assert.ok(between.some(({ status, customerId }) => status === "rejected" && customerId === first.customerId));
    },
  },
  {
    name: "GET /orders/search/customerId: what was rejected is left out, as existing clients call every order shipped, unless asked for",
    run: async (shop) => {
      const { id: customer, order: body } = await buyer(shop);
      problemIn(await order(shop, { ...body, card: null }), 406);
      assert.deepEqual(await ordersOf(shop, customer), []);
      const { id } = (await order(shop, body)).body;
      const ids = (await ordersOf(shop, customer)).map((each) => each.id);
      assert.deepEqual(ids, [id]);
      const all = await ordersOf(shop, customer, "&rejected=true");
      assert.deepEqual(
        all.map(({ status }) => status),
        ["rejected", "confirmed"],
      );
    },
  },
  {
    name: "GET /orders/search/customerId: without a page it is the newest orders, oldest first, because existing clients know no pages",
    run: async (shop) => {
      const { id: customer, order: body } = await buyer(shop);
      const ids: string[] = [];
      for (let i = 0; i < 3; i += 1) ids.push((await order(shop, body)).body.id);
      const shown = async (more: string) => (await ordersOf(shop, customer, more)).map(({ id }) => id);
      assert.deepEqual(await shown(""), ids);
      assert.deepEqual(await shown("&size=2"), ids.slice(1));
      assert.deepEqual(await shown("&page=1&size=2"), ids.slice(0, 2));
      assert.deepEqual(await shown("&page=2&size=2"), ids.slice(2));
    },
  },
  {
    name: "Atoll-Session: a client that brings the session of its order's answer finds the order in the list",
    run: async (shop) => {
      const { id: customer, order: body } = await buyer(shop);
      const placed = await order(shop, body, { "atoll-session": "" });
      const session = placed.headers.get("atoll-session") ?? "";
      assert.match(session, /orders:/);
      const list = await shop.request<Page>("GET", `/orders/search/customerId?sort=date&custId=${customer}`, {
        headers: { "atoll-session": session },
      });
      assert.deepEqual(
        list.body._embedded["customerOrders"]?.map(({ id }) => id),
        [placed.body.id],
      );
    },
  },
];
