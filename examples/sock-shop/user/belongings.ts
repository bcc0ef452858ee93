// Addresses and cards by their own ids. First it is written down whose the new one is, then the customer gets it: cut off in
// between, the id leads to a customer who does not have it, which is the same as not to exist.
import { handlers, type At } from "@atoll/core";
import { Belonging, Belongings, Customer } from "./contract.ts";

/** Under this id nobody registers: it is that of a command which registers nobody. */
const keeperOf = (customer: string | undefined, id: string): string => customer ?? id;

const ownerOf = async (at: At, id: string): Promise<string | null> => (await at(Belonging, id).owner()).customer;

export const belongings = handlers(Belongings, {
  handle: {
    addAddress: async ({ customer, address }, cx) => {
      const id = cx.commandId;
      const keeper = keeperOf(customer, id);
      await cx.at(Belonging, id).assign({ customer: keeper });
      const added = await cx.at(Customer, keeper).addAddress({ ...address, id });
      if (added.rejected === "TooMany") return cx.reject("TooMany", added.details);
      return added.rejected ? cx.reject("UnknownCustomer", added.details) : { id };
    },
    addCard: async ({ customer, card }, cx) => {
      const id = cx.commandId;
      const keeper = keeperOf(customer, id);
      await cx.at(Belonging, id).assign({ customer: keeper });
      const added = await cx.at(Customer, keeper).addCard({ ...card, id });
      if (added.rejected === "TooMany") return cx.reject("TooMany", added.details);
      return added.rejected ? cx.reject("UnknownCustomer", added.details) : { id };
    },
    removeAddress: async ({ id }, cx) => {
      const customer = await ownerOf(cx.at, id);
      if (customer !== null) await cx.at(Customer, customer).removeAddress({ id });
    },
    removeCard: async ({ id }, cx) => {
      const customer = await ownerOf(cx.at, id);
      if (customer !== null) await cx.at(Customer, customer).removeCard({ id });
    },
    address: async ({ id }, cx) => {
      const customer = await ownerOf(cx.at, id);
      const all = customer === null ? [] : await cx.at(Customer, customer).addresses();
      return all.find((address) => address.id === id) ?? cx.reject("UnknownBelonging", { id });
    },
    card: async ({ id }, cx) => {
      const customer = await ownerOf(cx.at, id);
      const all = customer === null ? [] : await cx.at(Customer, customer).cards();
      return all.find((card) => card.id === id) ?? cx.reject("UnknownBelonging", { id });
    },
  },
});
