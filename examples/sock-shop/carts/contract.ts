// What the carts service promises: `cart`, the durable state of one customer's cart, and `basket`, the stateless part
// that has to ask others first (what does it cost? whose cart is merged into whose?).
import { contract } from "@atoll/core";
import * as z from "zod";

/** Lines of one cart, and units of one line. */
export const linesMax = 100;
export const quantityMax = 1_000_000;

const Customer = z.string().min(1).max(128);
const ItemId = z.string().min(1).max(64);
const Quantity = z.int().positive().max(quantityMax);

export const Line = z.object({
  /** Stays the same while the item is in the cart. */
  id: z.string(),
  itemId: ItemId,
  quantity: Quantity,
  /** Of one unit, as the catalogue said when it was last put in. */
  cents: z.int().nonnegative(),
});
export type Line = Readonly<z.infer<typeof Line>>;
export const Lines = z.array(Line).readonly();

/** What one cart has handed over for another, until it is known to have arrived. `id` is that of the command that delivers it. */
export const Parcel = z.object({ id: z.string(), to: Customer, lines: Lines });

const CartFull = z.object({ linesMax: z.int(), quantityMax: z.int() });
const UnknownItem = z.object({ itemId: z.string() });

export const Cart = contract("cart", {
  version: 1,
  /** The customer, or the session of somebody who has not signed in. Every cart exists; an unknown one is empty. */
  key: Customer,
  commands: {
    /** Adds to the line of the same item, which keeps its id; else it becomes a line. */
    put: { in: Line, out: Line, rejects: { CartFull } },
    /** Sets quantity and price of the item's line; the item becomes a line if it has none. */
    set: { in: Line, rejects: { CartFull } },
    remove: { in: z.object({ itemId: z.string() }) },
    clear: {},
    /** Takes all lines out for another cart. While a parcel is on its way the answer is that one, whoever it is for. */
    pack: { in: z.object({ to: Customer }), out: z.object({ parcel: Parcel.nullable() }) },
    /** Puts the lines of a parcel in, all of them or none. */
    unpack: { in: z.object({ lines: Lines }), rejects: { CartFull } },
    /** Ends the journey of a parcel; one that was not taken is put back. `left`: lines that are in the cart then. */
    settle: { in: z.object({ parcel: z.string(), taken: z.boolean() }), out: z.object({ left: z.int() }) },
  },
  queries: { contents: { out: z.object({ customer: z.string(), lines: Lines }) } },
  access: { remove: ["gateway"], clear: ["gateway"], contents: ["gateway", "orders"] },
});

export const Basket = contract("basket", {
  version: 1,
  commands: {
    add: {
      in: z.object({ customer: Customer, itemId: ItemId, quantity: Quantity.default(1) }),
      out: Line,
      rejects: { UnknownItem, CartFull },
    },
    /** 0 takes the item out. An item that is not in the cart is put in. */
    change: {
      in: z.object({ customer: Customer, itemId: ItemId, quantity: z.int().nonnegative().max(quantityMax) }),
      rejects: { UnknownItem, CartFull },
    },
    /** Moves everything in the session's cart into the customer's. Repeated after any failure it completes what was begun. */
    merge: { in: z.object({ session: Customer, customer: Customer }), rejects: { CartFull } },
  },
  access: { add: ["gateway"], change: ["gateway"], merge: ["gateway"] },
});
