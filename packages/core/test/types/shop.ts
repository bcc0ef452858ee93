// The good counterpart of bad.ts: a whole shop that must compile. It is never run. Parts from designed.ts are not built.
import { adapter, contract, entity, handlers, saga, service, start, subscription, system, unavailable } from "@atoll/core";
import * as z from "zod";
import { simulate } from "./designed.ts";
import { feed, given, readModel, route, tables } from "./others.ts";

// stock: an entity
const Hold = z.object({ orderId: z.string() });
const Level = z.object({ sku: z.string(), available: z.int(), reserved: z.int(), sold: z.int(), received: z.int() });
export const Stock = contract("stock", {
  version: 2,
  key: z.string(),
  commands: {
    deliver: { in: z.object({ quantity: z.int().positive() }) },
    reserve: {
      in: Hold.extend({ qty: z.int().positive() }),
      out: z.object({ left: z.int() }),
      rejects: { SoldOut: z.object({ left: z.int() }) },
    },
    release: { in: Hold },
    sell: { in: Hold },
  },
  queries: { level: { out: Level, rejects: { UnknownSku: z.object({}) } } },
  access: { deliver: ["gateway"], reserve: ["orders"], release: ["orders"], level: "any" },
});

export const stock = entity(Stock, {
  state: z.object({ available: z.int(), sold: z.int(), received: z.int(), held: z.record(z.string(), z.int()) }),
  initial: { available: 0, sold: 0, received: 0, held: {} },
  events: { Delivered: z.object({ qty: z.int() }), Reserved: Hold.extend({ qty: z.int() }), Released: Hold, Sold: Hold },
  upcast: { Reserved: [(v1: { order: string; n: number }) => ({ orderId: v1.order, qty: v1.n })] },
  decide: {
    deliver: (_, c, turn) => turn.emit("Delivered", { qty: c.quantity }),
    reserve: (s, c, turn) =>
      Object.hasOwn(s.held, c.orderId)
        ? turn.reply({ left: s.available })
        : s.available < c.qty
          ? turn.reject("SoldOut", { left: s.available })
          : turn.emit("Reserved", c).reply((after) => ({ left: after.available })),
    release: (s, c, turn) => (Object.hasOwn(s.held, c.orderId) ? turn.emit("Released", c) : turn.reply()),
    sell: (s, c, turn) => (Object.hasOwn(s.held, c.orderId) ? turn.emit("Sold", c) : turn.reply()),
  },
  evolve: {
    Delivered: (s, e) => ({ ...s, available: s.available + e.qty, received: s.received + e.qty }),
    Reserved: (s, e) => ({ ...s, available: s.available - e.qty, held: { ...s.held, [e.orderId]: e.qty } }),
    Released: (s, e) => {
      const { [e.orderId]: qty = 0, ...held } = s.held;
      return { ...s, available: s.available + qty, held };
    },
    Sold: (s, e) => {
      const { [e.orderId]: qty = 0, ...held } = s.held;
      return { ...s, sold: s.sold + qty, held };
    },
  },
  queries: {
    level: (s, _, q) =>
      s.received === 0
        ? q.reject("UnknownSku", {})
        : {
            sku: q.key,
            available: s.available,
            sold: s.sold,
            received: s.received,
            reserved: Object.values(s.held).reduce((a, b) => a + b, 0),
          },
  },
});

const StockV1 = contract("stock", {
  version: 1,
  key: z.string(),
  commands: { take: { in: z.object({ order: z.string() }), rejects: { None: z.object({}) } } },
  access: { take: ["orders"] },
});
export const stockV1 = adapter(StockV1, Stock, {
  take: async (c, now, cx) => {
    const answer = await now.reserve({ orderId: c.order, qty: 1 });
    return answer.rejected ? cx.reject("None", {}) : undefined;
  },
});

// bank: an outside party behind handlers
export const Bank = contract("bank", {
  version: 1,
  access: { charge: ["orders"], refund: ["orders"] },
  commands: {
    charge: {
      in: z.object({ orderId: z.string(), cents: z.int().positive() }),
      rejects: { Declined: z.object({ reason: z.string() }) },
    },
    refund: { in: Hold },
  },
});
export const bank = handlers(Bank, {
  config: { BANK_URL: z.url().default("http://127.0.0.1:8090") },
  handle: {
    charge: async (c, cx) => {
      const headers = { "idempotency-key": cx.commandId };
      const url = `${cx.config.BANK_URL}/payments/${c.orderId}`;
      const r = await cx.fetch(url, { method: "PUT", signal: cx.signal, headers, body: JSON.stringify(c) });
      if (r.status === 402) return cx.reject("Declined", { reason: await r.text() });
      if (!r.ok) throw unavailable(`bank answered ${r.status}`);
      return undefined;
    },
    refund: async (c, cx) => {
      await cx.fetch(`${cx.config.BANK_URL}/payments/${c.orderId}`, { method: "DELETE", signal: cx.signal });
    },
  },
});

