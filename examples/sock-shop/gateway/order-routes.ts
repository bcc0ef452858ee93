// HTTP of one order: how it is placed, seen and followed.
import { feed, route } from "@atoll/gateway";
import { Checkout, Order } from "../orders/contract.ts";
import { OrderBody, orderBody } from "./order-forms.ts";
import { OrderLinks, orderRequest } from "./order-links.ts";

export const orderRoutes = [
  // The only answer that existing clients take for a success is 201.
  route("POST /orders", Checkout.start, {
    body: OrderLinks,
    key: (r) => r.id,
    input: (r) => orderRequest(r.body),
    reply: { status: 201, body: OrderBody, from: (order, r) => orderBody(order, r.origin), later: (r) => `/orders/${r.id}` },
    rejects: { NotAcceptable: { status: 406, with: ({ message }) => ({ message }) } },
  }),
  route("GET /orders/:id", Order.order, {
    key: (r) => r.params.id,
    reply: { body: OrderBody, from: (order, r) => orderBody(order, r.origin) },
    rejects: { UnknownOrder: { status: 404, accepted: true } },
  }),
  feed("GET /orders/:id/events", Order.progress, { key: (r) => r.params.id }),
];
