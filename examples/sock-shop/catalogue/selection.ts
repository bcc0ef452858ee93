// Which socks of the range a request means, and in which order. Pure: it knows no stock and no HTTP.
import { pageSizeMax } from "./contract.ts";
import { socks, type SockEntry } from "./socks.ts";

export interface Page {
  readonly tags: readonly string[];
  readonly sort: "id" | "name" | "price";
  readonly page: number;
  readonly size: number;
}

/** Those that have one of the tags; all of them if there are none. */
export const withTags = (tags: readonly string[]): readonly SockEntry[] =>
  tags.length === 0 ? socks : socks.filter((sock) => tags.some((tag) => sock.tags.includes(tag)));

export function select({ tags, sort, page, size }: Page): readonly SockEntry[] {
  const shown = Math.min(size, pageSizeMax);
  const start = (page - 1) * shown;
  return withTags(tags)
    .toSorted(orders[sort])
    .slice(start, start + shown);
}

type Order = (a: SockEntry, b: SockEntry) => number;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byId: Order = (a, b) => byText(a.id, b.id);

/** Ties are broken by id, so that pages neither repeat nor leave out a sock. */
const orders: { readonly [S in Page["sort"]]: Order } = {
  id: byId,
  name: (a, b) => byText(a.name, b.name) || byId(a, b),
  price: (a, b) => a.cents - b.cents || byId(a, b),
};
