import { test } from "node:test";
import { given } from "@atoll/testkit";
import { cart } from "./cart.ts";
import { linesMax, quantityMax, type Line } from "./contract.ts";

const full = { linesMax, quantityMax };
const line = (itemId: string, quantity = 1, more: Partial<Line> = {}): Line => ({
  id: `l-${itemId}`,
  itemId,
  quantity,
  cents: 500,
  ...more,
});

const empty = given(cart, "eve");
const withSocks = empty.had("Put", line("socks", 2));
const crowded = Array.from({ length: linesMax }, (_, i) => line(`item-${i}`)).reduce((past, each) => past.had("Put", each), empty);

test("cart: an unknown cart is empty", () => {
  empty.asked("contents").replies({ customer: "eve", lines: [] });
});

test("cart: an item that is put in becomes a line", () => {
  empty.when("put", line("socks")).emits("Put", line("socks")).replies(line("socks"));
});

test("cart: the same item again adds to its line, which keeps its id and takes the newer price", () => {
  withSocks
    .when("put", line("socks", 3, { id: "other", cents: 600 }))
    .emits("Put", line("socks", 3, { id: "other", cents: 600 }))
    .replies(line("socks", 5, { cents: 600 }));
  withSocks
    .had("Put", line("socks", 3, { id: "other", cents: 600 }))
    .asked("contents")
    .replies({ customer: "eve", lines: [line("socks", 5, { cents: 600 })] });
});

test("cart: lines stay in the order in which their items came", () => {
  const three = withSocks.had("Put", line("hats")).had("Put", line("gloves")).had("Put", line("socks"));
  three.asked("contents").replies({ customer: "eve", lines: [line("socks", 3), line("hats"), line("gloves")] });
});

test("cart: a cart with all its lines takes more of what it has, and nothing new", () => {
  crowded.when("put", line("one-more")).rejects("CartFull", full);
  crowded.when("set", line("one-more")).rejects("CartFull", full);
  crowded.when("put", line("item-0")).emits("Put", line("item-0")).replies(line("item-0", 2));
});

test("cart: a line holds at most quantityMax units", () => {
  const most = empty.had("Put", line("socks", quantityMax));
  most.when("put", line("socks")).rejects("CartFull", full);
  most.when("set", line("socks", 1)).emits("Set", line("socks", 1)).replies();
});

test("cart: set gives a line another quantity and price, and keeps its id", () => {
  withSocks
    .when("set", line("socks", 7, { id: "other" }))
    .emits("Set", line("socks", 7, { id: "other" }))
    .replies();
  withSocks
    .had("Set", line("socks", 7, { id: "other", cents: 600 }))
    .asked("contents")
    .replies({ customer: "eve", lines: [line("socks", 7, { cents: 600 })] });
});

test("cart: set puts in what was not there, and leaves no event where nothing changes", () => {
  withSocks
    .had("Set", line("hats", 3))
    .asked("contents")
    .replies({ customer: "eve", lines: [line("socks", 2), line("hats", 3)] });
  withSocks.when("set", line("socks", 2, { id: "other" })).replies();
});

test("cart: an item is removed, one that is not there needs no removal", () => {
  withSocks.when("remove", { itemId: "socks" }).emits("Removed", { itemId: "socks" }).replies();
  withSocks
    .had("Put", line("hats"))
    .had("Removed", { itemId: "socks" })
    .asked("contents")
    .replies({ customer: "eve", lines: [line("hats")] });
  withSocks.when("remove", { itemId: "hats" }).replies();
});

test("cart: it is cleared, an empty one needs no clearing", () => {
  withSocks.when("clear").emits("Cleared", {}).replies();
  withSocks.had("Cleared", {}).asked("contents").replies({ customer: "eve", lines: [] });
  empty.when("clear").replies();
});

const parcel = { id: "parcel/eve/2", to: "bob", lines: [line("socks", 2)] };
const packed = withSocks.had("Packed", { id: "parcel/eve/2", to: "bob" });

test("cart: packing takes all lines out, under an id of its own", () => {
  withSocks.when("pack", { to: "bob" }).emits("Packed", { id: "parcel/eve/2", to: "bob" }).replies({ parcel });
  packed.asked("contents").replies({ customer: "eve", lines: [] });
});

test("cart: an empty cart packs nothing", () => {
  empty.when("pack", { to: "bob" }).replies({ parcel: null });
});

test("cart: while a parcel is on its way every packing gets that one, whoever asks for whom", () => {
  packed.when("pack", { to: "bob" }).replies({ parcel });
  packed.had("Put", line("hats")).when("pack", { to: "carol" }).replies({ parcel });
});

test("cart: a parcel that arrived is forgotten, and the next one has another id", () => {
  packed.when("settle", { parcel: parcel.id, taken: true }).emits("Arrived", {}).replies({ left: 0 });
  const settled = packed.had("Arrived", {}).had("Put", line("hats"));
  settled
    .when("pack", { to: "bob" })
    .emits("Packed", { id: "parcel/eve/5", to: "bob" })
    .replies({ parcel: { id: "parcel/eve/5", to: "bob", lines: [line("hats")] } });
});

test("cart: a parcel that was not taken is put back, in front of what came meanwhile", () => {
  packed.when("settle", { parcel: parcel.id, taken: false }).emits("PutBack", {}).replies({ left: 1 });
  const back = packed
    .had("Put", line("hats"))
    .had("Put", line("socks", 1, { id: "newer" }))
    .had("PutBack", {});
  back.asked("contents").replies({ customer: "eve", lines: [line("socks", 3), line("hats")] });
});

test("cart: settling a parcel again, or another one, changes nothing", () => {
  packed.had("Arrived", {}).when("settle", { parcel: parcel.id, taken: true }).replies({ left: 0 });
  packed
    .had("Arrived", {})
    .had("Put", line("hats"))
    .had("Packed", { id: "parcel/eve/5", to: "bob" })
    .when("settle", { parcel: parcel.id, taken: false })
    .replies({ left: 0 });
});

test("cart: what is on its way keeps its room, so that it can always be put back", () => {
  const onItsWay = crowded.had("Packed", { id: "parcel/eve/101", to: "bob" });
  onItsWay.when("put", line("one-more")).rejects("CartFull", full);
  onItsWay.when("unpack", { lines: [line("one-more")] }).rejects("CartFull", full);
  onItsWay.when("put", line("item-0")).emits("Put", line("item-0")).replies(line("item-0"));
});

test("cart: a parcel is unpacked whole or not at all", () => {
  const lines = [line("socks", 1, { id: "theirs" }), line("hats")];
  withSocks.when("unpack", { lines }).emits("Unpacked", { lines }).replies();
  withSocks
    .had("Unpacked", { lines })
    .asked("contents")
    .replies({ customer: "eve", lines: [line("socks", 3), line("hats")] });
  crowded.when("unpack", { lines: [line("item-0"), line("one-more")] }).rejects("CartFull", full);
});
