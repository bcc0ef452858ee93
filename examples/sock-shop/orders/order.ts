// One order: placed, then confirmed or rejected, once and for ever. Whoever places, confirms and refuses may repeat it, and may
// be overtaken: a refusal that comes before its order rejects what is not there yet, so that a late placing cannot leave an
// order behind that nobody ends.
import { entity } from "@atoll/core";
import * as z from "zod";
import { Order, OrderDetails } from "./contract.ts";

const Placed = OrderDetails.extend({ at: z.int() });
const Refused = z.object({ reason: z.string(), at: z.int() });

/** Of an order that was refused before it came. */
export const nothingOrdered: OrderDetails = { customerId: null, customer: null, address: null, card: null, lines: [], totalCents: 0 };

export const order = entity(Order, {
  state: z.object({
    status: z.enum(["none", "placed", "confirmed", "rejected"]),
    details: OrderDetails,
    reason: z.string().nullable(),
    at: z.int(),
  }),
  initial: { status: "none", details: nothingOrdered, reason: null, at: 0 },
  events: { Placed, Confirmed: z.object({}), Refused },
  decide: {
    place: (s, details, turn) => (s.status === "none" ? turn.emit("Placed", { ...details, at: turn.now }) : turn.reply()),
    confirm: (s, _, turn) => (s.status === "placed" ? turn.emit("Confirmed", {}) : turn.reply()),
    refuse: (s, { reason }, turn) =>
      s.status === "none" || s.status === "placed" ? turn.emit("Refused", { reason, at: turn.now }) : turn.reply(),
  },
  evolve: {
    Placed: (_, { at, ...details }) => ({ status: "placed", details, reason: null, at }),
    Confirmed: (s) => ({ ...s, status: "confirmed" }),
    Refused: (s, { reason, at }) => ({ ...s, status: "rejected", reason, at: s.status === "none" ? at : s.at }),
  },
  publish: {
    confirmed: {
      Confirmed: (_, { details }, { key }) => ({
        orderId: key,
        customer: details.customerId ?? "",
        totalCents: details.totalCents,
        lines: details.lines.map(({ itemId, quantity, cents }) => ({ sku: itemId, quantity, cents })),
      }),
    },
    progress: {
      Placed: () => ({ status: "placed", reason: null }),
      Confirmed: () => ({ status: "confirmed", reason: null }),
      Refused: (_, { reason }) => ({ status: "rejected", reason }),
    },
  },
  queries: {
    order: ({ status, details, reason, at }, _, q) =>
      status === "none" ? q.reject("UnknownOrder", { id: q.key }) : { id: q.key, ...details, status, reason, at },
  },
});
