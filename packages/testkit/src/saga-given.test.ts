// given / when / then for sagas: what a sentence says, and what it says when it is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { given } from "@atoll/testkit";
import { Trip, trip } from "../test/trip.ts";

const input = { seat: "12a", room: "7" };
const dear = { ...input, cents: 5_000 };
/** Begun anew each time: a sentence goes on in the turn in which it began. */
const booked = () => given(trip, "t1").when(input).step("seat").replies({ row: 12 });

test("given saga: its steps come to what is told, those without a reply to nothing, and its reply is compared", () =>
  booked().replies({ row: 12 }));

test("given saga: any step can be rejected; what was done before is undone in reverse, and nothing else", async () => {
  await given(trip).when(input).step("seat").rejects("Full", { left: 0 }).rejects("Full", { left: 0 });
  await booked().step("pay").rejects("Declined", { why: "poor" }).undoes("room", "seat").rejects("NoMoney", { cents: 100 });
});

test("given saga: a step whose outcome stays unknown is undone with the others, and the saga fails", () =>
  booked()
    .step("room")
    .fails()
    .undoes("room", "seat")
    .fails(/step "room" was given up, its outcome unknown/));

test("given saga: an undo that fails is owed an apology", () =>
  booked().step("pay").fails().undo("room").fails().undoes("pay", "seat").owes("room").fails());

test("given saga: signals come when it waits, and without one its time passes", async () => {
  const waiting = given(trip).when(dear).step("seat").replies({ row: 3 });
  await waiting.signal(Trip.approve, { by: "anna" }).replies({ row: 3, approvedBy: "anna" });
  await waiting.signal(Trip.cancel, { by: "ben" }).undoes("room", "seat").rejects("Cancelled", { by: "ben" });
  await waiting.replies({ row: 3 });
});

test("given saga: what is not as told says what differs and everything that was asked", async () => {
  const wrong: readonly (readonly [sentence: () => Promise<void>, message: RegExp])[] = [
    [
      () => booked().replies({ row: 13 }),
      /saga trip "t1": the reply is another than expected\n {2}at \/row: expected 13, was 12\n.*asked\n {2}seat\/1: seat\/12a\.take \{"trip":"t1"\}/s,
    ],
    [() => booked().rejects("Full", { left: 0 }), /it was to be rejected with Full \{"left":0\}, and it replied \{"row":12\}/],
    [
      () => booked().step("pay").rejects("Declined", { why: "" }).rejects("NoMoney", { cents: 100 }),
      /nothing was to be undone, and room\/1, seat\/1 was/,
    ],
    [
      () => booked().step("pay").fails().undoes("seat", "room", "pay").fails(),
      /seat\/1, room\/1, pay\/1 was to be undone, and pay\/1, room\/1, seat\/1 was/,
    ],
    [
      () => booked().step("pay").fails().undo("seat").fails().undoes("pay", "room").fails(),
      /an apology was to be owed for nothing, and is for seat\/1/,
    ],
    [() => booked().step("hotel").replies().replies({ row: 12 }), /"hotel\/1" was told of, and nothing asked for it/],
    [() => booked().signal(Trip.approve, { by: "x" }).replies({ row: 12 }), /"signal approve" was told of/],
    [() => given(trip).when(input).replies({ row: 1 }), /step "seat\/1" needs a reply: tell it with \.step\("seat\/1"\)\.replies/],
    [() => booked().step("seat").replies({ row: "x" }).replies({ row: 1 }), /seat\.take reply.*\/row/s],
    [() => booked().fails(), /it was to fail with .*, and it replied/],
    [() => booked().parks(), /it was to be parked with .*, and it replied/],
  ];
  for (const [sentence, message] of wrong)
    await assert.rejects(sentence, (error) => error instanceof assert.AssertionError && message.test(error.message), String(message));
});
