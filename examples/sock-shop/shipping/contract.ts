// What the shipping service promises: one shipment per confirmed order, and its id is the order's, so that there cannot be two.
import { contract } from "@atoll/core";
import * as z from "zod";

/** Of an order: as many as a cart may hold. */
const linesMax = 100;

export const Parcel = z.object({
  customer: z.string(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })).max(linesMax),
});

export const Shipment = contract("shipment", {
  version: 1,
  /** The order's id. */
  key: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  /** Once, however often it is told. A subscription of this service to the confirmed orders is who tells. */
  commands: { ship: { in: Parcel } },
  /** The shipments of the order: none, or one. `at`: wall clock (ms) of when it was sent on its way. */
  queries: { ofOrder: { out: z.array(Parcel.extend({ id: z.string(), at: z.int() })) } },
  access: { ofOrder: ["gateway"] },
});
