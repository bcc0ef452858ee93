// HTTP of the stock service. Not part of the original demo: the warehouse's side of the shop.
import { route } from "@atoll/gateway";
import { Stock } from "../stock/contract.ts";

export const stockRoutes = [
  route("GET /stock/:sku", Stock.level, { key: (r) => r.params.sku, rejects: { UnknownSku: { status: 404 } } }),
  route("POST /stock/:sku/deliveries", Stock.deliver, { key: (r) => r.params.sku, reply: { status: 202 } }),
];
