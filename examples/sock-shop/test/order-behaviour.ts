// Orders, payments and shipments over HTTP: what comes of an order, and who gets to see what of it.
import assert from "node:assert/strict";
import { buyer, order, ordersOf, shippingCents, sock, type OrderBody } from "./buyer.ts";
import { mustHaveForm, originalForms } from "./original-forms.ts";
import { eventually, problemIn, type Behaviour, type ShopClient } from "./shop-client.ts";

interface Account {
  readonly charged_cents: number;
  readonly refunded_cents: number;
}
interface Refusal {
  readonly message: string;
}

const account = async (shop: ShopClient, id: string): Promise<Account> => (await shop.get<Account>(`/payments/${id}`)).body;
const shipments = async (shop: ShopClient, id: string): Promise<readonly unknown[]> =>
  (await shop.get<readonly unknown[]>(`/shipments?order=${id}`)).body;

/** The first `count` messages of a feed, which goes on. */
async function messages(shop: ShopClient, target: string, count: number, headers: Record<string, string> = {}) {
  const response = await shop.stream(target, headers);
  assert.equal(response.status, 200);
  assert.ok(response.body);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const found: { readonly id: string; readonly data: unknown }[] = [];
  for (let text = ""; found.length < count;) {
    const { value, done } = await reader.read();
    assert.ok(!done, `it ended after ${found.length} of ${count} messages`);
    text += value;
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const [, data] = /^data: ?(.*)$/m.exec(block) ?? [];
      if (data !== undefined) found.push({ id: /^id: ?(.*)$/m.exec(block)?.[1] ?? "", data: JSON.parse(data) });
    }
  }
  await reader.cancel();
  return found;
}

