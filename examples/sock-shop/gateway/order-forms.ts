// Orders in the forms of the original demo. Whoever reads an order there gets copies of customer, address and card, without ids:
// that is what the original's description promises (`id` is null), and clients look at `customerId` instead.
import * as z from "zod";
import { OrderStatus, type OrderRecord } from "../orders/contract.ts";
import { ccv, paging } from "./user-forms.ts";

const Person = z.object({
  id: z.null(),
  firstName: z.string(),
  lastName: z.string(),
  username: z.string(),
  addresses: z.array(z.never()),
  cards: z.array(z.never()),
});
const Address = z.object({
  id: z.null(),
  number: z.string(),
  street: z.string(),
  city: z.string(),
  postcode: z.string(),
  country: z.string(),
});
const Card = z.object({ id: z.null(), longNum: z.string(), expires: z.string(), ccv: z.string() });
const Item = z.object({ id: z.string(), itemId: z.string(), quantity: z.int(), unitPrice: z.number() });

export const OrderBody = z.object({
  id: z.string(),
  /** The customer, and whatever else is null, was missing; such an order is rejected. */
  customerId: z.string().nullable(),
  customer: Person.nullable(),
  address: Address.nullable(),
  card: Card.nullable(),
  items: z.array(Item),
  /** Null until the order is confirmed. */
  shipment: z.object({ id: z.string(), name: z.string() }).nullable(),
  /** ISO 8601. */
  date: z.string(),
  total: z.number(),
  status: OrderStatus,
  /** Why it was rejected. */
  reason: z.string().nullable(),
  _links: z.object({ self: z.object({ href: z.url() }) }),
});

export const OrdersBody = z.object({ _embedded: z.object({ customerOrders: z.array(OrderBody) }), ...paging });

export function orderBody(order: OrderRecord, origin: string): z.infer<typeof OrderBody> {
  const { id, customerId, customer, address, card, lines, totalCents, status, reason, at } = order;
  return {
    id,
    customerId,
    customer: customer && { id: null, ...customer, addresses: [], cards: [] },
    address: address && { id: null, ...address },
    card: card && { id: null, ...card, ccv },
    items: lines.map(({ id: line, itemId, quantity, cents }) => ({ id: line, itemId, quantity, unitPrice: cents / 100 })),
    // The shipment goes by the order's id, so it is known before it is there.
    shipment: status === "confirmed" ? { id, name: customerId ?? "" } : null,
    date: new Date(at).toISOString(),
    total: totalCents / 100,
    status,
    reason,
    _links: { self: { href: `${origin}/orders/${encodeURIComponent(id)}` } },
  };
}
