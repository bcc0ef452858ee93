// Customers, addresses and cards in the forms of the original demo: HAL, with absolute links on the host that the client used.
import * as z from "zod";
import type { Address, Card, Profile } from "../user/contract.ts";

const Link = z.object({ href: z.url() });

export const CustomerBody = z.object({
  id: z.string(),
  username: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  _links: z.object({ self: Link, customer: Link, addresses: Link, cards: Link }),
});

export const AddressBody = z.object({
  id: z.string(),
  number: z.string(),
  street: z.string(),
  city: z.string(),
  postcode: z.string(),
  country: z.string(),
  _links: z.object({ self: Link, address: Link }),
});

export const CardBody = z.object({
  id: z.string(),
  longNum: z.string(),
  expires: z.string(),
  ccv: z.string(),
  _links: z.object({ self: Link, card: Link }),
});

export const LoginBody = z.object({ user: CustomerBody });
export const AddedBody = z.object({ id: z.string() });
export const DoneBody = z.object({ status: z.boolean() });

const Lists = { customer: z.array(CustomerBody), address: z.array(AddressBody), card: z.array(CardBody) };
export const CustomerAddressesBody = z.object({ _embedded: z.object({ address: Lists.address }) });
export const CustomerCardsBody = z.object({ _embedded: z.object({ card: Lists.card }) });

const PageBody = z.object({ size: z.int(), totalElements: z.int(), totalPages: z.int(), number: z.int() });
type PageBody = z.infer<typeof PageBody>;
/** What a list has beside its entries. */
export const paging = { _links: z.object({ self: Link }), page: PageBody };

export const CustomersBody = z.object({ _embedded: z.object({ customer: Lists.customer }), ...paging });
export const AddressesBody = z.object({ _embedded: z.object({ address: Lists.address }), ...paging });
export const CardsBody = z.object({ _embedded: z.object({ card: Lists.card }), ...paging });

/** As Spring writes it, which is what existing clients know: `number` counts from 0. */
export const pageBody = ({ page, size }: { readonly page: number; readonly size: number }, total: number): PageBody => ({
  size,
  totalElements: total,
  totalPages: Math.ceil(total / size),
  number: page - 1,
});

const self = (origin: string, kind: "customers" | "addresses" | "cards", id: string) => ({
  href: `${origin}/${kind}/${encodeURIComponent(id)}`,
});

export const customerBody = ({ id, username, firstName, lastName }: Profile, origin: string): z.infer<typeof CustomerBody> => {
  const link = self(origin, "customers", id);
  const _links = { self: link, customer: link, addresses: { href: `${link.href}/addresses` }, cards: { href: `${link.href}/cards` } };
  return { id, username, firstName, lastName, _links };
};

export const addressBody = ({ id, ...fields }: Address, origin: string): z.infer<typeof AddressBody> => {
  const link = self(origin, "addresses", id);
  return { id, ...fields, _links: { self: link, address: link } };
};

/** The check number is not kept, but a card without one is none to existing clients. */
export const ccv = "***";

export const cardBody = ({ id, longNum, expires }: Card, origin: string): z.infer<typeof CardBody> => {
  const link = self(origin, "cards", id);
  return { id, longNum, expires, ccv, _links: { self: link, card: link } };
};
