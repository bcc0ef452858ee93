// Somebody who can order: registered, with an address, a card and a cart of their own.
import assert from "node:assert/strict";
import type { Answer, ShopClient } from "./shop-client.ts";

/** There are hundreds of it. */
export const sock = { id: "819e1fbf-8b7e-4f6d-811f-693534916a8b", cents: 14_00 };
export const shippingCents = 4_99;

export interface OrderBody {
  readonly id: string;
  readonly customerId: string | null;
  readonly items: readonly { readonly itemId: string; readonly quantity: number; readonly unitPrice: number }[];
  readonly shipment: { readonly id: string } | null;
  readonly date: string;
  readonly total: number;
  readonly status: string;
  readonly reason: string | null;
  readonly _links: { readonly self: { readonly href: string } };
}

export interface Buyer {
  readonly id: string;
  readonly username: string;
  readonly address: string;
  readonly card: string;
  /** The body of POST /orders for what is in the cart. */
  readonly order: { readonly customer: string; readonly address: string; readonly card: string; readonly items: string };
}

export async function buyer(shop: ShopClient, quantity = 1, itemId = sock.id): Promise<Buyer> {
  const added = async (path: string, body: object): Promise<string> => {
    const { status, body: answer } = await shop.send<{ readonly id: string }>("POST", path, body);
    assert.equal(status, 200, path);
    return answer.id;
  };
  const username = shop.fresh("buyer");
  const id = await added("/register", { username, password: "p", email: "", firstName: "B", lastName: "B" });
  const address = await added("/addresses", { number: "1", street: "Road", city: "Glasgow", postcode: "G67", country: "UK", userID: id });
  const card = await added("/cards", { longNum: "5544154011345918", expires: "08/19", ccv: "958", userID: id });
  if (quantity > 0) assert.equal((await shop.send("PATCH", `/carts/${id}/items`, { itemId, quantity })).status, 202);
  return {
    id,
    username,
    address,
    card,
    order: {
      customer: `http://user/customers/${id}`,
      address: `http://user/addresses/${address}`,
      card: `http://user:80/cards/${card}`,
      items: `http://carts/carts/${id}/items`,
    },
  };
}

export const order = (shop: ShopClient, body: object, headers: Record<string, string> = {}): Promise<Answer<OrderBody>> =>
  shop.send<OrderBody>("POST", "/orders", body, headers);

/** As existing clients ask for them; `more` is what they do not know. */
export async function ordersOf(shop: ShopClient, customer: string, more = ""): Promise<readonly OrderBody[]> {
  const path = `/orders/search/customerId?sort=date&custId=${customer}${more}`;
  const { status, body } = await shop.get<{ readonly _embedded: { readonly customerOrders: readonly OrderBody[] } }>(path);
  assert.equal(status, 200);
  return body._embedded.customerOrders;
}
