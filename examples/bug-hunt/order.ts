// An order: placed, or not there.
import { contract, entity } from "@atoll/core";
import * as z from "zod";

const Item = z.object({ sku: z.string() });

export const Order = contract("order", {
  version: 1,
  key: z.string(),
  access: { place: ["shop"], placed: "any" },
  commands: { place: { in: Item } },
  queries: { placed: { out: z.object({ placed: z.boolean() }) } },
});

export const order = entity(Order, {
  state: z.object({ placed: z.boolean() }),
  initial: { placed: false },
  events: { Placed: Item },
  decide: { place: (s, item, turn) => (s.placed ? turn.reply() : turn.emit("Placed", item)) },
  evolve: { Placed: () => ({ placed: true }) },
  queries: { placed: (s) => s },
});
