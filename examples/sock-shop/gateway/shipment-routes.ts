// HTTP of shipments. Not part of the original demo.
import { route } from "@atoll/gateway";
import * as z from "zod";
import { Shipment } from "../shipping/contract.ts";

const ShipmentBody = z.object({
  id: z.string(),
  order: z.string(),
  /** The customer's id, as in the original. */
  name: z.string(),
  items: z.array(z.object({ itemId: z.string(), quantity: z.int() })),
  /** ISO 8601. */
  date: z.string(),
});

export const shipmentRoutes = [
  route("GET /shipments", Shipment.ofOrder, {
    query: z.object({ order: z.string() }),
    key: (r) => r.query.order,
    reply: {
      body: z.array(ShipmentBody),
      from: (shipments) =>
        shipments.map(({ id, customer, lines, at }) => ({
          id,
          order: id,
          name: customer,
          items: lines.map(({ sku, quantity }) => ({ itemId: sku, quantity })),
          date: new Date(at).toISOString(),
        })),
    },
  }),
];
