// The shop, but for what differs between a server and a simulation: how passwords are derived, and who speaks to the bank.
import { service, system, type Implementation, type System } from "@atoll/core";
import { gateway } from "@atoll/gateway";
import { bank } from "./bank/bank.ts";
import { Bank } from "./bank/contract.ts";
import { basket } from "./carts/basket.ts";
import { cart } from "./carts/cart.ts";
import { catalogue } from "./catalogue/catalogue.ts";
import { cartRoutes } from "./gateway/cart-routes.ts";
import { catalogueRoutes } from "./gateway/catalogue-routes.ts";
import { directoryRoutes } from "./gateway/directory-routes.ts";
import { orderHistoryRoutes } from "./gateway/order-history-routes.ts";
import { orderRoutes } from "./gateway/order-routes.ts";
import { originalHealth } from "./gateway/original-health.ts";
import { paymentRoutes } from "./gateway/payment-routes.ts";
import { plainPages } from "./gateway/plain-pages.ts";
import { shipmentRoutes } from "./gateway/shipment-routes.ts";
import { statusCode } from "./gateway/status-code.ts";
import { stockRoutes } from "./gateway/stock-routes.ts";
import { userRoutes } from "./gateway/user-routes.ts";
import { checkout } from "./orders/checkout.ts";
import { desk } from "./orders/desk.ts";
import { orderHistory } from "./orders/order-history.ts";
import { order } from "./orders/order.ts";
import { payment } from "./payment/payment.ts";
import { shipConfirmed } from "./shipping/dispatch.ts";
import { shipment } from "./shipping/shipment.ts";
import { openStock } from "./stock/opening.ts";
import { sellConfirmed } from "./stock/sales.ts";
import { stock } from "./stock/stock.ts";
import { accountsWith } from "./user/accounts.ts";
import { belonging } from "./user/belonging.ts";
import { belongings } from "./user/belongings.ts";
import { customer } from "./user/customer.ts";
import { directory } from "./user/directory.ts";
import { openCustomers } from "./user/opening.ts";
import type { Scrypt } from "./user/passwords.ts";
import { username } from "./user/username.ts";

/** Passwords are derived a few at a time, because that is work for the whole machine; who waits too long is told to come again. */
const derivations = { concurrency: 32, mailboxCapacity: 1_024 };

/**
 * A bank that hangs is given up on in time for another attempt within a client's patience. The checkout asks again by itself, so
 * there are no retries here; what finds the breaker open waits in its saga, and costs the bank nothing.
 */
const bankCalls = {
  within: "2s",
  concurrency: 32,
  waiting: 1_024,
  breaker: { failures: 5, within: "10s", halfOpenAfter: "1s" },
} as const;

export const sockShopWith = (scrypt: Scrypt, outside: Implementation = bank): System =>
  system("sock-shop", {
    services: [
      service("catalogue", [catalogue]),
      service("carts", [cart, basket]),
      service("stock", [stock, sellConfirmed], { seed: openStock }),
      service("user", [customer, username, belonging, accountsWith(scrypt), belongings, directory], {
        seed: openCustomers,
        limits: { handlers: derivations },
      }),
      service("bank", [outside]),
      service("payment", [payment]),
      service("orders", [order, desk, checkout, orderHistory], { calls: [[Bank, bankCalls]] }),
      service("shipping", [shipment, shipConfirmed]),
    ],
    gateway: gateway(
      [
        ...catalogueRoutes,
        ...cartRoutes,
        ...stockRoutes,
        ...userRoutes,
        ...directoryRoutes,
        ...orderRoutes,
        ...orderHistoryRoutes,
        ...paymentRoutes,
        ...shipmentRoutes,
      ],
      {
        http: (app, at) => {
          originalHealth(app, at);
          statusCode(app, at);
          plainPages(app, at);
        },
      },
    ),
  });
