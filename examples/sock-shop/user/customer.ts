// One customer, with addresses and cards. An id that nobody has registered under can have addresses and cards as well: that is
// what existing clients do for sessions. Closed is for ever: an id is given once.
import { entity } from "@atoll/core";
import * as z from "zod";
import { Address, addressesMax, Card, cardsMax, Customer, type Profile } from "./contract.ts";

const Lists = z.object({ addresses: z.array(Address).readonly(), cards: z.array(Card).readonly() });
const Registration = z.object({
  username: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  email: z.string(),
  password: z.string(),
});
const ById = z.object({ id: z.string() });

const State = z.discriminatedUnion("standing", [
  Lists.extend({ standing: z.literal("new") }),
  Lists.extend({ standing: z.literal("registered"), person: Registration }),
  /** `username`: the name that goes back to the others, also when the removal is asked for again. */
  Lists.extend({ standing: z.literal("closed"), username: z.string().nullable() }),
]);
type State = Readonly<z.infer<typeof State>>;

const has = (list: readonly { readonly id: string }[], id: string): boolean => list.some((entry) => entry.id === id);
const find = <T extends { readonly id: string }>(list: readonly T[], id: string | null): T | null =>
  list.find((entry) => entry.id === id) ?? null;
const without = <T extends { readonly id: string }>(list: readonly T[], id: string): readonly T[] =>
  list.filter((entry) => entry.id !== id);

const profileOf = (s: State, id: string): Profile | undefined => {
  if (s.standing !== "registered") return undefined;
  const { username, firstName, lastName } = s.person;
  return { id, username, firstName, lastName };
};

export const customer = entity(Customer, {
  state: State,
  initial: { standing: "new", addresses: [], cards: [] },
  events: {
    Registered: Registration,
    /** `username`: null if nobody had registered. */
    Closed: z.object({ username: z.string().nullable() }),
    AddressAdded: Address,
    AddressRemoved: ById,
    CardAdded: Card,
    CardRemoved: ById,
  },
  decide: {
    register: (s, person, turn) => {
      if (s.standing === "new") return turn.emit("Registered", person);
      return s.standing === "registered" && s.person.username === person.username ? turn.reply() : turn.reject("Closed", {});
    },
    abandon: (s, _, turn) =>
      s.standing === "new" ? turn.emit("Closed", { username: null }).reply({ free: true }) : turn.reply({ free: s.standing === "closed" }),
    remove: (s, _, turn) => {
      if (s.standing === "new") return turn.reply({ username: null });
      if (s.standing === "closed") return turn.reply({ username: s.username });
      return turn.emit("Closed", { username: s.person.username }).reply({ username: s.person.username });
    },
    addAddress: (s, address, turn) => {
      if (s.standing === "closed") return turn.reject("UnknownCustomer", { customer: turn.key });
      if (has(s.addresses, address.id)) return turn.reply();
      return s.addresses.length < addressesMax ? turn.emit("AddressAdded", address) : turn.reject("TooMany", { max: addressesMax });
    },
    removeAddress: (s, { id }, turn) => (has(s.addresses, id) ? turn.emit("AddressRemoved", { id }) : turn.reply()),
    addCard: (s, card, turn) => {
      if (s.standing === "closed") return turn.reject("UnknownCustomer", { customer: turn.key });
      if (has(s.cards, card.id)) return turn.reply();
      return s.cards.length < cardsMax ? turn.emit("CardAdded", card) : turn.reject("TooMany", { max: cardsMax });
    },
    removeCard: (s, { id }, turn) => (has(s.cards, id) ? turn.emit("CardRemoved", { id }) : turn.reply()),
  },
  evolve: {
    Registered: ({ addresses, cards }, person) => ({ standing: "registered", person, addresses, cards }),
    Closed: (_, { username }) => ({ standing: "closed", username, addresses: [], cards: [] }),
    AddressAdded: (s, address) => ({ ...s, addresses: [...s.addresses, address] }),
    AddressRemoved: (s, { id }) => ({ ...s, addresses: without(s.addresses, id) }),
    CardAdded: (s, card) => ({ ...s, cards: [...s.cards, card] }),
    CardRemoved: (s, { id }) => ({ ...s, cards: without(s.cards, id) }),
  },
  queries: {
    profile: (s, _, q) => profileOf(s, q.key) ?? q.reject("UnknownCustomer", { customer: q.key }),
    addresses: ({ addresses }) => addresses,
    cards: ({ cards }) => cards,
    party: (s, chosen, q) => {
      const profile = profileOf(s, q.key);
      if (!profile) return q.reject("UnknownCustomer", { customer: q.key });
      return { profile, address: find(s.addresses, chosen.address), card: find(s.cards, chosen.card) };
    },
    credentials: (s) => ({ standing: s.standing, password: s.standing === "registered" ? s.person.password : null }),
  },
});
