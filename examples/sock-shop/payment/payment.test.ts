import { test } from "node:test";
import { given } from "@atoll/testkit";
import { chargeCentsMax, ordersMax } from "./contract.ts";
import { payment } from "./payment.ts";

const eve = given(payment, "eve");
const charged = eve.had("Charged", { orderId: "a", cents: 2214 });
const declined = { reason: "no order above 105.00 is taken" };

test("payment: whoever has bought nothing was charged nothing", () => {
  eve.asked("account").replies({ chargedCents: 0, refundedCents: 0, orders: [] });
});

test("payment: an order is charged once, however often it is asked", () => {
  eve.when("charge", { orderId: "a", cents: 2214 }).emits("Charged", { orderId: "a", cents: 2214 }).replies({ charged: true });
  charged.when("charge", { orderId: "a", cents: 2214 }).replies({ charged: true });
  charged.asked("account").replies({ chargedCents: 2214, refundedCents: 0, orders: [{ orderId: "a", cents: 2214, status: "charged" }] });
});

test("payment: an order that was charged is not charged another amount", () => {
  charged.when("charge", { orderId: "a", cents: 2215 }).rejects("ChargeDiffers", { orderId: "a", cents: 2214 });
});

test("payment: 105.00 is taken, a cent more is declined, and leaves no trace", () => {
  eve.when("charge", { orderId: "a", cents: chargeCentsMax }).emits("Charged", { orderId: "a", cents: 10_500 }).replies({ charged: true });
  eve.when("charge", { orderId: "a", cents: chargeCentsMax + 1 }).rejects("Declined", declined);
});

test("payment: a refund gives back what was charged, once", () => {
  charged.when("refund", { orderId: "a" }).emits("Refunded", { orderId: "a", cents: 2214 }).replies();
  const refunded = charged.had("Refunded", { orderId: "a", cents: 2214 });
  refunded.when("refund", { orderId: "a" }).replies();
  refunded
    .asked("account")
    .replies({ chargedCents: 2214, refundedCents: 2214, orders: [{ orderId: "a", cents: 2214, status: "refunded" }] });
});

test("payment: an order that was refunded is not charged again", () => {
  charged.had("Refunded", { orderId: "a", cents: 2214 }).when("charge", { orderId: "a", cents: 2214 }).replies({ charged: false });
});

test("payment: a refund that overtakes its charge makes the charge void, also one that would be declined", () => {
  eve.when("refund", { orderId: "a" }).emits("Voided", { orderId: "a" }).replies();
  const voided = eve.had("Voided", { orderId: "a" });
  voided.when("charge", { orderId: "a", cents: 2214 }).replies({ charged: false });
  voided.when("charge", { orderId: "a", cents: chargeCentsMax + 1 }).replies({ charged: false });
  voided.when("refund", { orderId: "a" }).replies();
  voided.asked("account").replies({ chargedCents: 0, refundedCents: 0, orders: [{ orderId: "a", cents: 0, status: "voided" }] });
});

test("payment: orders are remembered one by one up to a bound, the oldest is forgotten first; the sums stay", () => {
  let past = eve;
  for (let i = 0; i <= ordersMax; i += 1) past = past.had("Charged", { orderId: `o${i}`, cents: 1 });
  past.when("charge", { orderId: "o1", cents: 1 }).replies({ charged: true });
  past.when("charge", { orderId: "o0", cents: 1 }).emits("Charged", { orderId: "o0", cents: 1 }).replies({ charged: true });
  past
    .when("refund", { orderId: `o${ordersMax}` })
    .emits("Refunded", { orderId: `o${ordersMax}`, cents: 1 })
    .replies();
});
