import assert from "node:assert/strict";
import { test } from "node:test";
import { given } from "@atoll/testkit";
import { socks } from "../catalogue/socks.ts";
import { openingStock } from "./opening.ts";
import { barredMax, holdsMax, notesMax, stock } from "./stock.ts";

const opened = given(stock, "tea").had("Opened", { quantity: 10 });
const level = (available: number, reserved: number, sold: number, received: number) => ({
  sku: "tea",
  available,
  reserved,
  sold,
  received,
});

test("stock: a sku that has received nothing is unknown", () => {
  given(stock, "tea").asked("level").rejects("UnknownSku", {});
});

test("stock: opening counts as received, and what has received anything is not opened again", () => {
  given(stock, "tea").when("open", { quantity: 10 }).emits("Opened", { quantity: 10 }).replies();
  opened.asked("level").replies(level(10, 0, 0, 10));
  opened.when("open", { quantity: 10 }).replies();
  given(stock, "tea").had("Delivered", { id: "d1", quantity: 1 }).when("open", { quantity: 10 }).replies();
});

test("stock: a sold-out sku is not opened again", () => {
  const soldOut = opened.had("Reserved", { orderId: "a", quantity: 10 }).had("Sold", { orderId: "a" });
  soldOut.when("open", { quantity: 10 }).replies();
  soldOut.asked("level").replies(level(0, 0, 10, 10));
});

test("stock: a delivery counts once, however often it is reported", () => {
  opened.when("deliver", { id: "d1", quantity: 5 }).emits("Delivered", { id: "d1", quantity: 5 }).replies();
  const delivered = opened.had("Delivered", { id: "d1", quantity: 5 });
  delivered.when("deliver", { id: "d1", quantity: 5 }).replies();
  delivered.when("deliver", { id: "d2", quantity: 5 }).emits("Delivered", { id: "d2", quantity: 5 }).replies();
  delivered.asked("level").replies(level(15, 0, 0, 15));
});

test("stock: a delivery that is reported with another quantity is rejected, and the first report counts", () => {
  opened
    .had("Delivered", { id: "d1", quantity: 5 })
    .when("deliver", { id: "d1", quantity: 6 })
    .rejects("DeliveryDiffers", { id: "d1", quantity: 5 });
});

test("stock: delivery notes are bounded, the oldest is forgotten first", () => {
  let past = opened;
  for (let i = 0; i <= notesMax; i += 1) past = past.had("Delivered", { id: `d${i}`, quantity: 1 });
  past.when("deliver", { id: "d1", quantity: 1 }).replies();
  past.when("deliver", { id: "d0", quantity: 1 }).emits("Delivered", { id: "d0", quantity: 1 }).replies();
});

test("stock: a reservation moves units from available to reserved", () => {
  opened.when("reserve", { orderId: "a", quantity: 4 }).emits("Reserved", { orderId: "a", quantity: 4 }).replies({ left: 6 });
  opened
    .had("Reserved", { orderId: "a", quantity: 4 })
    .asked("level")
    .replies(level(6, 4, 0, 10));
});

test("stock: an order that asks again keeps its one reservation", () => {
  opened.had("Reserved", { orderId: "a", quantity: 4 }).when("reserve", { orderId: "a", quantity: 4 }).replies({ left: 6 });
});

test("stock: what is not there cannot be reserved, to the last unit", () => {
  opened.when("reserve", { orderId: "a", quantity: 11 }).rejects("SoldOut", { left: 10 });
  opened.when("reserve", { orderId: "a", quantity: 10 }).emits("Reserved", { orderId: "a", quantity: 10 }).replies({ left: 0 });
  given(stock, "tea").when("reserve", { orderId: "a", quantity: 1 }).rejects("SoldOut", { left: 0 });
});

test("stock: open reservations are bounded", () => {
  let past = given(stock, "tea").had("Opened", { quantity: 2 * holdsMax });
  for (let i = 0; i < holdsMax; i += 1) past = past.had("Reserved", { orderId: `o${i}`, quantity: 1 });
  past.when("reserve", { orderId: "one-more", quantity: 1 }).rejects("TooManyHolds", { holdsMax });
  past
    .had("Sold", { orderId: "o0" })
    .when("reserve", { orderId: "one-more", quantity: 1 })
    .emits("Reserved", { orderId: "one-more", quantity: 1 })
    .replies({ left: holdsMax - 1 });
});

test("stock: a release makes the units available again, once", () => {
  const reserved = opened.had("Reserved", { orderId: "a", quantity: 4 });
  reserved.when("release", { orderId: "a" }).emits("Released", { orderId: "a" }).replies();
  const released = reserved.had("Released", { orderId: "a" });
  released.asked("level").replies(level(10, 0, 0, 10));
  released.when("release", { orderId: "a" }).replies();
});

test("stock: a sale takes the reserved units out of the house, once, and cannot be released", () => {
  const reserved = opened.had("Reserved", { orderId: "a", quantity: 4 }).had("Reserved", { orderId: "b", quantity: 1 });
  reserved.when("sell", { orderId: "a" }).emits("Sold", { orderId: "a" }).replies();
  const sold = reserved.had("Sold", { orderId: "a" });
  sold.asked("level").replies(level(5, 1, 4, 10));
  sold.when("sell", { orderId: "a" }).replies();
  sold.when("release", { orderId: "a" }).emits("Barred", { orderId: "a" }).replies();
  sold
    .had("Barred", { orderId: "a" })
    .asked("level")
    .replies(level(5, 1, 4, 10));
});

test("stock: who has reserved nothing can neither release nor sell any units", () => {
  opened.when("release", { orderId: "a" }).emits("Barred", { orderId: "a" }).replies();
  opened
    .had("Barred", { orderId: "a" })
    .asked("level")
    .replies(level(10, 0, 0, 10));
  opened.when("sell", { orderId: "constructor" }).replies();
});

test("stock: a release that overtakes its reservation bars it, and a released order does not reserve again", () => {
  const barred = opened.had("Barred", { orderId: "a" });
  barred.when("release", { orderId: "a" }).replies();
  barred.when("reserve", { orderId: "a", quantity: 1 }).rejects("Barred", {});
  opened
    .had("Reserved", { orderId: "a", quantity: 4 })
    .had("Released", { orderId: "a" })
    .when("reserve", { orderId: "a", quantity: 4 })
    .rejects("Barred", {});
});

test("stock: orders that must not reserve any more are bounded, the oldest is forgotten first", () => {
  let past = opened;
  for (let i = 0; i <= barredMax; i += 1) past = past.had("Barred", { orderId: `o${i}` });
  past.when("reserve", { orderId: "o1", quantity: 1 }).rejects("Barred", {});
  past.when("reserve", { orderId: "o0", quantity: 1 }).emits("Reserved", { orderId: "o0", quantity: 1 }).replies({ left: 9 });
});

test("stock: it opens with exactly the socks of the catalogue", () => {
  assert.deepEqual(Object.keys(openingStock).sort(), socks.map(({ id }) => id).sort());
});
