// The customers that a new shop opens with, under the ids that they have in the original demo.
import type { At } from "@atoll/core";
import { Accounts } from "./contract.ts";

const home = { number: "246", street: "Whitelees Road", city: "Glasgow", postcode: "G67 3DL", country: "United Kingdom" };

const openingCustomers = [
  {
    id: "57a98d98e4b00679b4a830b2",
    account: { username: "user", password: "password", firstName: "User", lastName: "Name", email: "" },
    address: { id: "57a98d98e4b00679b4a830b0", ...home },
    card: { id: "57a98d98e4b00679b4a830b1", longNum: "************5918", expires: "08/19" },
  },
  {
    id: "57a98d98e4b00679b4a830af",
    account: { username: "Eve_Berger", password: "duis", firstName: "Eve", lastName: "Berger", email: "" },
    address: { id: "57a98d98e4b00679b4a830ad", ...home },
    card: { id: "57a98d98e4b00679b4a830ae", longNum: "************9678", expires: "08/19" },
  },
] as const;

/** Runs at every start. Repeatable: who was ever there, and may have been removed since, is left alone. */
export async function openCustomers(at: At): Promise<void> {
  await Promise.all(openingCustomers.map((each) => at(Accounts).open(each)));
}
