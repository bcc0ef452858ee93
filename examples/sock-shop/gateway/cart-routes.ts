// HTTP of the carts, in the forms of the original demo. What a client says about prices is ignored: the
// catalogue's price counts.
import { route } from "@atoll/gateway";
import * as z from "zod";
import { Basket, Cart, quantityMax, type Line } from "../carts/contract.ts";

const Item = z.object({ id: z.string(), itemId: z.string(), quantity: z.int(), unitPrice: z.number() });
const CartBody = z.object({ customerId: z.string(), items: z.array(Item) });

const item = ({ id, itemId, quantity, cents }: Line): z.infer<typeof Item> => ({ id, itemId, quantity, unitPrice: cents / 100 });

/** Clients send the price that they were shown; it is taken and ignored. */
const unitPrice = z.number().optional();
const NewItem = z.object({ itemId: z.string(), quantity: z.int().positive().max(quantityMax).default(1), unitPrice });
const ChangedItem = z.object({ itemId: z.string(), quantity: z.int().nonnegative().max(quantityMax), unitPrice });

const unknownItem = { UnknownItem: { status: 404 } };

export const cartRoutes = [
  route("GET /carts/:customer", Cart.contents, {
    key: (r) => r.params.customer,
    reply: { body: CartBody, from: ({ customer, lines }) => ({ customerId: customer, items: lines.map(item) }) },
  }),
  route("DELETE /carts/:customer", Cart.clear, { key: (r) => r.params.customer, reply: { status: 202 } }),
  route("GET /carts/:customer/items", Cart.contents, {
    key: (r) => r.params.customer,
    reply: { body: z.array(Item), from: ({ lines }) => lines.map(item) },
  }),
  route("POST /carts/:customer/items", Basket.add, {
    body: NewItem,
    input: (r) => ({ customer: r.params.customer, itemId: r.body.itemId, quantity: r.body.quantity }),
    reply: { status: 201, body: Item, from: item },
    rejects: unknownItem,
  }),
  route("PATCH /carts/:customer/items", Basket.change, {
    body: ChangedItem,
    input: (r) => ({ customer: r.params.customer, itemId: r.body.itemId, quantity: r.body.quantity }),
    reply: { status: 202 },
    rejects: unknownItem,
  }),
  route("DELETE /carts/:customer/items/:item", Cart.remove, {
    key: (r) => r.params.customer,
    input: (r) => ({ itemId: r.params.item }),
    reply: { status: 202 },
  }),
  // A GET that changes things: that is how existing clients ask for it. It may be repeated.
  route("GET /carts/:customer/merge", Basket.merge, {
    query: z.object({ sessionId: z.string() }),
    input: (r) => ({ session: r.query.sessionId, customer: r.params.customer }),
    reply: { status: 202 },
  }),
];
