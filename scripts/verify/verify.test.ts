// The verifier against a shop that answers from a table: it must pass a shop that is right, and find each way to be wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gather, type Account, type Acknowledged, type Level, type OrderBody } from "./evidence.ts";
import { firstViolation } from "./invariants.ts";
import { Shop, VerifyError, type BankPayment } from "./shop.ts";

interface Probe {
  status: number;
  body: unknown;
  replayed: boolean;
}

/** What the shop knows, in a form that a test can break. */
function rightShop() {
  const order = (id: string, status: string, quantity: number): OrderBody => ({
    id,
    customerId: "eve",
    items: [{ itemId: "tea", quantity }],
    total: (quantity * 1715 + 499) / 100,
    status,
    reason: status === "rejected" ? "sold out" : null,
  });
  const orders = [order("o1", "confirmed", 2), order("o2", "rejected", 1), order("o3", "confirmed", 1)];
  const address = (id: string) => ({ id, street: "Whitelees Road", _links: { self: { href: `http://shop/addresses/${id}` } } });
  const customer = { id: "eve", _links: { self: { href: "http://shop/customers/eve" } } };
  return {
    orders: new Map<string, OrderBody>(orders.map((each) => [each.id, each])),
    listed: [...orders],
    ofEve: [...orders],
    account: {
      charged_cents: 3929 + 2214 + 2214,
      refunded_cents: 2214,
      orders: [
        { order: "o1", cents: 3929, status: "charged" },
        { order: "o2", cents: 2214, status: "refunded" },
        { order: "o3", cents: 2214, status: "charged" },
      ],
    } as Account,
    level: { sku: "tea", available: 7, reserved: 0, sold: 3, received: 10 } as Level,
    count: 7,
    shipments: new Map([
      ["o1", [{ id: "o1", order: "o1" }]],
      ["o3", [{ id: "o3", order: "o3" }]],
    ]),
    customers: [customer],
    customer: customer as object | undefined,
    addresses: [address("a1")],
    ofEveAddresses: [address("a1")],
    bank: [
      { order: "o1", customer: "eve", cents: 3929, status: "charged" },
      { order: "o2", customer: "eve", cents: 2214, status: "refunded" },
      { order: "o3", customer: "eve", cents: 2214, status: "charged" },
      { order: "o9", customer: "", cents: 0, status: "void" },
    ] as BankPayment[],
    acknowledged: [
      { key: "k1", status: 201, id: "o1" },
      { key: "k1", status: 201, id: "o1" },
      { key: "k2", status: 202, id: "o2" },
      { key: "k4", status: 406, id: "" },
    ] as Acknowledged[],
    probe: [
      { status: 406, body: { message: "no customer" }, replayed: false },
      { status: 406, body: { message: "no customer" }, replayed: true },
      { status: 422, body: {}, replayed: false },
    ] as [Probe, Probe, Probe],
  };
}
type Table = ReturnType<typeof rightShop>;

/** Two entries a page, so that pages are turned. */
const paged = (name: string, entries: readonly unknown[], url: URL) => {
  const page = Number(url.searchParams.get("page"));
  return { _embedded: { [name]: entries.slice((page - 1) * 2, page * 2) }, page: { totalElements: entries.length } };
};

function answerOf(table: Table, url: URL): unknown {
  const [, kind, id = "", list] = url.pathname.split("/");
  switch (`${kind}${id === "" ? "" : "/"}${list === undefined ? "" : `/${list}`}`) {
    case "orders":
      return paged("customerOrders", table.listed, url);
    case "orders//customerId":
      return paged("customerOrders", table.ofEve, url);
    case "orders/":
      return table.orders.get(id);
    case "payments/":
      return table.account;
    case "stock/":
      return table.level;
    case "catalogue":
      return url.searchParams.get("page") === "1" ? [{ id: "tea", count: table.count }] : [];
    case "shipments":
      return table.shipments.get(url.searchParams.get("order") ?? "") ?? [];
    case "customers":
      return paged("customer", table.customers, url);
    case "customers/":
      return table.customer;
    case "customers//addresses":
      return { _embedded: { address: table.ofEveAddresses } };
    case "addresses":
      return paged("address", table.addresses, url);
    case "addresses/":
      return table.ofEveAddresses.find((address) => address.id === id);
    case "customers//cards":
      return { _embedded: { card: [] } };
    case "cards":
      return paged("card", [], url);
    case "books":
      return { payments: table.bank.filter(({ order }) => order > (url.searchParams.get("after") ?? "")).slice(0, 2) };
    default:
      return assert.fail(`nobody should ask for ${url.pathname}`);
  }
}

