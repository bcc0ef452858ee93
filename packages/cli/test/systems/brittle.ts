// A shop whose bank does not answer while ATOLL_TEST_BANK is "down"; the shop's breaker opens with the second failure.
import { contract, handlers, service, system, unavailable } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";

const Bank = contract("bank", { version: 1, access: { charge: ["shop"] }, commands: { charge: {} } });
const Shop = contract("shop", { version: 1, access: { buy: ["gateway"] }, commands: { buy: {} } });

const bank = handlers(Bank, {
  handle: {
    charge: () => {
      if (process.env["ATOLL_TEST_BANK"] === "down") throw unavailable("the bank is down");
    },
  },
});
const shop = handlers(Shop, { handle: { buy: (_, cx) => cx.at(Bank).charge() } });

export const brittle = system("brittle", {
  services: [
    service("bank", [bank]),
    service("shop", [shop], { calls: [[Bank, { breaker: { failures: 2, halfOpenAfter: "1h" }, retry: { pause: "1ms" } }]] }),
  ],
  gateway: gateway([route("POST /purchases", Shop.buy)]),
});
