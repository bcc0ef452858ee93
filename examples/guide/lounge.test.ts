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

test("lounge: over HTTP, too", async () => {
  const coming = () => given(airport).when("POST /lounges/east/guests", { body: { guest: "dan" } });
  await coming()
    .calls(Lounge.enter, "east", { guest: "dan" })
    .replies({ free: 0 })
    .responds(200, { body: { free: 0 } });
  await coming()
    .calls(Lounge.enter, "east", { guest: "dan" })
    .rejects("Full", { seats: 3 })
    .responds(409, { body: { rejection: "Full" } });
});

test("lounge: never more guests than seats, whatever crashes", async () => {
  await simulate(airport, { seeds: 50, faults: ["crash", "duplicate", "failing-disk"] }, async ({ at, settle }) => {
    await Promise.all(["ann", "ben", "cem", "dan", "eve"].map((guest) => at(Lounge, "east").enter({ guest }, { within: "1m" })));
    await settle();
    assert.equal((await at(Lounge, "east").guests()).length, 3);
  });
});
// #endregion
