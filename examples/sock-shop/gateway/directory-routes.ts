// HTTP of the lists over all customers, addresses and cards.
import { route } from "@atoll/gateway";
import { Directory, Page } from "../user/contract.ts";
import { addressBody, AddressesBody, cardBody, CardsBody, customerBody, CustomersBody, pageBody } from "./user-forms.ts";

export const directoryRoutes = [
  route("GET /customers", Directory.customers, {
    query: Page,
    input: (r) => r.query,
    reply: {
      body: CustomersBody,
      from: ({ entries, total }, { origin, query }) => ({
        _embedded: { customer: entries.map((profile) => customerBody(profile, origin)) },
        _links: { self: { href: `${origin}/customers` } },
        page: pageBody(query, total),
      }),
    },
  }),
  route("GET /addresses", Directory.addresses, {
    query: Page,
    input: (r) => r.query,
    reply: {
      body: AddressesBody,
      from: ({ entries, total }, { origin, query }) => ({
        _embedded: { address: entries.map((address) => addressBody(address, origin)) },
        _links: { self: { href: `${origin}/addresses` } },
        page: pageBody(query, total),
      }),
    },
  }),
  route("GET /cards", Directory.cards, {
    query: Page,
    input: (r) => r.query,
    reply: {
      body: CardsBody,
      from: ({ entries, total }, { origin, query }) => ({
        _embedded: { card: entries.map((card) => cardBody(card, origin)) },
        _links: { self: { href: `${origin}/cards` } },
        page: pageBody(query, total),
      }),
    },
  }),
];