function serving(table: Table): Shop {
  let probes = 0;
  return new Shop("http://shop/", async (target, init) => {
    if (init?.method === "POST") {
      const { status, body, replayed } = table.probe[probes++ % 3] as Probe;
      return Response.json(body, { status, headers: replayed ? { "idempotency-replayed": "true" } : {} });
    }
    const body = answerOf(table, new URL(target));
    return body === undefined ? Response.json({}, { status: 404 }) : Response.json(body);
  });
}

async function verdict(change: (table: Table) => unknown = () => {}): Promise<string> {
  const table = rightShop();
  change(table);
  const shop = serving(table);
  const evidence = await gather(shop, { acknowledged: table.acknowledged, bank: shop, key: "k" });
  const found = firstViolation(evidence);
  return found ? `${found.number}${found.lasting ? "!" : ""} ${found.what}` : "ok";
}

const changed = (table: Table, id: string, change: Partial<OrderBody>): void => {
  const order = { ...(table.orders.get(id) as OrderBody), ...change };
  table.orders.set(id, order);
  for (const list of [table.listed, table.ofEve])
    list.splice(
      list.findIndex((each) => each.id === id),
      1,
      order,
    );
};

test("verify: a shop that is right passes", async () => {
  assert.equal(await verdict(), "ok");
});

