// The lists that read models answer, in the forms of the original: the routes are the shop's, what stands behind them here
// answers from a few entries. And what existing clients look for in a failure.
import assert from "node:assert/strict";
import { test } from "node:test";
import { handlers, service, system, type Implementation } from "@atoll/core";
import { gateway } from "@atoll/gateway";
import { OrderHistory, type OrderRecord } from "../orders/contract.ts";
import { mustHaveForm, originalForms } from "../test/original-forms.ts";
import { problemIn } from "../test/shop-client.ts";
import { openShop } from "../test/shop-under-test.ts";
import { Directory } from "../user/contract.ts";
import { directoryRoutes } from "./directory-routes.ts";
import { orderHistoryRoutes } from "./order-history-routes.ts";
import { statusCode } from "./status-code.ts";

const profile = { id: "c1", username: "eve", firstName: "Eve", lastName: "Berger" };
const address = { id: "a1", number: "246", street: "Whitelees Road", city: "Glasgow", postcode: "G67 3DL", country: "United Kingdom" };
const card = { id: "k1", longNum: "************9678", expires: "08/19" };
const { id: _, ...whereto } = address;
const order: OrderRecord = {
  id: "o1",
  customerId: "c1",
  customer: { username: "eve", firstName: "Eve", lastName: "Berger" },
  address: whereto,
  card: { longNum: card.longNum, expires: card.expires },
  lines: [{ id: "l1", itemId: "socks", quantity: 2, cents: 1715 }],
  totalCents: 3929,
  status: "confirmed",
  reason: null,
  at: 1_767_225_600_000,
};
const refused: OrderRecord = {
  ...order,
  id: "o2",
  customerId: null,
  customer: null,
  address: null,
  card: null,
  status: "rejected",
  reason: "why",
};

const page = <T>(entries: readonly T[], asked: { readonly page: number; readonly size: number }) => ({
  entries: entries.slice((asked.page - 1) * asked.size, asked.page * asked.size),
  total: entries.length,
});
const directory = handlers(Directory, {
  handle: {
    customers: (asked) => page([profile], asked),
    addresses: (asked) => page([address], asked),
    cards: (asked) => page([card], asked),
  },
});
const history = handlers(OrderHistory, {
  handle: {
    all: (asked) => page([order, refused], asked),
    of: ({ customer, page: asked = 1, size }) => page(customer === "c1" ? [order] : [], { page: asked, size }),
  },
});

const lists = (parts: readonly Implementation[]) =>
  openShop(
    1,
    system("lists", {
      services: [service("lists", parts)],
      gateway: gateway([...directoryRoutes, ...orderHistoryRoutes], { http: statusCode }),
    }),
  );

test("lists: customers, addresses, cards and orders have the forms of the original, with absolute links", async () => {
  const shop = await lists([directory, history]);
  const customers = (await shop.drive(shop.client.get("/customers"))).body;
  mustHaveForm(customers, originalForms.getCustomersResponse);
  mustHaveForm((await shop.drive(shop.client.get("/addresses"))).body, originalForms.listAddressResponse);
  mustHaveForm((await shop.drive(shop.client.get("/cards"))).body, originalForms.getCardsResponse);
  const orders = await shop.drive(
    shop.client.get<{ readonly _embedded: { readonly customerOrders: readonly object[] } }>("/orders?size=1"),
  );
  mustHaveForm(orders.body, originalForms.ordersList);
  assert.deepEqual(orders.body._embedded.customerOrders, [
    {
      id: "o1",
      customerId: "c1",
      customer: { id: null, username: "eve", firstName: "Eve", lastName: "Berger", addresses: [], cards: [] },
      address: { id: null, ...whereto },
      card: { id: null, longNum: "************9678", expires: "08/19", ccv: "***" },
      items: [{ id: "l1", itemId: "socks", quantity: 2, unitPrice: 17.15 }],
      shipment: { id: "o1", name: "c1" },
      date: "2026-01-01T00:00:00.000Z",
      total: 39.29,
      status: "confirmed",
      reason: null,
      _links: { self: { href: "http://shop/orders/o1" } },
    },
  ]);
});

test("lists: they come in pages, counted as the original counts them", async () => {
  const shop = await lists([directory, history]);
  const { body } = await shop.drive(shop.client.get<{ readonly page: object }>("/orders?page=2&size=1"));
  assert.deepEqual(body.page, { size: 1, totalElements: 2, totalPages: 2, number: 1 });
  for (const query of ["?page=0", "?size=0", "?size=1001", "?page=x"]) problemIn(await shop.drive(shop.client.get(`/orders${query}`)), 422);
});

test("lists: a rejected order that lacked everything can be shown, without a shipment and with its reason", async () => {
  const shop = await lists([directory, history]);
  const { body } = await shop.drive(
    shop.client.get<{ readonly _embedded: { readonly customerOrders: readonly Record<string, unknown>[] } }>("/orders?page=2&size=1"),
  );
  const [shown = {}] = body._embedded.customerOrders;
  assert.deepEqual([shown["customer"], shown["shipment"], shown["status"], shown["reason"]], [null, null, "rejected", "why"]);
});

test("lists: the orders of a customer who has none are an empty list", async () => {
  const shop = await lists([directory, history]);
  const found = await shop.drive(shop.client.get<object>("/orders/search/customerId?sort=date&custId=c1"));
  mustHaveForm(found.body, { _embedded: { customerOrders: [originalForms.order] } });
  const none = await shop.drive(shop.client.get<{ readonly _embedded: object }>("/orders/search/customerId?sort=date&custId=undefined"));
  assert.deepEqual([none.status, none.body._embedded], [200, { customerOrders: [] }]);
  problemIn(await shop.drive(shop.client.get("/orders/search/customerId")), 422);
});

test("lists: where nobody answers, a failure of the user service carries the status_code that existing clients look for", async () => {
  const shop = await lists([history]);
  for (const path of ["/customers", "/addresses", "/cards"]) {
    const answer = await shop.drive(shop.client.get<{ readonly status_code?: number }>(path));
    problemIn(answer, 503);
    assert.equal(answer.body.status_code, 500);
    assert.equal(answer.headers.get("retry-after"), "1");
  }
  const head = await shop.drive(shop.client.request("HEAD", "/customers"));
  assert.deepEqual([head.status, head.body], [503, undefined]);
});

test("lists: a refusal that is no failure, and a failure of another service, carry no status_code", async () => {
  const shop = await lists([directory]);
  for (const path of ["/customers?page=0", "/orders"]) {
    const { body } = await shop.drive(shop.client.get<object>(path));
    assert.ok(!("status_code" in body), path);
  }
});
