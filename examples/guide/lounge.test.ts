// #region tests
import assert from "node:assert/strict";
import { test } from "node:test";
import { given, simulate } from "@atoll/testkit";
import { airport, Lounge, lounge } from "./lounge.ts";

test("lounge: who comes to a full one is told so", () => {
  const full = given(lounge).had("Entered", { guest: "ann" }).had("Entered", { guest: "ben" }).had("Entered", { guest: "cem" });
  full.when("enter", { guest: "dan" }).rejects("Full", { seats: 3 });
  full.had("Left", { guest: "ben" }).when("enter", { guest: "dan" }).emits("Entered", { guest: "dan" }).replies({ free: 0 });
});

test("lounge: never more guests than seats, whatever crashes", async () => {
  await simulate(airport, { seeds: 50, faults: ["crash", "duplicate", "failing-disk"] }, async ({ at, settle }) => {
    await Promise.all(["ann", "ben", "cem", "dan", "eve"].map((guest) => at(Lounge, "east").enter({ guest }, { within: "1m" })));
    await settle();
    assert.equal((await at(Lounge, "east").guests()).length, 3);
  });
});
// #endregion
