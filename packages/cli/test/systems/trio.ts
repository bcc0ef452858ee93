// Three services that need each other: a shop whose handlers ask the stock, the stock, and a ledger that follows the stock's topic. While
// the file named by ATOLL_TEST_CRASH is there, the process in which the ledger starts ends.
import { contract, entity, handlers, service, subscription, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import { existsSync } from "node:fs";
import * as z from "zod";

const Count = z.object({ count: z.int() });
const events = { Added: z.object({}) };
const initial = { count: 0 };

const Item = contract("item", {
  version: 1,
  key: z.string(),
  commands: { take: { out: Count } },
  queries: { taken: { out: Count } },
  topics: { left: z.object({ item: z.string() }) },
  access: { take: ["gateway", "shop"], taken: ["gateway"], left: ["ledger"] },
});
const item = entity(Item, {
  state: Count,
  initial,
  events,
  decide: { take: (_, __, turn) => turn.emit("Added", {}).reply((after) => after) },
  evolve: { Added: ({ count }) => ({ count: count + 1 }) },
  queries: { taken: (state) => state },
  publish: { left: { Added: (_, __, at) => ({ item: at.key }) } },
});

const Shop = contract("shop", {
  version: 1,
  commands: { buy: { in: z.object({ item: z.string() }), out: Count } },
  queries: { pid: { out: z.object({ pid: z.int() }) } },
  access: { buy: ["gateway"], pid: ["gateway"] },
});
const shop = handlers(Shop, {
  handle: {
    buy: ({ item: key }, cx) => cx.at(Item, key).take(),
    pid: () => ({ pid: process.pid }),
  },
});

const Line = contract("line", {
  version: 1,
  key: z.string(),
  commands: { note: {} },
  queries: { noted: { out: Count } },
  access: { noted: ["gateway"] },
});
const line = entity(Line, {
  state: Count,
  initial,
  events,
  decide: { note: (_, __, turn) => turn.emit("Added", {}) },
  evolve: { Added: ({ count }) => ({ count: count + 1 }) },
  queries: { noted: (state) => state },
});
const keepLedger = subscription("keep-ledger", Item.left, ({ item: key }, tell) => tell(Line, key).note());

const byId = { key: (r: { readonly params: { readonly id: string } }) => r.params.id };

export const trio = system("trio", {
  services: [
    service("stock", [item]),
    service("shop", [shop]),
    service("ledger", [line, keepLedger], {
      seed: () => {
        if (existsSync(process.env["ATOLL_TEST_CRASH"] ?? "")) process.exit(7);
        return Promise.resolve();
      },
    }),
  ],
  gateway: gateway([
    route("POST /purchases", Shop.buy),
    route("GET /pid", Shop.pid),
    route("POST /items/:id", Item.take, byId),
    route("GET /items/:id", Item.taken, byId),
    route("GET /ledger/:id", Line.noted, byId),
  ]),
});
