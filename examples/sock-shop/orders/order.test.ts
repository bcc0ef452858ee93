import { test } from "node:test";
import { given } from "@atoll/testkit";
import type { OrderDetails } from "./contract.ts";
import { order } from "./order.ts";

const now = 1_767_225_600_000;
const details: OrderDetails = {
  customerId: "eve",
  customer: { username: "eve", firstName: "Eve", lastName: "Berger" },
  address: { number: "246", street: "Whitelees Road", city: "Glasgow", postcode: "G67 3DL", country: "United Kingdom" },
  card: { longNum: "************9678", expires: "08/19" },
  lines: [{ id: "l1", itemId: "socks", quantity: 2, cents: 1715 }],
  totalCents: 3929,
};
const nothing = { customerId: null, customer: null, address: null, card: null, lines: [], totalCents: 0 };

const none = given(order, "o1");
const placed = none.had("Placed", { ...details, at: now });
const confirmed = placed.had("Confirmed", {});
const refused = placed.had("Refused", { reason: "sold out", at: now + 5 });

test("order: what was never placed is unknown", () => {
  none.asked("order").rejects("UnknownOrder", { id: "o1" });
});

test("order: it is placed once, with the time of placing, whatever is placed under its id later", () => {
  none
    .when("place", details)
    .emits("Placed", { ...details, at: now })
    .replies();
  placed.when("place", { ...details, totalCents: 1 }).replies();
  placed.asked("order").replies({ id: "o1", ...details, status: "placed", reason: null, at: now });
});

test("order: a placed one is confirmed once, and stays confirmed", () => {
  placed.when("confirm").emits("Confirmed", {}).replies();
  confirmed.when("confirm").replies();
  confirmed.when("refuse", { reason: "late" }).replies();
  confirmed.asked("order").replies({ id: "o1", ...details, status: "confirmed", reason: null, at: now });
});

test("order: a placed one is refused once, keeps its reason and its time, and cannot be confirmed any more", () => {
  placed.when("refuse", { reason: "sold out" }).emits("Refused", { reason: "sold out", at: now }).replies();
  refused.when("refuse", { reason: "another" }).replies();
  refused.when("confirm").replies();
  refused.asked("order").replies({ id: "o1", ...details, status: "rejected", reason: "sold out", at: now });
});

test("order: a refusal that overtakes its order ends it: it cannot be placed any more", () => {
  none.when("refuse", { reason: "gave up" }).emits("Refused", { reason: "gave up", at: now }).replies();
  const ended = none.had("Refused", { reason: "gave up", at: now });
  ended.when("place", details).replies();
  ended.asked("order").replies({ id: "o1", ...nothing, status: "rejected", reason: "gave up", at: now });
});

test("order: what was never placed cannot be confirmed", () => {
  none.when("confirm").replies();
});
