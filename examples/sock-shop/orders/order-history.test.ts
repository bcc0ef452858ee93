import { test } from "node:test";
import { given } from "@atoll/testkit";
import type { OrderDetails, OrderRecord } from "./contract.ts";
import { orderHistory } from "./order-history.ts";
import { nothingOrdered, order } from "./order.ts";

const details: OrderDetails = { ...nothingOrdered, customerId: "c1", totalCents: 1_000 };
const placed: OrderRecord = { id: "o1", ...details, status: "placed", reason: null, at: 1 };
const one = given(orderHistory).had(order, "o1", "Placed", { ...details, at: 1 });

test("order history: an order is listed as it was placed, and then as it ended", async () => {
  await one.asked("all", {}).replies({ entries: [placed], total: 1 });
  await one
    .had(order, "o1", "Confirmed", {})
    .asked("all", {})
    .replies({ entries: [{ ...placed, status: "confirmed" }], total: 1 });
  await one
    .had(order, "o1", "Refused", { reason: "why", at: 2 })
    .asked("all", {})
    .replies({ entries: [{ ...placed, status: "rejected", reason: "why" }], total: 1 });
});

test("order history: an order that was refused before it came is nobody's, and has nothing but the refusal", async () => {
  const refused = given(orderHistory).had(order, "o2", "Refused", { reason: "why", at: 2 });
  const entry: OrderRecord = { id: "o2", ...nothingOrdered, status: "rejected", reason: "why", at: 2 };
  await refused.asked("all", {}).replies({ entries: [entry], total: 1 });
  await refused.asked("of", { customer: "c1" }).replies({ entries: [], total: 0 });
});

test("order history: the orders of one customer come in pages, oldest first, whatever came in between", async () => {
  const three = one
    .had(order, "o3", "Placed", { ...details, at: 3 })
    .had(order, "o4", "Placed", { ...details, customerId: "c2", at: 2 })
    .had(order, "o2", "Placed", { ...details, at: 2 });
  const page = (number: number) => three.asked("of", { customer: "c1", page: number, size: 2 });
  await page(1).replies({ entries: [placed, { ...placed, id: "o2", at: 2 }], total: 3 });
  await page(2).replies({ entries: [{ ...placed, id: "o3", at: 3 }], total: 3 });
  await page(3).replies({ entries: [], total: 3 });
});