const violations: readonly (readonly [name: string, expected: RegExp, change: (table: Table) => unknown])[] = [
  ["an acknowledged order that cannot be read", /^1 order o1 was acknowledged with 201 and cannot be read/, (t) => t.orders.delete("o1")],
  ["an accepted order that cannot be read", /^1 order o2 was acknowledged with 202 and cannot be read/, (t) => t.orders.delete("o2")],
  [
    "a created order that was rejected",
    /^1 order o2 was acknowledged with 201 and is rejected/,
    (t) => t.acknowledged.push({ key: "k", status: 201, id: "o2" }),
  ],
  ["an order that is stuck", /^1 order o2 is placed/, (t) => changed(t, "o2", { status: "placed" })],
  ["a rejection without a reason", /^1 order o2 is rejected without a reason/, (t) => changed(t, "o2", { reason: null })],
  ["units that nobody accounts for", /^2 of tea 11 were received/, (t) => (t.level = { ...t.level, received: 11 })],
  ["a reservation that leaks", /^2 1 of tea are still reserved/, (t) => (t.level = { ...t.level, reserved: 1, available: 6 })],
  ["a sale without an order", /^2 4 of tea were sold, and 3 are/, (t) => (t.level = { ...t.level, sold: 4, available: 6 })],
  ["an oversold sock", /^2! -1 of tea are available/, (t) => (t.level = { ...t.level, available: -1, sold: 11 })],
  [
    "a cent too much",
    /^3 eve has paid 6144 cents for confirmed orders of 6143/,
    (t) => (t.account = { ...t.account, charged_cents: t.account.charged_cents + 1 }),
  ],
  [
    "an order that is charged twice",
    /^3! order o1 is twice in the account of eve/,
    (t) => (t.account = { ...t.account, orders: [...t.account.orders, { order: "o1", cents: 3929, status: "charged" }] }),
  ],
  [
    "a rejected order that is charged",
    /^3 eve is charged for order o2, which is rejected/,
    (t) => (t.account = { ...t.account, orders: t.account.orders.map((each) => ({ ...each, status: "charged" })) }),
  ],
  [
    "a confirmed order that is not charged",
    /^3 order o3 is confirmed, and eve was not charged/,
    (t) => (t.account = { ...t.account, orders: t.account.orders.slice(0, 2) }),
  ],
  [
    "another amount than the order's",
    /^3 eve is charged 3928 cents for order o1 of 39.29/,
    (t) => (t.account = { ...t.account, orders: t.account.orders.map((each) => (each.order === "o1" ? { ...each, cents: 3928 } : each)) }),
  ],
  [
    "money at the bank for a rejected order",
    /^3 the bank holds 2214 cents for order o2, which is rejected/,
    (t) => t.bank.splice(1, 1, { order: "o2", customer: "eve", cents: 2214, status: "charged" }),
  ],
  [
    "money at the bank for no order",
    /^3 the bank holds 1 cents for order o9, which is not to be found/,
    (t) => t.bank.splice(3, 1, { order: "o9", customer: "eve", cents: 1, status: "charged" }),
  ],
  ["a confirmed order that the bank knows nothing of", /^3 order o3 is confirmed, and the bank holds nothing/, (t) => t.bank.splice(2, 1)],
  [
    "money of somebody else",
    /^3 the bank holds 3929 cents of bob for order o1/,
    (t) => t.bank.splice(0, 1, { order: "o1", customer: "bob", cents: 3929, status: "charged" }),
  ],
  ["a confirmed order without a shipment", /^4 order o1 is confirmed and has 0 shipments/, (t) => t.shipments.delete("o1")],
  [
    "a confirmed order with two",
    /^4 order o1 is confirmed and has 2 shipments/,
    (t) => t.shipments.get("o1")?.push({ id: "s2", order: "o1" }),
  ],
  ["a rejected order with one", /^4 order o2 is rejected and has 1 shipments/, (t) => t.shipments.set("o2", [{ id: "o2", order: "o2" }])],
  [
    "somebody else's shipment",
    /^4 shipment o3 of order o3 is among those of order o1/,
    (t) => t.shipments.set("o1", [{ id: "o3", order: "o3" }]),
  ],
  ["one key and two orders", /^5 key k1 stands for the orders o1 and o3/, (t) => t.acknowledged.push({ key: "k1", status: 201, id: "o3" })],
  ["one order and two keys", /^5 order o1 stands for the keys k1 and k9/, (t) => t.acknowledged.push({ key: "k9", status: 201, id: "o1" })],
  ["an impossible order that is taken", /^5 an order without anything was answered with 201/, (t) => (t.probe[0].status = 201)],
  ["a key that gives two answers", /^5 one key, and the answers/, (t) => (t.probe[1].body = { message: "another" })],
  [
    "a key that is carried out twice",
    /^5 an order that was sent again under its key was carried out again/,
    (t) => (t.probe[1].replayed = false),
  ],
  ["a key that takes any body", /^5 another order under the same key was answered with 406/, (t) => (t.probe[2].status = 406)],
  ["an order that is twice in the list", /^5 order o1 is twice in the list/, (t) => t.listed.push(t.listed[0] as OrderBody)],
  ["an order that is not in the list", /^6 order o2 is not in the list of orders/, (t) => t.listed.splice(1, 1)],
  [
    "a list that is behind",
    /^6 order o1 is .*"placed".* in the list/,
    (t) => t.listed.splice(0, 1, { ...(t.listed[0] as OrderBody), status: "placed" }),
  ],
  ["an order that its customer's list lacks", /^6 order o3 is in one of two lists only/, (t) => t.ofEve.splice(2, 1)],
  [
    "a customer's list that is behind",
    /^6 order o1 differs between/,
    (t) => t.ofEve.splice(0, 1, { ...(t.ofEve[0] as OrderBody), status: "placed" }),
  ],
  ["a catalogue that is behind", /^6 the catalogue offers 9 of tea, and 7 are available/, (t) => (t.count = 9)],
  ["a customer who is in the list only", /^6 customer eve is .* in the list and undefined itself/, (t) => (t.customer = undefined)],
  ["an address that is in the list only", /^6 address a1 is .* in the list and undefined itself/, (t) => t.ofEveAddresses.pop()],
  ["an address that is not in the list", /^6 address a1 is not in the list of all/, (t) => t.addresses.pop()],
];

for (const [name, expected, change] of violations) {
  test(`verify: it finds ${name}`, async () => {
    assert.match(await verdict(change), expected);
  });
}

test("verify: a shop that does not answer as it must is no shop that is right", async () => {
  const shops: readonly (readonly [RegExp, () => Promise<Response>])[] = [
    [/cannot be reached: refused/, () => Promise.reject(new TypeError("refused"))],
    [/answered with 200 and no JSON/, async () => new Response("<html>")],
    [/answered with 503/, async () => Response.json({}, { status: 503 })],
  ];
  for (const [reason, fetch] of shops) {
    await assert.rejects(gather(new Shop("http://shop", fetch), { acknowledged: [], bank: undefined, key: "k" }), (error) => {
      assert.ok(error instanceof VerifyError, String(error));
      assert.match(error.message, reason);
      return true;
    });
  }
});