// orders: entity, saga, subscription, read model
const Lines = z.array(z.object({ sku: z.string(), qty: z.int().positive() }));
const NewOrder = z.object({ customer: z.string(), lines: Lines, cents: z.int() });
const Status = z.enum(["none", "placed", "confirmed", "rejected"]);
export const Order = contract("order", {
  version: 1,
  key: z.string(),
  commands: { place: { in: NewOrder }, confirm: {}, refuse: {} },
  topics: { confirmed: z.object({ orderId: z.string(), lines: Lines }), progress: z.object({ status: Status }) },
  access: { confirmed: "any", progress: ["gateway"] },
});
export const order = entity(Order, {
  state: z.object({ status: Status, lines: Lines }),
  initial: { status: "none", lines: [] },
  events: { Placed: NewOrder, Confirmed: z.object({}), Refused: z.object({}) },
  decide: {
    place: (s, c, turn) => (s.status === "none" ? turn.emit("Placed", c) : turn.reply()),
    confirm: (s, _, turn) => (s.status === "placed" ? turn.emit("Confirmed", {}) : turn.reply()),
    refuse: (s, _, turn) => (s.status === "placed" ? turn.emit("Refused", {}) : turn.reply()),
  },
  evolve: {
    Placed: (_, e) => ({ status: "placed", lines: e.lines }),
    Confirmed: (s) => ({ ...s, status: "confirmed" }),
    Refused: (s) => ({ ...s, status: "rejected" }),
  },
  publish: {
    confirmed: { Confirmed: (_, s, at) => ({ orderId: at.key, lines: s.lines }) },
    progress: {
      Placed: () => ({ status: "placed" }),
      Confirmed: () => ({ status: "confirmed" }),
      Refused: () => ({ status: "rejected" }),
    },
  },
});
export const Checkout = contract("checkout", {
  version: 1,
  key: z.string(),
  access: { start: ["shop"] },
  commands: {
    start: {
      in: NewOrder,
      out: z.object({ status: Status }),
      rejects: { SoldOut: z.object({ left: z.int() }), Declined: z.object({ cents: z.int() }) },
    },
  },
});
export const checkout = saga(Checkout.start, 1, async (run, o) => {
  await run.step("place", (at) => at(Order, run.key).place(o), { undo: (at) => at(Order, run.key).refuse() });
  for (const { sku, qty } of o.lines) {
    // Checkout declares SoldOut with the same details: it ends the saga.
    const { left } = await run.step(`reserve ${sku}`, (at) => at(Stock, sku).reserve({ orderId: run.key, qty }), {
      undo: (at, reply) => at(Stock, sku).release({ orderId: `${run.key}${reply?.left}` }),
    });
    if (left < 0) return { status: "rejected" };
  }
  await run.step("charge", (at) => at(Bank).charge({ orderId: run.key, cents: o.cents }), {
    retry: { for: "10m" },
    undo: (at) => at(Bank).refund({ orderId: run.key }),
    rejected: { Declined: (details) => run.reject("Declined", { cents: details.reason.length }) },
  });
  await run.step("confirm", (at) => at(Order, run.key).confirm());
  return { status: "confirmed" };
});
export const sellConfirmed = subscription("sell-confirmed", Order.confirmed, (m, tell) =>
  m.lines.map(({ sku }) => tell(Stock, sku).sell({ orderId: m.orderId })),
);
const Row = z.object({ id: z.string(), customer: z.string(), status: z.string(), cents: z.int() });
export const OrderHistory = contract("order-history", {
  version: 1,
  queries: { of: { in: z.object({ customer: z.string() }), out: z.array(Row) } },
  access: { of: "any" },
});
export const orderHistory = readModel(OrderHistory, {
  version: 1,
  tables: tables<{ orders: z.infer<typeof Row> }>((db) => [
    db.schema
      .createTable("orders")
      .addColumn("id", "text", (c) => c.primaryKey())
      .addColumn("customer", "text")
      .addColumn("status", "text")
      .addColumn("cents", "integer"),
  ]),
  from: { order },
  on: {
    order: {
      Placed: (db, e, at) => db.insertInto("orders").values({ id: at.key, customer: e.customer, cents: e.cents, status: "placed" }),
      Confirmed: (db, _, at) => db.updateTable("orders").set({ status: "confirmed" }).where("id", "=", at.key),
      Refused: (db, _, at) => db.updateTable("orders").set({ status: "rejected" }).where("id", "=", at.key),
    },
  },
  queries: { of: (db, { customer }) => db.selectFrom("orders").selectAll().where("customer", "=", customer).execute() },
});

