// What the orders service promises. `order` keeps what was ordered and how it ended; `order-desk` finds out what an order is
// about; `order-history` is the lists over orders, a read model. How an order gets from placed to confirmed or rejected is the
// checkout saga's business (ADR 0020).
import { contract } from "@atoll/core";
import * as z from "zod";
import { Line } from "../carts/contract.ts";
import { AddressFields, CardFields, Page, pageSizeMax } from "../user/contract.ts";

const OrderId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);

const Person = z.object({ username: z.string(), firstName: z.string(), lastName: z.string() });

/** As they were when the order was placed. What is null was not to be found, and such an order is never confirmed. */
export const OrderDetails = z.object({
  customerId: z.string().nullable(),
  customer: Person.nullable(),
  address: AddressFields.nullable(),
  card: CardFields.nullable(),
  lines: z.array(Line).readonly(),
  /** Of the lines, and shipping. */
  totalCents: z.int(),
});
export type OrderDetails = Readonly<z.infer<typeof OrderDetails>>;

export const OrderStatus = z.enum(["placed", "confirmed", "rejected"]);

export const OrderRecord = OrderDetails.extend({
  id: OrderId,
  status: OrderStatus,
  /** Why it was rejected. */
  reason: z.string().nullable(),
  /** Wall clock (ms) of when it was placed. */
  at: z.int(),
});
export type OrderRecord = Readonly<z.infer<typeof OrderRecord>>;

export const Order = contract("order", {
  version: 1,
  key: OrderId,
  commands: {
    /** Nothing if the order exists, or was refused before it came. */
    place: { in: OrderDetails },
    /** Ends a placed order well. Nothing if it has ended. */
    confirm: {},
    /** Ends an order that is not confirmed; one that is still to come will not be placed any more. */
    refuse: { in: z.object({ reason: z.string() }) },
  },
  queries: { order: { out: OrderRecord, rejects: { UnknownOrder: z.object({ id: z.string() }) } } },
  topics: {
    /** What has to leave the house. */
    confirmed: z.object({
      orderId: OrderId,
      customer: z.string(),
      totalCents: z.int(),
      lines: z.array(z.object({ sku: z.string(), quantity: z.int(), cents: z.int() })),
    }),
    progress: z.object({ status: OrderStatus, reason: z.string().nullable() }),
  },
  access: { order: ["gateway"], confirmed: "any", progress: ["gateway"] },
});

/** Ids, as the client named them; null where it named nothing. */
const OrderRequest = z.object({
  customer: z.string().nullable(),
  address: z.string().nullable(),
  card: z.string().nullable(),
  /** Whose cart holds the items. */
  cart: z.string().nullable(),
});

export const OrderDesk = contract("order-desk", {
  version: 1,
  queries: {
    /** `problem`: why nothing can come of it, for the client to read; null if it can be placed and carried out. */
    prepare: { in: OrderRequest, out: z.object({ details: OrderDetails, problem: z.string().nullable() }) },
  },
});

export const Checkout = contract("checkout", {
  version: 1,
  /** The order's id. */
  key: OrderId,
  commands: {
    /** From the ids that the client named to a confirmed order, or to one that is rejected with the message as its reason. */
    start: { in: OrderRequest, out: OrderRecord, rejects: { NotAcceptable: z.object({ message: z.string() }) } },
  },
  access: { start: ["gateway"] },
});

/** Without `page` it is the newest `size`, which is as many as there may be. `rejected`: also those that came to nothing. */
export const OwnPage = z.object({
  page: Page.shape.page.unwrap().optional(),
  size: Page.shape.size.unwrap().default(pageSizeMax),
  rejected: z.boolean().default(false),
});

const Orders = z.object({ entries: z.array(OrderRecord), total: z.int() });

export const OrderHistory = contract("order-history", {
  version: 1,
  queries: {
    /** The orders of one customer, oldest first. */
    of: { in: OwnPage.extend({ customer: z.string() }), out: Orders },
    /** Everybody's, oldest first. */
    all: { in: Page, out: Orders },
  },
  access: { of: ["gateway"], all: ["gateway"] },
});
