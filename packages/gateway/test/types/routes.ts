// What the compiler must say no to, for routes, and what it must accept. Every directive is load-bearing: an error that is
// no longer one fails the type check. The numbers are those of the programming model's list.
import { contract } from "@atoll/core";
import { feed, gateway, route } from "@atoll/gateway";
import * as z from "zod";

const Stock = contract("stock", {
  version: 1,
  key: z.string(),
  commands: {
    deliver: {
      in: z.object({ quantity: z.int() }),
      out: z.object({ total: z.int() }),
      rejects: { Closed: z.object({ until: z.string() }) },
    },
  },
  queries: { level: { out: z.object({ available: z.int() }) } },
});
const History = contract("history", { version: 1, queries: { of: { in: z.object({ customer: z.string() }), out: z.array(z.string()) } } });

const Order = contract("order", {
  version: 1,
  key: z.string(),
  commands: { place: { in: z.object({ n: z.int() }) } },
  queries: { status: { out: z.object({ n: z.int() }) } },
  topics: { progress: z.object({ status: z.string() }) },
});

// @ts-expect-error a command is not published
feed("GET /orders/:id/events", Order.place, { key: (r) => r.params.id });
// @ts-expect-error nor is a query
feed("GET /orders/:id/events", Order.status, { key: (r) => r.params.id });
// @ts-expect-error whose messages has to be said: one forgotten key would tell everybody of everything
feed("GET /orders/:id/events", Order.progress);
// @ts-expect-error no such path parameter
feed("GET /orders/:id/events", Order.progress, { key: (r) => r.params.order });
// @ts-expect-error neither a key nor "any"
feed("GET /orders/:id/events", Order.progress, { key: "all" });
// @ts-expect-error a feed is asked for with GET
feed("POST /orders/:id/events", Order.progress, { key: (r) => r.params.id });
// @ts-expect-error a topic is no operation
route("GET /orders/:id/events", Order.progress, { key: (r) => r.params.id });
// @ts-expect-error a feed has no body to read
feed("GET /orders/:id/events", Order.progress, { key: (r) => r.body.id });

// @ts-expect-error 21 no such path parameter
route("GET /stock/:sku", Stock.level, { key: (r) => r.params.id });
// @ts-expect-error 22 keyed operation without a key
route("GET /stock", Stock.level);
// @ts-expect-error 33 missing input mapping
route("GET /customers/:id/orders", History.of);
// @ts-expect-error a key for a contract without one
route("GET /history", History.of, { key: () => "x", input: () => ({ customer: "c" }) });
// @ts-expect-error the input's form is the operation's
route("GET /customers/:id/orders", History.of, { input: (r) => ({ customr: r.params.id }) });
// @ts-expect-error a rejection that is not declared
route("POST /stock/:sku", Stock.deliver, { key: (r) => r.params.sku, rejects: { Open: { status: 404 } } });
route("POST /stock/:sku", Stock.deliver, {
  key: (r) => r.params.sku,
  // @ts-expect-error no member of that rejection's details
  rejects: { Closed: { status: 404, with: (d) => ({ since: d.since }) } },
});
route("GET /stock/:sku", Stock.level, {
  key: (r) => r.params.sku,
  // @ts-expect-error what `from` makes does not have the declared form
  reply: { body: z.object({ n: z.int() }), from: (reply) => ({ m: reply.available }) },
});
// @ts-expect-error a query parameter that is not declared
route("GET /orders", History.of, { query: z.object({ custId: z.string() }), input: (r) => ({ customer: r.query.customer }) });
// @ts-expect-error not a method
route("FETCH /stock/:sku", Stock.level, { key: (r) => r.params.sku });
// @ts-expect-error sessions are not built yet
route("GET /stock/:sku", Stock.level, { key: (r) => r.params.sku, consistency: "session" });
// @ts-expect-error nothing goes on behind a query
route("GET /stock/:sku", Stock.level, { key: (r) => r.params.sku, reply: { later: (r) => `/stock/${r.params.sku}` } });
// @ts-expect-error `later` makes a path of this host
route("POST /stock/:sku", Stock.deliver, { key: (r) => r.params.sku, reply: { later: (r) => `http://elsewhere/${r.id}` } });
// @ts-expect-error no such path parameter, in `later`
route("POST /stock/:sku", Stock.deliver, { key: (r) => r.params.sku, reply: { later: (r) => `/stock/${r.params.id}` } });
// @ts-expect-error a contract is no operation
route("GET /stock/:sku", Stock, {});

export const accepted = gateway(
  [
    route("GET /stock/:sku", Stock.level, { key: (r) => r.params.sku }),
    route("POST /stock/:sku/deliveries/:day", Stock.deliver, {
      key: (r) => `${r.params.sku}-${r.params.day}`,
      within: "2s",
      rejects: { Closed: { status: 404, with: (d) => ({ until: d.until }) } },
      reply: {
        status: 201,
        from: (reply, r) => ({ total: reply.total, self: `${r.origin}/${r.params.sku}/${r.id}` }),
        later: (r) => `/stock/${r.params.sku}/deliveries/${r.id}`,
      },
    }),
    route("GET /orders", History.of, { query: z.object({ custId: z.string() }), input: (r) => ({ customer: r.query.custId }) }),
    route("POST /orders", History.of, { body: z.object({ customer: z.url() }), input: (r) => ({ customer: r.body.customer }) }),
    route("POST /history", History.of),
    feed("GET /orders/:id/events", Order.progress, { key: (r) => r.params.id }),
    feed("GET /orders/events", Order.progress, { key: "any" }),
  ],
  { http: (app) => app.get("/images/:file", (c) => c.body("…")), limits: { bodyBytesMax: 1_000 } },
);
