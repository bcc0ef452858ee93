import { test } from "node:test";
import { given } from "@atoll/testkit";
import { shipment } from "./shipment.ts";

const parcel = { customer: "eve", lines: [{ sku: "socks", quantity: 2 }] };
const at = 1_767_225_600_000;

test("shipment: an order that nobody has shipped has none", () => {
  given(shipment, "o1").asked("ofOrder").replies([]);
});

test("shipment: an order is shipped once, however often it is told, and as it was told first", () => {
  given(shipment, "o1")
    .when("ship", parcel)
    .emits("Sent", { ...parcel, at })
    .replies();
  const sent = given(shipment, "o1").had("Sent", { ...parcel, at });
  sent.when("ship", parcel).replies();
  sent.when("ship", { ...parcel, customer: "bob" }).replies();
  sent.asked("ofOrder").replies([{ id: "o1", ...parcel, at }]);
});
