// The anti-corruption layer of orders. A client places an order by four URLs; inside the shop there are ids. Only the path of a
// URL counts, whatever host it names, and nothing is ever fetched from it.
import * as z from "zod";

const urlLengthMax = 2_048;
const idLengthMax = 128;
const control = /\p{Cc}/u;

/** The id in the path `/BEFORE/{id}`, or `/BEFORE/{id}/AFTER`; undefined if the text is no such URL of http or https. */
export function idIn(text: string, before: string, after?: string): string | undefined {
  const url = text.length <= urlLengthMax ? URL.parse(text) : null;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined;
  const [root, first, encoded, ...rest] = url.pathname.split("/");
  if (root !== "" || first !== before || encoded === undefined || rest.join("/") !== (after ?? "")) return undefined;
  if (rest.length !== (after === undefined ? 0 : 1)) return undefined;
  const id = decoded(encoded);
  return id === undefined || id === "" || id.length > idLengthMax || control.test(id) ? undefined : id;
}

function decoded(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined; // a percent sign that begins no UTF-8 character
  }
}

/** Null or left out is a thing that is missing, which the shop answers; what is there must lead somewhere. */
const link = (before: string, after?: string) =>
  z
    .string()
    .max(urlLengthMax)
    .transform((text, context): string => {
      const id = idIn(text, before, after);
      if (id !== undefined) return id;
      const path = ["", before, "{id}", ...(after === undefined ? [] : [after])].join("/");
      context.issues.push({ code: "custom", message: `expected a URL whose path is ${path}`, input: text });
      return z.NEVER;
    })
    .nullish();

/** The body of POST /orders, read as ids. */
export const OrderLinks = z.object({
  customer: link("customers"),
  address: link("addresses"),
  card: link("cards"),
  items: link("carts", "items"),
});

export const orderRequest = ({ customer, address, card, items }: z.infer<typeof OrderLinks>) => ({
  customer: customer ?? null,
  address: address ?? null,
  card: card ?? null,
  cart: items ?? null,
});
