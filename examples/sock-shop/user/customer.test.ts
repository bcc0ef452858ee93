import { test } from "node:test";
import { given } from "@atoll/testkit";
import { belonging } from "./belonging.ts";
import { addressesMax, cardsMax } from "./contract.ts";
import { customer } from "./customer.ts";
import { username } from "./username.ts";

const eve = { username: "eve", firstName: "Eve", lastName: "Berger", email: "eve@example.com", password: "scrypt:…" };
const profile = { id: "c1", username: "eve", firstName: "Eve", lastName: "Berger" };
const address = { id: "a1", number: "246", street: "Whitelees Road", city: "Glasgow", postcode: "G67 3DL", country: "United Kingdom" };
const card = { id: "k1", longNum: "************9678", expires: "08/19" };

const nobody = given(customer, "c1");
const registered = nobody.had("Registered", eve);
const equipped = registered.had("AddressAdded", address).had("CardAdded", card);
const closed = equipped.had("Closed", { username: "eve" });

test("customer: nobody has a profile, and no addresses or cards", () => {
  nobody.asked("profile").rejects("UnknownCustomer", { customer: "c1" });
  nobody.asked("addresses").replies([]);
  nobody.asked("cards").replies([]);
  nobody.asked("credentials").replies({ standing: "new", password: null });
});

test("customer: is registered once; under another name the same id is refused", () => {
  nobody.when("register", eve).emits("Registered", eve).replies();
  registered.when("register", eve).replies();
  registered.when("register", { ...eve, username: "bob" }).rejects("Closed", {});
  registered.asked("profile").replies(profile);
  registered.asked("credentials").replies({ standing: "registered", password: eve.password });
});

test("customer: an id that was abandoned is never registered", () => {
  nobody.when("abandon").emits("Closed", { username: null }).replies({ free: true });
  const abandoned = nobody.had("Closed", { username: null });
  abandoned.when("abandon").replies({ free: true });
  abandoned.when("register", eve).rejects("Closed", {});
  abandoned.when("remove").replies({ username: null });
});

test("customer: who is registered cannot be abandoned", () => {
  registered.when("abandon").replies({ free: false });
});

test("customer: a removal forgets everything but the name that is to be released, and can be repeated", () => {
  equipped.when("remove").emits("Closed", { username: "eve" }).replies({ username: "eve" });
  closed.when("remove").replies({ username: "eve" });
  closed.when("abandon").replies({ free: true });
  closed.asked("profile").rejects("UnknownCustomer", { customer: "c1" });
  closed.asked("addresses").replies([]);
  closed.asked("credentials").replies({ standing: "closed", password: null });
  nobody.when("remove").replies({ username: null });
});

test("customer: addresses and cards are added once and removed once", () => {
  registered.when("addAddress", address).emits("AddressAdded", address).replies();
  equipped.when("addAddress", address).replies();
  equipped.when("removeAddress", { id: "a1" }).emits("AddressRemoved", { id: "a1" }).replies();
  registered.when("removeAddress", { id: "a1" }).replies();
  registered.when("addCard", card).emits("CardAdded", card).replies();
  equipped.when("addCard", card).replies();
  equipped.when("removeCard", { id: "k1" }).emits("CardRemoved", { id: "k1" }).replies();
  registered.when("removeCard", { id: "k1" }).replies();
});

test("customer: what was added before the registration stays", () => {
  nobody.had("AddressAdded", address).had("CardAdded", card).had("Registered", eve).asked("addresses").replies([address]);
});

test("customer: addresses and cards are bounded, and a closed customer gets none", () => {
  let many = registered;
  for (let i = 0; i < addressesMax; i += 1) many = many.had("AddressAdded", { ...address, id: `a${i}` });
  for (let i = 0; i < cardsMax; i += 1) many = many.had("CardAdded", { ...card, id: `k${i}` });
  many.when("addAddress", { ...address, id: "more" }).rejects("TooMany", { max: addressesMax });
  many.when("addCard", { ...card, id: "more" }).rejects("TooMany", { max: cardsMax });
  many.when("addAddress", { ...address, id: "a0" }).replies();
  closed.when("addAddress", address).rejects("UnknownCustomer", { customer: "c1" });
  closed.when("addCard", card).rejects("UnknownCustomer", { customer: "c1" });
});

test("customer: an order gets the address and the card only if they are the customer's", () => {
  equipped.asked("party", { address: "a1", card: "k1" }).replies({ profile, address, card });
  equipped.asked("party", { address: "k1", card: "a1" }).replies({ profile, address: null, card: null });
  equipped.asked("party", { address: null, card: null }).replies({ profile, address: null, card: null });
  nobody.had("AddressAdded", address).asked("party", { address: "a1", card: null }).rejects("UnknownCustomer", { customer: "c1" });
});

test("username: has one owner at a time, who may claim it again, and who alone can release it", () => {
  const at = 1_767_225_600_000;
  const free = given(username, "eve");
  free.asked("owner").replies({ customer: null });
  free.when("claim", { customer: "c1" }).emits("Claimed", { customer: "c1", at }).replies();
  const claimed = free.had("Claimed", { customer: "c1", at });
  claimed.when("claim", { customer: "c1" }).replies();
  claimed.when("claim", { customer: "c2" }).rejects("Taken", { customer: "c1", at });
  claimed.when("release", { customer: "c2" }).replies();
  claimed.when("release", { customer: "c1" }).emits("Released", {}).replies();
  claimed.had("Released", {}).when("claim", { customer: "c2" }).emits("Claimed", { customer: "c2", at }).replies();
});

test("belonging: is assigned once, for ever", () => {
  given(belonging, "a1").when("assign", { customer: "c1" }).emits("Assigned", { customer: "c1" }).replies();
  given(belonging, "a1").had("Assigned", { customer: "c1" }).when("assign", { customer: "c2" }).replies();
  given(belonging, "a1").had("Assigned", { customer: "c1" }).asked("owner").replies({ customer: "c1" });
});
