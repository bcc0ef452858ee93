// What one customer was charged. charged − refunded is what they paid, to the cent: each order moves the sums at most once in
// either direction, in whatever order its charge and its refund arrive.
import { entity } from "@atoll/core";
import * as z from "zod";
import { chargeCentsMax, Entry, ordersMax, Payment } from "./contract.ts";

type Entry = Readonly<z.infer<typeof Entry>>;

const declined = { reason: `no order above ${(chargeCentsMax / 100).toFixed(2)} is taken` };

const entryOf = (orders: readonly Entry[], orderId: string): Entry | undefined => orders.findLast((entry) => entry.orderId === orderId);
const added = (orders: readonly Entry[], entry: Entry): readonly Entry[] => [...orders, entry].slice(-ordersMax);

export const payment = entity(Payment, {
  state: z.object({
    chargedCents: z.int(),
    refundedCents: z.int(),
    /** Oldest first. */
    orders: z.array(Entry).readonly(),
  }),
  initial: { chargedCents: 0, refundedCents: 0, orders: [] },
  events: {
    Charged: z.object({ orderId: z.string(), cents: z.int() }),
    Refunded: z.object({ orderId: z.string(), cents: z.int() }),
    /** Refunded before it was charged. */
    Voided: z.object({ orderId: z.string() }),
  },
  decide: {
    charge: (s, { orderId, cents }, turn) => {
      const known = entryOf(s.orders, orderId);
      if (known && known.status !== "charged") return turn.reply({ charged: false });
      if (known)
        return known.cents === cents ? turn.reply({ charged: true }) : turn.reject("ChargeDiffers", { orderId, cents: known.cents });
      return cents > chargeCentsMax ? turn.reject("Declined", declined) : turn.emit("Charged", { orderId, cents }).reply({ charged: true });
    },
    refund: (s, { orderId }, turn) => {
      const known = entryOf(s.orders, orderId);
      if (!known) return turn.emit("Voided", { orderId });
      return known.status === "charged" ? turn.emit("Refunded", { orderId, cents: known.cents }) : turn.reply();
    },
  },
  evolve: {
    Charged: (s, { orderId, cents }) => ({
      ...s,
      chargedCents: s.chargedCents + cents,
      orders: added(s.orders, { orderId, cents, status: "charged" }),
    }),
    Refunded: (s, { orderId, cents }) => ({
      ...s,
      refundedCents: s.refundedCents + cents,
      orders: s.orders.map((entry) => (entry.orderId === orderId ? { ...entry, status: "refunded" as const } : entry)),
    }),
    Voided: (s, { orderId }) => ({ ...s, orders: added(s.orders, { orderId, cents: 0, status: "voided" }) }),
  },
  queries: { account: (s) => s },
});
