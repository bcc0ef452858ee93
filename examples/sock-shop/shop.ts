// The Sock Shop as it is served. `npm start` runs it; README.md shows it with curl.
import { sockShopWith } from "./composition.ts";
import { threadPoolScrypt } from "./user/passwords.ts";

export const sockShop = sockShopWith(threadPoolScrypt);
