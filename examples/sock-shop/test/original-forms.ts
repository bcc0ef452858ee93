// The forms of the original demo's API descriptions (Swagger 2.0, "Catalogue resources" and "Carts and items"), as far as
// these services answer with them: required members and their types. And a check that a value has such a form.
import { fail } from "node:assert/strict";

export type Form = "string" | "number" | "integer" | readonly [each: Form] | { readonly [member: string]: Form };

const sock: Form = {
  id: "string",
  name: "string",
  description: "string",
  imageUrl: ["string"],
  price: "number",
  count: "integer",
  tag: ["string"],
};

export const originalForms = {
  listResponse: [sock],
  getAnItemResponse: sock,
  getSizeResponse: { size: "integer" },
  listResponse3: { tags: ["string"] },
  getCartResponse: { customerId: "string" },
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
  } else if (form === "integer" ? !Number.isInteger(value) : typeof value !== form) {
    fail(`${at} is ${JSON.stringify(value)}, not a value of type ${form}`);
  }
}
