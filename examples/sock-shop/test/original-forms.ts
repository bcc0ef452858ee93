// The forms of the original demo's API descriptions (Swagger 2.0, "Catalogue resources", "Carts and items", "User" and "Orders"),
// as far as these services answer with them: required members and their types. And a check that a value has such a form.
import { fail } from "node:assert/strict";

export type Form = "string" | "number" | "integer" | "boolean" | "null" | readonly [each: Form] | { readonly [member: string]: Form };

const sock: Form = {
  id: "string",
  name: "string",
  description: "string",
  imageUrl: ["string"],
  price: "number",
  count: "integer",
  tag: ["string"],
};

const link: Form = { href: "string" };
const customer: Form = { firstName: "string", lastName: "string", username: "string", _links: { self: link, customer: link } };
const card: Form = { longNum: "string", expires: "string", ccv: "string", _links: { self: link, card: link } };
const address: Form = {
  number: "string",
  street: "string",
  city: "string",
  postcode: "string",
  country: "string",
  _links: { self: link, address: link },
};

const order: Form = {
  id: "string",
  customerId: "string",
  customer: { id: "null", firstName: "string", lastName: "string", username: "string", addresses: ["string"], cards: ["string"] },
  address: { id: "null", number: "string", street: "string", city: "string", postcode: "string", country: "string" },
  card: { id: "null", longNum: "string", expires: "string", ccv: "string" },
  items: [{ id: "string", itemId: "string", quantity: "integer", unitPrice: "number" }],
  shipment: { id: "string", name: "string" },
  date: "string",
  total: "number",
};

export const originalForms = {
  listResponse: [sock],
  getAnItemResponse: sock,
  getSizeResponse: { size: "integer" },
  listResponse3: { tags: ["string"] },
  getCartResponse: { customerId: "string" },
  customer,
  address,
  card,
  getCustomersResponse: { _embedded: { customer: [customer] } },
  listAddressResponse: { _embedded: { address: [address] } },
  getCardsResponse: { _embedded: { card: [card] } },
  statusResponse: { id: "string" },
  deleteResponse: { status: "boolean" },
  order,
  ordersList: {
    _embedded: { customerOrders: [order] },
    _links: { self: link, profile: link, search: link },
    page: { size: "integer", totalElements: "integer", totalPages: "integer", number: "integer" },
  },
  cartItem: { itemId: "string", quantity: "integer", unitPrice: "number" },
} as const satisfies { readonly [definition: string]: Form };

/** Fails, naming the place, unless `value` has all that `form` requires. Other members are allowed. */
export function mustHaveForm(value: unknown, form: Form, at = "the answer"): void {
  if (Array.isArray(form)) {
    if (!Array.isArray(value)) return fail(`${at} is no array`);
    for (const [i, each] of value.entries()) mustHaveForm(each, form[0] as Form, `${at}[${i}]`);
  } else if (typeof form === "object") {
    if (typeof value !== "object" || value === null) return fail(`${at} is no object`);
    for (const [member, inner] of Object.entries(form)) mustHaveForm((value as Record<string, unknown>)[member], inner, `${at}.${member}`);
  } else if (form === "integer" ? !Number.isInteger(value) : form === "null" ? value !== null : typeof value !== form) {
    fail(`${at} is ${JSON.stringify(value)}, not a value of type ${form}`);
  }
}
