// What the stock service promises. One entity per sku keeps its units: received = available + reserved + sold, always.
import { contract } from "@atoll/core";
import * as z from "zod";

/** Units of one delivery, and of one reservation. */
const unitsMax = 1_000_000;

const Units = z.int().positive().max(unitsMax);
/** Never "__proto__": order ids are names of members of the state. */
const Hold = z.object({ orderId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) });

export const Stock = contract("stock", {
  version: 1,
  /** The sku: the id that the catalogue gives a sock. */
  key: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  commands: {
    /** The stock that a new shop opens with; nothing if anything was ever received. */
    open: { in: z.object({ quantity: Units }) },
    /** `id` is the delivery note's: one delivery counts once, however often it is reported. */
    deliver: {
      in: z.object({ id: z.string().min(1).max(64), quantity: Units }),
      rejects: { DeliveryDiffers: z.object({ id: z.string(), quantity: z.int() }) },
    },
    /** Puts units aside for an order; once per order, however often it asks. */
    reserve: {
      in: Hold.extend({ quantity: Units }),
      out: z.object({ left: z.int() }),
      rejects: { SoldOut: z.object({ left: z.int() }), TooManyHolds: z.object({ holdsMax: z.int() }), Barred: z.object({}) },
    },
    /** Undoes a reservation. One that is still to come will be barred, so that whoever gave up on it leaves nothing behind. */
    release: { in: Hold },
    /** The reserved units leave the house; nothing if none are reserved. */
    sell: { in: Hold },
  },
  queries: {
    level: {
      out: z.object({ sku: z.string(), available: z.int(), reserved: z.int(), sold: z.int(), received: z.int() }),
      rejects: { UnknownSku: z.object({}) },
    },
  },
  access: { deliver: ["gateway"], reserve: ["orders"], release: ["orders"], level: "any" },
});
