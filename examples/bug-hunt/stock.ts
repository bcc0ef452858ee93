// What is on the shelf, one entity per SKU: units are free, or held for an order.
import { contract, entity } from "@atoll/core";
import * as z from "zod";

const Hold = z.object({ orderId: z.string() });

export const Stock = contract("stock", {
  version: 1,
  key: z.string(),
  access: { deliver: "any", reserve: ["shop"], release: ["shop"], holds: "any" },
  commands: {
    deliver: { in: z.object({ units: z.int().positive() }) },
    reserve: { in: Hold, rejects: { SoldOut: z.object({}) } },
    release: { in: Hold },
  },
  queries: { holds: { out: z.object({ free: z.int(), heldFor: z.array(z.string()) }) } },
});

export const stock = entity(Stock, {
  state: z.object({ free: z.int(), heldFor: z.array(z.string()) }),
  initial: { free: 0, heldFor: [] },
  events: { Delivered: z.object({ units: z.int() }), Reserved: Hold, Released: Hold },
  decide: {
    deliver: (_, { units }, turn) => turn.emit("Delivered", { units }),
    reserve: (s, hold, turn) =>
      s.heldFor.includes(hold.orderId) ? turn.reply() : s.free === 0 ? turn.reject("SoldOut", {}) : turn.emit("Reserved", hold),
    release: (s, hold, turn) => (s.heldFor.includes(hold.orderId) ? turn.emit("Released", hold) : turn.reply()),
  },
  evolve: {
    Delivered: (s, { units }) => ({ ...s, free: s.free + units }),
    Reserved: (s, { orderId }) => ({ free: s.free - 1, heldFor: [...s.heldFor, orderId] }),
    Released: (s, { orderId }) => ({ free: s.free + 1, heldFor: s.heldFor.filter((held) => held !== orderId) }),
  },
  queries: { holds: (s) => s },
});