const ordering: readonly Behaviour[] = [
  {
    name: "POST /orders: 201 with the whole order in the form of the original, and it is found everywhere at once",
    run: async (shop) => {
      const { id: customer, order: body } = await buyer(shop, 2);
      const { status, body: placed } = await order(shop, body);
      assert.equal(status, 201);
      mustHaveForm(placed, originalForms.order);
      assert.deepEqual([placed.customerId, placed.status, placed.reason], [customer, "confirmed", null]);
      assert.deepEqual(
        placed.items.map(({ itemId, quantity, unitPrice }) => [itemId, quantity, unitPrice]),
        [[sock.id, 2, sock.cents / 100]],
      );
      assert.equal(Math.round(placed.total * 100), 2 * sock.cents + shippingCents);
      assert.equal(placed._links.self.href, `${shop.origin}/orders/${placed.id}`);
      assert.equal(new Date(placed.date).toISOString(), placed.date);
      assert.deepEqual(await ordersOf(shop, customer), [placed]);
      assert.deepEqual((await shop.get(`/orders/${placed.id}`)).body, placed);
      assert.equal((await shop.get<readonly unknown[]>(`/carts/${customer}/items`)).body.length, 1, "the cart stays");
    },
  },
  {
    name: "POST /orders: what is confirmed is charged once and sent on its way once",
    run: async (shop) => {
      const { id: customer, order: body } = await buyer(shop);
      const { id, total } = (await order(shop, body)).body;
      assert.deepEqual(await account(shop, customer), {
        charged_cents: Math.round(total * 100),
        refunded_cents: 0,
        orders: [{ order: id, cents: Math.round(total * 100), status: "charged" }],
      });
      await eventually("the order is sent on its way", async () => (await shipments(shop, id)).length > 0);
      assert.equal((await shipments(shop, id)).length, 1);
    },
  },
  {
    name: "POST /orders: above 105.00 the payment is declined: 406 with a message, the order is kept as rejected, nothing is charged or sent",
    run: async (shop) => {
      const { id: customer, order: body } = await buyer(shop, 8);
      const answer = await order(shop, body);
      assert.match((problemIn(answer, 406) as unknown as Refusal).message, /declined/);
      const [kept, ...more] = await ordersOf(shop, customer, "&rejected=true");
      assert.deepEqual([kept?.status, kept?.shipment, more.length], ["rejected", null, 0]);
      assert.match(kept?.reason ?? "", /declined/);
      const { charged_cents, refunded_cents } = await account(shop, customer);
      assert.equal(charged_cents - refunded_cents, 0);
      assert.deepEqual(await shipments(shop, kept?.id ?? ""), []);
    },
  },
  {
    name: "POST /orders: what is not there in that number is 406",
    run: async (shop) => {
      const { order: body } = await buyer(shop, 900_000);
      assert.match((problemIn(await order(shop, body), 406) as unknown as Refusal).message, /only \d+ are left/);
    },
  },
  {
    name: "POST /orders: whatever is missing, null or nobody's, is 406 with a message that says what",
    run: async (shop) => {
      const { order: body } = await buyer(shop);
      const other = await buyer(shop, 0);
      for (const [change, message] of [
        [{ customer: null }, /customer/],
        [{ customer: "http://user/customers/57a98ddce4b00679b4a830d1" }, /customer/],
        [{ address: null }, /address/],
        [{ address: other.order.address }, /address/],
        [{ card: null }, /card/],
        [{ card: other.order.card }, /card/],
        [{ items: null }, /cart is empty/],
        [{ items: other.order.items }, /cart is empty/],
      ] as const) {
        assert.match((problemIn(await order(shop, { ...body, ...change }), 406) as unknown as Refusal).message, message);
      }
    },
  },
  {
    name: "POST /orders: a URL that leads nowhere in the shop is 422",
    hostile: true,
    run: async (shop) => {
      const { order: body } = await buyer(shop);
      for (const customer of [
        "",
        "57a98d98e4b00679b4a830b2",
        "file:///customers/x",
        "http://user/addresses/x",
        "http://user/customers/%00",
      ]) {
        const problem = problemIn(await order(shop, { ...body, customer }), 422);
        assert.equal(problem.errors?.[0]?.pointer, "/customer", customer);
      }
    },
  },
  {
    name: "POST /orders: one Idempotency-Key is one order, however often it is sent, and no other order",
    run: async (shop) => {
      const { id: customer, order: body } = await buyer(shop);
      const key = { "idempotency-key": shop.fresh("key") };
      const answers = await Promise.all([1, 2, 3].map(() => order(shop, body, key)));
      const [first] = answers;
      for (const { status, body: placed } of answers) assert.deepEqual([status, placed], [201, first?.body]);
      const again = await order(shop, body, key);
      assert.deepEqual([again.status, again.headers.get("idempotency-replayed"), again.body], [201, "true", first?.body]);
      problemIn(await order(shop, { ...body, card: null }, key), 422);
      assert.equal((await ordersOf(shop, customer)).length, 1);
    },
  },
  {
    name: "POST /orders with Prefer: respond-async is 202 with the place where it will be seen, never 404 from then on; its key waits for the outcome",
    run: async (shop) => {
      const { order: body } = await buyer(shop);
      const key = { "idempotency-key": shop.fresh("key") };
      const { status, headers, body: accepted } = await order(shop, body, { ...key, prefer: "respond-async" });
      const place = headers.get("location") ?? "";
      // The original front end ends over an answer without a body.
      assert.deepEqual([status, accepted as unknown], [202, { status: "accepted", location: place }]);
      const seen = await shop.get<OrderBody | undefined>(place);
      if (seen.status === 202) assert.deepEqual([seen.headers.get("location"), seen.headers.get("retry-after")], [place, "1"]);
      else assert.equal(seen.status, 200);
      const last = await order(shop, body, key); // waits for it
      assert.equal(last.status, 201);
      assert.deepEqual([`/orders/${last.body.id}`, last.headers.get("idempotency-replayed")], [place, "true"]);
      assert.deepEqual((await shop.get<OrderBody>(place)).body, last.body);
    },
  },
  {
    name: "GET /orders/:id/events: what becomes of an order, from its placing on, and behind Last-Event-ID",
    hostile: true, // a proxy keeps an answer back until it is whole
    run: async (shop) => {
      const { order: body } = await buyer(shop);
      const { id } = (await order(shop, body)).body;
      const [placed, confirmed] = await messages(shop, `/orders/${id}/events`, 2);
      assert.deepEqual(
        [placed?.data, confirmed?.data],
        [
          { status: "placed", reason: null },
          { status: "confirmed", reason: null },
        ],
      );
      const [next] = await messages(shop, `/orders/${id}/events`, 1, { "last-event-id": placed?.id ?? "" });
      assert.deepEqual(next, confirmed);
    },
  },
];

const nothing: readonly Behaviour[] = [
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

export const orderBehaviours: readonly Behaviour[] = [...nothing, ...ordering];
