// HTTP of the lists of orders.
import { route } from "@atoll/gateway";
import * as z from "zod";
import { OrderHistory, OwnPage } from "../orders/contract.ts";
import { Page } from "../user/contract.ts";
import { orderBody, OrdersBody } from "./order-forms.ts";
import { pageBody } from "./user-forms.ts";

/** `sort=date` is the only order there is. */
const Search = OwnPage.extend({ custId: z.string(), sort: z.string().optional() });

export const orderHistoryRoutes = [
  route("GET /orders", OrderHistory.all, {
    query: Page,
    input: (r) => r.query,
    reply: {
      body: OrdersBody,
      from: ({ entries, total }, { origin, query }) => ({
        _embedded: { customerOrders: entries.map((order) => orderBody(order, origin)) },
        _links: {
          self: { href: `${origin}/orders` },
          profile: { href: `${origin}/profile/orders` },
          search: { href: `${origin}/orders/search` },
        },
        page: pageBody(query, total),
      }),
    },
  }),
  route("GET /orders/search/customerId", OrderHistory.of, {
    query: Search,
    input: ({ query: { custId, page, size, rejected } }) => ({ customer: custId, page, size, rejected }),
    reply: {
      body: OrdersBody,
      from: ({ entries, total }, { origin, query }) => ({
        _embedded: { customerOrders: entries.map((order) => orderBody(order, origin)) },
        _links: { self: { href: `${origin}/orders/search/customerId?sort=date&custId=${encodeURIComponent(query.custId)}` } },
        page: pageBody({ page: query.page ?? Math.max(1, Math.ceil(total / query.size)), size: query.size }, total),
      }),
    },
  }),
];
