import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, subscription } from "@atoll/core";
import * as z from "zod";
import { given } from "./index.ts";

const Stock = contract("stock", {
  version: 1,
  key: z.string(),
  commands: { sell: { in: z.object({ orderId: z.string(), qty: z.int().positive().default(1) }) }, count: {} },
});
const Order = contract("order", {
  version: 1,
  key: z.string(),
  commands: { confirm: {} },
  topics: { confirmed: z.object({ orderId: z.string(), skus: z.array(z.string()) }) },
});
const sell = subscription("sell-confirmed", Order.confirmed, (m, tell) =>
  m.skus.map((sku) => tell(Stock, sku).sell({ orderId: m.orderId })),
);
const message = { orderId: "o1", skus: ["tea", "cup"] };

const failing = (act: () => void, what: RegExp): void =>
  assert.throws(act, (error) => error instanceof assert.AssertionError && what.test(error.message));

test("given: what a subscription tells is compared in order, with inputs as their receiver takes them", () => {
  given(sell)
    .when(message)
    .tells((tell) => [tell(Stock, "tea").sell({ orderId: "o1", qty: 1 }), tell(Stock, "cup").sell({ orderId: "o1" })]);
  given(sell).when({ orderId: "o1", skus: [] }).tellsNothing();
  failing(
    () =>
      given(sell)
        .when(message)
        .tells((tell) => [tell(Stock, "cup").sell({ orderId: "o1" }), tell(Stock, "tea").sell({ orderId: "o1" })]),
    /subscription "sell-confirmed": it tells something else than expected\n {2}at \/0\/command: expected "stock\/cup.sell", was "stock\/tea.sell"/,
  );
  failing(
    () =>
      given(sell)
        .when(message)
        .tells((tell) => tell(Stock, "tea").sell({ orderId: "o1" })),
    /at \/1: expected nothing/,
  );
  failing(() => given(sell).when(message).tellsNothing(), /told {6}\[\{"command":"stock\/tea.sell"/);
});

test("given: a subscription that is not pure, tells and does not return, or tells what its receiver refuses, fails", () => {
  let n = 0;
  const impure = subscription("impure", Order.confirmed, (_, tell) => tell(Stock, `sku-${(n += 1)}`).count());
  failing(() => given(impure).when(message).tellsNothing(), /it is not pure/);
  const lost = subscription("lost", Order.confirmed, (_, tell) => void tell(Stock, "tea").count());
  failing(() => given(lost).when(message).tellsNothing(), /react told stock\.count and did not return it/);
  const refused = subscription("refused", Order.confirmed, (m, tell) => tell(Stock, "tea").sell({ orderId: m.orderId, qty: 0 }));
  failing(() => given(refused).when(message).tellsNothing(), /stock\/tea\.sell would refuse its input/);
  assert.throws(() => given(sell).when({ orderId: "o1" } as never), /INVALID|orderId|skus/);
});
