import assert from "node:assert/strict";
import { test } from "node:test";
import { handlers } from "@atoll/core";
import { given, simulate } from "@atoll/testkit";
import { Bank, Places, travel, Trip, trip } from "./trip.ts";

// #region given
const order = { flight: "AT1", hotel: "ritz", cents: 900_00 };

test("trip: when the hotel is full, the seat is free again", () =>
  given(trip, "t1").when(order).step("room").rejects("Full", {}).undoes("seat").rejects("Full", {}));

test("trip: one that nobody confirms is undone after a day, newest step first", () =>
  given(trip, "t1").when(order).undoes("room", "seat").rejects("NotConfirmed", {}));

test("trip: a payment whose outcome stays unknown is refunded, and everything before it undone", () =>
  given(trip, "t1").when(order).signal(Trip.confirm).step("charge").fails().undoes("charge", "room", "seat").fails());
// #endregion

test("trip: a confirmed one is booked", () => given(trip, "t1").when(order).signal(Trip.confirm).replies({ booked: true }));

test("trip: a declined one is undone", () =>
  given(trip, "t1")
    .when(order)
    .signal(Trip.confirm)
    .step("charge")
    .rejects("Declined", { reason: "poor" })
    .undoes("room", "seat")
    .rejects("NotPaid", { reason: "poor" }));

// #region simulate
const calmBank = handlers(Bank, {
  handle: {
    charge: ({ cents }, cx) => (cents > 1_000_00 ? cx.reject("Declined", { reason: "too dear" }) : undefined),
    refund: () => undefined,
  },
});

test("trips: whatever crashes, who has no trip keeps no seat and no room", async () => {
  const how = { seeds: 30, faults: ["crash", "duplicate", "failing-disk"], replace: [calmBank] } as const;
  await simulate(travel, how, async ({ at, settle }) => {
    const book = async (key: string, cents: number): Promise<readonly string[]> => {
      const answer = at(Trip, key).book({ ...order, cents }, { within: "2d" });
      await at(Trip, key)
        .confirm({ within: "1m" })
        .catch(() => undefined); // too early, or too late: it is not confirmed
      return (await answer).rejected ? [] : [key];
    };
    const booked = (await Promise.all([book("a", 100), book("b", 2_000_00), book("c", 100)])).flat();
    await settle();
    for (const place of [order.flight, order.hotel]) assert.deepEqual((await at(Places, place).taken()).toSorted(), booked);
  });
});
// #endregion
