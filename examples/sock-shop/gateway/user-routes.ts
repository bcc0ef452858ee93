// HTTP of customers, addresses and cards, in the forms of the original demo. What must not be kept goes no further than here: a
// card's number is masked before it is part of any message, its check number is dropped.
import { basic, route } from "@atoll/gateway";
import * as z from "zod";
import { Accounts, AddressFields, Belongings, Customer, CustomerId } from "../user/contract.ts";
import {
  AddedBody,
  AddressBody,
  addressBody,
  CardBody,
  cardBody,
  CustomerAddressesBody,
  CustomerBody,
  customerBody,
  CustomerCardsBody,
  DoneBody,
  LoginBody,
} from "./user-forms.ts";

/** Whose it is to be; nobody's if it is left out. */
const owner = { userID: CustomerId.optional() };
const NewAddress = AddressFields.extend(owner);
const NewCard = z.object({
  longNum: z.string().regex(/^ *(?:\d[ -]*){8,19}$/, "expected a card number of 8 to 19 digits"),
  expires: z.string().max(16).default(""),
  /** Read as far as its form goes, and forgotten. */
  ccv: z.string().max(16).optional(),
  ...owner,
});

function masked(longNum: string): string {
  const digits = longNum.replaceAll(/\D/g, "");
  return digits.slice(-4).padStart(digits.length, "*");
}

const done = { body: DoneBody, from: () => ({ status: true }) };
const unknown = { UnknownCustomer: { status: 404 } };
const unknownBelonging = { UnknownBelonging: { status: 404 } };

const accountRoutes = [
  route("GET /login", Accounts.login, {
    input: (r) => basic(r.headers),
    reply: { body: LoginBody, from: ({ profile }, r) => ({ user: customerBody(profile, r.origin) }) },
    rejects: { BadCredentials: { status: 401 } },
  }),
  route("POST /register", Accounts.register, { reply: { body: AddedBody } }),
  route("POST /customers", Accounts.register, { reply: { body: AddedBody } }),
  route("GET /customers/:id", Customer.profile, {
    key: (r) => r.params.id,
    reply: { body: CustomerBody, from: (profile, r) => customerBody(profile, r.origin) },
    rejects: unknown,
  }),
  route("DELETE /customers/:id", Accounts.remove, { input: (r) => ({ id: r.params.id }), reply: done }),
  // Also of ids that are no customers: clients ask with their session's, and need the list.
  route("GET /customers/:id/addresses", Customer.addresses, {
    key: (r) => r.params.id,
    reply: {
      body: CustomerAddressesBody,
      from: (addresses, r) => ({ _embedded: { address: addresses.map((address) => addressBody(address, r.origin)) } }),
    },
  }),
  route("GET /customers/:id/cards", Customer.cards, {
    key: (r) => r.params.id,
    reply: { body: CustomerCardsBody, from: (cards, r) => ({ _embedded: { card: cards.map((card) => cardBody(card, r.origin)) } }) },
  }),
];

const belongingRoutes = [
  route("POST /addresses", Belongings.addAddress, {
    body: NewAddress,
    input: ({ body: { userID, ...address } }) => ({ customer: userID, address }),
    reply: { body: AddedBody },
    rejects: unknown,
  }),
  route("GET /addresses/:id", Belongings.address, {
    input: (r) => ({ id: r.params.id }),
    reply: { body: AddressBody, from: (address, r) => addressBody(address, r.origin) },
    rejects: unknownBelonging,
  }),
  route("DELETE /addresses/:id", Belongings.removeAddress, { input: (r) => ({ id: r.params.id }), reply: done }),
  route("POST /cards", Belongings.addCard, {
    body: NewCard,
    input: ({ body: { userID, longNum, expires } }) => ({ customer: userID, card: { longNum: masked(longNum), expires } }),
    reply: { body: AddedBody },
    rejects: unknown,
  }),
  route("GET /cards/:id", Belongings.card, {
    input: (r) => ({ id: r.params.id }),
    reply: { body: CardBody, from: (card, r) => cardBody(card, r.origin) },
    rejects: unknownBelonging,
  }),
  route("DELETE /cards/:id", Belongings.removeCard, { input: (r) => ({ id: r.params.id }), reply: done }),
];

export const userRoutes = [...accountRoutes, ...belongingRoutes];
