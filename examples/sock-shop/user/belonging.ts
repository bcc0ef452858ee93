// Whose an address or a card is. It never changes and is never taken back: what is gone from the customer is gone.
import { entity } from "@atoll/core";
import * as z from "zod";
import { Belonging } from "./contract.ts";

export const belonging = entity(Belonging, {
  state: z.object({ customer: z.string().nullable() }),
  initial: { customer: null },
  events: { Assigned: z.object({ customer: z.string() }) },
  decide: { assign: (s, c, turn) => (s.customer === null ? turn.emit("Assigned", c) : turn.reply()) },
  evolve: { Assigned: (_, { customer }) => ({ customer }) },
  queries: { owner: (s) => s },
});
