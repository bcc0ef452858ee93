// HTTP of orders that one entity answers alone.
import { route } from "@atoll/gateway";
import { Order } from "../orders/contract.ts";
import { OrderBody, orderBody } from "./order-forms.ts";

export const orderRoutes = [
  route("GET /orders/:id", Order.order, {
    key: (r) => r.params.id,
    reply: { body: OrderBody, from: (order, r) => orderBody(order, r.origin) },
    rejects: { UnknownOrder: { status: 404 } },
  }),
];
