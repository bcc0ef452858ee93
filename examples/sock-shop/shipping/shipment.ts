// The shipment of one order.
import { entity } from "@atoll/core";
import * as z from "zod";
import { Parcel, Shipment } from "./contract.ts";

const Sent = Parcel.extend({ at: z.int() });

export const shipment = entity(Shipment, {
  state: z.object({ sent: Sent.nullable() }),
  initial: { sent: null },
  events: { Sent },
  decide: { ship: (s, parcel, turn) => (s.sent ? turn.reply() : turn.emit("Sent", { ...parcel, at: turn.now })) },
  evolve: { Sent: (_, sent) => ({ sent }) },
  queries: { ofOrder: ({ sent }, _, q) => (sent ? [{ id: q.key, ...sent }] : []) },
});
