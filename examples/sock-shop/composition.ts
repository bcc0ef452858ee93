// The shop, but for what differs between a server and a simulation: how passwords are derived.
import { service, system, type System } from "@atoll/core";
import { gateway } from "@atoll/gateway";
import { bank } from "./bank/bank.ts";
import { basket } from "./carts/basket.ts";
import { cart } from "./carts/cart.ts";
import { catalogue } from "./catalogue/catalogue.ts";
import { cartRoutes } from "./gateway/cart-routes.ts";
import { catalogueRoutes } from "./gateway/catalogue-routes.ts";
import { orderRoutes } from "./gateway/order-routes.ts";
import { paymentRoutes } from "./gateway/payment-routes.ts";
import { plainPages } from "./gateway/plain-pages.ts";
import { shipmentRoutes } from "./gateway/shipment-routes.ts";
import { statusCode } from "./gateway/status-code.ts";
import { stockRoutes } from "./gateway/stock-routes.ts";
import { userRoutes } from "./gateway/user-routes.ts";
import { desk } from "./orders/desk.ts";
import { order } from "./orders/order.ts";
import { payment } from "./payment/payment.ts";
import { shipment } from "./shipping/shipment.ts";
import { openStock } from "./stock/opening.ts";
import { stock } from "./stock/stock.ts";
import { accountsWith } from "./user/accounts.ts";
import { belonging } from "./user/belonging.ts";
import { belongings } from "./user/belongings.ts";
import { customer } from "./user/customer.ts";
import { openCustomers } from "./user/opening.ts";
import type { Scrypt } from "./user/passwords.ts";
import { username } from "./user/username.ts";

/** Passwords are derived a few at a time, because that is work for the whole machine; who waits too long is told to come again. */
const derivations = { concurrency: 32, mailboxCapacity: 1_024 };

export const sockShopWith = (scrypt: Scrypt): System =>
  system("sock-shop", {
    services: [
      service("catalogue", [catalogue]),
      service("carts", [cart, basket]),
      service("stock", [stock], { seed: openStock }),
      service("user", [customer, username, belonging, accountsWith(scrypt), belongings], {
        seed: openCustomers,
        limits: { handlers: derivations },
      }),
      service("bank", [bank]),
      service("payment", [payment]),
      service("orders", [order, desk]),
      service("shipping", [shipment]),
    ],
    gateway: gateway(
      [...catalogueRoutes, ...cartRoutes, ...stockRoutes, ...userRoutes, ...orderRoutes, ...paymentRoutes, ...shipmentRoutes],
      {
        http: (app, at) => {
          statusCode(app, at);
          plainPages(app, at);
        },
      },
    ),
  });
