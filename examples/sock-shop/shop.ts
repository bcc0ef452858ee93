// The Sock Shop: three services behind one gateway. `npm start` runs it; README.md shows it with curl.
import { service, system } from "@atoll/core";
import { gateway } from "@atoll/gateway";
import { basket } from "./carts/basket.ts";
import { cart } from "./carts/cart.ts";
import { catalogue } from "./catalogue/catalogue.ts";
import { cartRoutes } from "./gateway/cart-routes.ts";
import { catalogueRoutes } from "./gateway/catalogue-routes.ts";
import { plainPages } from "./gateway/plain-pages.ts";
import { stockRoutes } from "./gateway/stock-routes.ts";
import { openStock } from "./stock/opening.ts";
import { stock } from "./stock/stock.ts";

export const sockShop = system("sock-shop", {
  services: [service("catalogue", [catalogue]), service("carts", [cart, basket]), service("stock", [stock], { seed: openStock })],
  gateway: gateway([...catalogueRoutes, ...cartRoutes, ...stockRoutes], { http: plainPages }),
});
