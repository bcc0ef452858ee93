// What is confirmed is sent on its way: one shipment, under the order's own id.
import { subscription } from "@atoll/core";
import { Order } from "../orders/contract.ts";
import { Shipment } from "./contract.ts";

export const shipConfirmed = subscription("ship-confirmed", Order.confirmed, ({ orderId, customer, lines }, tell) =>
  tell(Shipment, orderId).ship({ customer, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })) }),
);