// shop: composing is ordinary stateless code
export const Shop = contract("shop", {
  version: 1,
  access: { buy: ["gateway"], login: ["gateway"] },
  commands: {
    buy: {
      in: z.object({ id: z.string(), customer: z.string(), sku: z.string() }),
      out: z.object({ status: Status }),
      rejects: { NotAcceptable: z.object({ message: z.string() }) },
    },
  },
  queries: {
    login: {
      in: z.object({ username: z.string(), password: z.string() }),
      out: z.object({ user: z.object({ id: z.string() }) }),
      rejects: { BadCredentials: z.object({}) },
    },
  },
});
export const shopApi = handlers(Shop, {
  config: { SHIPPING_CENTS: z.coerce.number<string>().default(499) },
  handle: {
    buy: async (c, cx) => {
      const cents = 1000 + cx.config.SHIPPING_CENTS;
      const answer = await cx.at(Checkout, c.id).start({ customer: c.customer, lines: [{ sku: c.sku, qty: 1 }], cents }, { within: "4s" });
      if (answer.rejected === "SoldOut") return cx.reject("NotAcceptable", { message: `only ${answer.details.left} left` });
      return answer.rejected ? cx.reject("NotAcceptable", { message: "payment declined" }) : answer.reply;
    },
    login: async (q, cx) => (q.username === "user" && q.password === "password" ? { user: { id: "u1" } } : cx.reject("BadCredentials", {})),
  },
});

const OrderHal = z.object({ id: z.string(), status: Status, _links: z.object({ self: z.object({ href: z.url() }) }) });
export const routes = [
  route("GET /stock/:sku", Stock.level, { key: (r) => r.params.sku, rejects: { UnknownSku: { status: 404 } } }),
  route("POST /stock/:sku/deliveries", Stock.deliver, { key: (r) => r.params.sku, reply: { status: 202 } }),
  route("GET /orders", OrderHistory.of, { query: z.object({ custId: z.string() }), input: (r) => ({ customer: r.query.custId }) }),
  route("GET /customers/:id/orders", OrderHistory.of, { input: (r) => ({ customer: r.params.id }) }),
  route("POST /orders", Shop.buy, {
    body: z.object({ customer: z.url(), item: z.url() }),
    input: (r) => ({ id: r.id, customer: r.body.customer, sku: r.body.item }),
    reply: { status: 201, body: OrderHal, from: (o, r) => ({ id: r.id, ...o, _links: { self: { href: `${r.origin}/orders/${r.id}` } } }) },
    rejects: { NotAcceptable: { status: 406, with: (d) => ({ message: d.message }) } },
  }),
];
export const progress = feed("GET /orders/:id/events", Order.progress, { key: (r) => r.params.id });

export const shop = system("shop", {
  services: [
    service("stock", [stock, sellConfirmed]),
    service("bank", [bank]),
    service("shop", [shopApi]),
    service("orders", [order, orderHistory], {
      calls: [
        [Bank, { within: "2s", concurrency: 20, breaker: { failures: 5, within: "10s", halfOpenAfter: "5s" } }],
        [Stock, { retry: { budget: 0.2 } }],
      ],
    }),
  ],
});

given(stock, "tea").had("Delivered", { qty: 1 }).when("reserve", { orderId: "b", qty: 2 }).rejects("SoldOut", { left: 1 });

const calmBank = handlers(Bank, {
  handle: {
    charge: async (c, cx) => (c.cents > 10_500 ? cx.reject("Declined", { reason: "too much" }) : undefined),
    refund: async () => {},
  },
});
export const oversold = (): Promise<void> =>
  simulate(shop, { seeds: 500, nodes: 3, faults: ["crash", "partition", "duplicate"], replace: [calmBank] }, async (world) => {
    await world.at(Stock, "tea").deliver({ quantity: 5 });
    await world.settle();
    const level = await world.at(Stock, "tea").level();
    if (level.rejected || level.reply.available < 0 || level.reply.reserved !== 0) throw unavailable("oversold");
  });

export async function ask(): Promise<string> {
  await using running = await start(shop, { data: ".atoll/shop", config: { BANK_URL: "http://127.0.0.1:9000" } });
  const me = running.session();
  const answer = await me.at(Stock, "tea").reserve({ orderId: "o1", qty: 2 }, { within: "2s" });
  const orders = await me.at(OrderHistory).of({ customer: "u1" });
  const left: number = answer.rejected ? answer.details.left : answer.reply.left;
  return `${left} ${orders.map((o) => o.status).join()}`;
}
