// What a shop says about itself, read over HTTP and kept as it was said. Nothing is judged here.
import type { Answer, BankPayment, Shop } from "./shop.ts";

export interface Item {
  readonly itemId: string;
  readonly quantity: number;
}
export interface OrderBody {
  readonly id: string;
  readonly customerId: string | null;
  readonly items: readonly Item[];
  readonly total: number;
  readonly status: string;
  readonly reason?: string | null;
}
export interface Level {
  readonly sku: string;
  readonly available: number;
  readonly reserved: number;
  readonly sold: number;
  readonly received: number;
}
export interface Account {
  readonly charged_cents: number;
  readonly refunded_cents: number;
  readonly orders: readonly { readonly order: string; readonly cents: number; readonly status: string }[];
}
/** A POST /orders that somebody was answered: one line of the file that is given with --acknowledged. */
export interface Acknowledged {
  readonly key: string;
  readonly status: number;
  readonly id: string;
}

export interface Evidence {
  readonly acknowledged: readonly Acknowledged[];
  /** As the list of all orders has them. */
  readonly listed: readonly OrderBody[];
  /** As each order says itself, by id; undefined if it cannot be read. Of every order that is known from anywhere. */
  readonly orders: ReadonlyMap<string, OrderBody | undefined>;
  /** As the list of one customer's orders has them. */
  readonly ofCustomer: ReadonlyMap<string, readonly OrderBody[]>;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly stock: ReadonlyMap<string, Level>;
  /** What the catalogue says can be ordered. */
  readonly counts: ReadonlyMap<string, number>;
  readonly shipments: ReadonlyMap<string, readonly { readonly id: string; readonly order: string }[]>;
  /** Entries of the lists over all customers, beside what is found under the link of each: undefined if nothing is. */
  readonly entries: readonly { readonly what: string; readonly listed: unknown; readonly own: unknown }[];
  /** Addresses and cards that a customer has, and the list of all has not. */
  readonly unlisted: readonly string[];
  /** The bank's books, if it was asked. */
  readonly bank: readonly BankPayment[] | undefined;
  /** The same order twice under one key, then another one under it. None of them can be fulfilled. */
  readonly probe: { readonly first: Answer; readonly again: Answer; readonly other: Answer };
}

interface Linked {
  readonly id: string;
  readonly _links: { readonly self: { readonly href: string } };
}
type Embedded<T> = { readonly _embedded: { readonly [name: string]: readonly T[] } };

const pathOf = (entry: Linked): string => new URL(entry._links.self.href).pathname;

export interface GatherHow {
  readonly acknowledged: readonly Acknowledged[];
  readonly bank: Shop | undefined;
  /** Of the probe; never used before. */
  readonly key: string;
}

export async function gather(shop: Shop, { acknowledged, bank, key }: GatherHow): Promise<Evidence> {
  const probe = {
    first: await shop.order({}, key),
    again: await shop.order({}, key),
    other: await shop.order({ customer: null }, key),
  };
  const listed = await shop.pages<OrderBody>("/orders", "customerOrders");
  const people = await shop.pages<Linked>("/customers", "customer");
  const customers = new Set([...listed.flatMap(({ customerId }) => customerId ?? []), ...people.map(({ id }) => id)]);
  const accounts = await shop.each(customers, (id) => shop.read<Account>(`/payments/${encodeURIComponent(id)}`));
  const ofCustomer = await shop.each(customers, (id) =>
    shop.pages<OrderBody>(`/orders/search/customerId?sort=date&custId=${encodeURIComponent(id)}&rejected=true`, "customerOrders"),
  );
  const known = new Set([
    ...listed.map(({ id }) => id),
    ...acknowledged.flatMap(({ status, id }) => (status === 201 || status === 202 ? [id] : [])),
    ...[...accounts.values()].flatMap(({ orders }) => orders.map(({ order }) => order)),
  ]);
  const orders = await shop.each(known, (id) => shop.find<OrderBody>(`/orders/${encodeURIComponent(id)}`));
  const shipments = await shop.each(known, (id) =>
    shop.read<readonly { readonly id: string; readonly order: string }[]>(`/shipments?order=${encodeURIComponent(id)}`),
  );
  const catalogue = await shop.catalogue();
  const counts = new Map(catalogue.map(({ id, count }) => [id, count]));
  const ordered = [...orders.values()].flatMap((order) => order?.items.map(({ itemId }) => itemId) ?? []);
  const stock = await shop.each(new Set([...counts.keys(), ...ordered]), (sku) => shop.read<Level>(`/stock/${encodeURIComponent(sku)}`));

  const lists = {
    customer: people,
    address: await shop.pages<Linked>("/addresses", "address"),
    card: await shop.pages<Linked>("/cards", "card"),
  };
  const entries: Evidence["entries"][number][] = [];
  for (const [kind, list] of Object.entries(lists)) {
    const own = await shop.each(new Set(list.map(pathOf)), (path) => shop.find(path));
    entries.push(...list.map((entry) => ({ what: `${kind} ${entry.id}`, listed: entry as unknown, own: own.get(pathOf(entry)) })));
  }
  const unlisted: string[] = [];
  for (const [kind, path] of [
    ["address", "addresses"],
    ["card", "cards"],
  ] as const) {
    const all = new Set(lists[kind].map(({ id }) => id));
    const owned = await shop.each(customers, (id) => shop.read<Embedded<Linked>>(`/customers/${encodeURIComponent(id)}/${path}`));
    for (const { _embedded } of owned.values())
      unlisted.push(...(_embedded[kind] ?? []).flatMap(({ id }) => (all.has(id) ? [] : [`${kind} ${id}`])));
  }
  const books = await bank?.books();
  return { acknowledged, listed, orders, ofCustomer, accounts, stock, counts, shipments, entries, unlisted, bank: books, probe };
}
