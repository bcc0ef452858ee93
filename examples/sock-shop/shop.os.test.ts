// The same behaviours over a real socket and a real disk. SHOP_URL names a shop that is running already, or a proxy that
// checks what passes against the OpenAPI document: SHOP_URL=http://127.0.0.1:4010 node --test examples/sock-shop/shop.os.test.ts
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start, type Running } from "@atoll/core";
import { Books } from "./bank/books.ts";
import { calm } from "./bank/faults.ts";
import { BankServer } from "./bank/server.ts";
import { sockShop } from "./shop.ts";
import { cartBehaviours } from "./test/cart-behaviour.ts";
import { catalogueBehaviours } from "./test/catalogue-behaviour.ts";
import { mergeBehaviours } from "./test/merge-behaviour.ts";
import { ShopClient } from "./test/shop-client.ts";
import { gatewayBehaviours, stockBehaviours } from "./test/stock-behaviour.ts";
import { listBehaviours } from "./test/list-behaviour.ts";
import { orderBehaviours } from "./test/order-behaviour.ts";
import { userBehaviours } from "./test/user-behaviour.ts";

const given = process.env["SHOP_URL"];
let data = "";
let bank: BankServer | undefined;
let running: Running | undefined;
let url = given ?? "";
let shop: ShopClient;

before(async () => {
  if (given === undefined) {
    data = await mkdtemp(join(tmpdir(), "sock-shop-"));
    bank = await BankServer.open({ books: Books.open(":memory:"), faults: calm, random: Math.random, port: 0 });
    running = await start(sockShop, {
      config: { ...process.env, BANK_URL: bank.url },
      port: 0,
      data,
      logger: { log: (level, event, fields) => level === "error" && console.error(event, fields) },
    });
    url = running.url;
  }
  shop = new ShopClient(url, randomBytes(4).toString("hex"), (sent) => fetch(sent));
});

after(async () => {
  await running?.stop();
  await bank?.[Symbol.asyncDispose]();
  if (data !== "") await rm(data, { recursive: true });
});

for (const { name, hostile = false, run } of [
  ...catalogueBehaviours,
  ...cartBehaviours,
  ...mergeBehaviours,
  ...stockBehaviours,
  ...userBehaviours,
  ...orderBehaviours,
  ...listBehaviours,
  ...gatewayBehaviours,
]) {
  test(`over a socket: ${name}`, { skip: hostile && given !== undefined }, () => run(shop));
}

test(
  "over a socket: a request in absolute form is answered, so that the shop can be a client's HTTP_PROXY",
  { skip: given !== undefined },
  async () => {
    const { hostname, port } = new URL(url);
    const status = await new Promise((resolve, reject) => {
      request({ hostname, port, path: "http://catalogue/tags", headers: { host: "catalogue" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    assert.equal(status, 200);
  },
);
