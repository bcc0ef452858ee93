// Finds out what an order is about: whose it is, where it goes, what is in the cart. It asks the services that know and decides
// nothing else; the answer is kept by who asked, so that it stays what it was when the order was placed.
import { handlers } from "@atoll/core";
import { Cart } from "../carts/contract.ts";
import { Customer } from "../user/contract.ts";
import { OrderDesk, type OrderDetails } from "./contract.ts";
import { totalCentsOf } from "./total.ts";

export const desk = handlers(OrderDesk, {
  handle: {
    prepare: async ({ customer, address, card, cart }, cx) => {
      const [party, contents] = await Promise.all([
        customer === null ? undefined : cx.at(Customer, customer).party({ address, card }),
        cart === null ? undefined : cx.at(Cart, cart).contents(),
      ]);
      const known = party?.rejected ? undefined : party?.reply;
      const lines = contents?.lines ?? [];
      const person = known && { username: known.profile.username, firstName: known.profile.firstName, lastName: known.profile.lastName };
      const details: OrderDetails = {
        customerId: known ? customer : null,
        customer: person ?? null,
        address: known?.address ?? null,
        card: known?.card ?? null,
        lines,
        totalCents: totalCentsOf(lines),
      };
      return { details, problem: problemOf(details) };
    },
  },
});

/** The first thing that is missing, as the client gets to read it. */
function problemOf({ customer, address, card, lines }: OrderDetails): string | null {
  if (!customer) return "An order needs a customer, and this one is not known.";
  if (!address) return "An order needs an address of its customer.";
  if (!card) return "An order needs a card of its customer.";
  return lines.length === 0 ? "An order needs items, and the cart is empty." : null;
}
