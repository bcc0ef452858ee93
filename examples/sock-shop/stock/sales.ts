// What is confirmed leaves the house: the units that an order had reserved are sold, line by line.
import { subscription } from "@atoll/core";
import { Order } from "../orders/contract.ts";
import { Stock } from "./contract.ts";

export const sellConfirmed = subscription("sell-confirmed", Order.confirmed, ({ orderId, lines }, tell) =>
  lines.map(({ sku }) => tell(Stock, sku).sell({ orderId })),
);
