// The invariants of the shop at rest, one function each: pure, over what the shop said. A function gives the first violation as a
// sentence, or undefined.
import { isDeepStrictEqual } from "node:util";
import type { Account, Evidence, OrderBody } from "./evidence.ts";

export interface Invariant {
  readonly number: number;
  readonly promise: string;
  readonly violation: (evidence: Evidence) => string | undefined;
  /** The part that must hold at any moment, also while orders are under way. */
  readonly always?: (evidence: Evidence) => string | undefined;
}

/** The newest orders that an account remembers one by one. */
const accountOrdersMax = 1_000;

const cents = (amount: number): number => Math.round(amount * 100);
type Confirmed = OrderBody & { readonly status: "confirmed" };
const isConfirmed = (order: OrderBody | undefined): order is Confirmed => order?.status === "confirmed";
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** The first that is not undefined. */
function first<T>(all: Iterable<T>, violation: (each: T) => string | undefined): string | undefined {
  for (const each of all) {
    const found = violation(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ended({ acknowledged, orders }: Evidence): string | undefined {
  const lost = acknowledged.find(({ status, id }) => (status === 201 || status === 202) && orders.get(id) === undefined);
  if (lost) return `order ${lost.id} was acknowledged with ${lost.status} and cannot be read`;
  const broken = acknowledged.find(({ status, id }) => status === 201 && orders.get(id)?.status !== "confirmed");
  if (broken) return `order ${broken.id} was acknowledged with 201 and is ${orders.get(broken.id)?.status}`;
  return first(orders.values(), (order) => {
    if (!order || order.status === "confirmed") return undefined;
    if (order.status !== "rejected") return `order ${order.id} is ${order.status}, and nothing is going on any more`;
    return order.reason ? undefined : `order ${order.id} is rejected without a reason`;
  });
}

const neverOversold = ({ stock }: Evidence): string | undefined =>
  first(stock, ([sku, { available }]) => (available < 0 ? `${available} of ${sku} are available` : undefined));

function stocked({ stock, orders }: Evidence): string | undefined {
  const sold = new Map<string, number>();
  for (const order of orders.values()) {
    if (!isConfirmed(order)) continue;
    for (const { itemId, quantity } of order.items) sold.set(itemId, (sold.get(itemId) ?? 0) + quantity);
  }
  return first(stock, ([sku, level]) => {
    const { available, reserved, sold: out, received } = level;
    if (received !== available + reserved + out)
      return `of ${sku} ${received} were received, but ${available} + ${reserved} + ${out} are accounted for`;
    if (reserved !== 0) return `${reserved} of ${sku} are still reserved`;
    const ordered = sold.get(sku) ?? 0;
    return out === ordered ? undefined : `${out} of ${sku} were sold, and ${ordered} are in confirmed orders`;
  });
}

const chargedOnce = ({ accounts }: Evidence): string | undefined =>
  first(accounts, ([customer, account]) => {
    const ids = account.orders.map(({ order }) => order);
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    return twice === undefined ? undefined : `order ${twice} is twice in the account of ${customer}`;
  });

function paid(evidence: Evidence): string | undefined {
  return first(evidence.accounts, ([customer, account]) => accountViolation(customer, account, evidence)) ?? bankViolation(evidence);
}

function accountViolation(customer: string, account: Account, { orders }: Evidence): string | undefined {
  const own = [...orders.values()].filter((order) => isConfirmed(order)).filter(({ customerId }) => customerId === customer);
  const owed = sum(own.map(({ total }) => cents(total)));
  const kept = account.charged_cents - account.refunded_cents;
  return (
    first(account.orders, ({ order, status, cents: amount }) => {
      if (status !== "charged") return undefined;
      const known = orders.get(order);
      if (!isConfirmed(known)) return `${customer} is charged for order ${order}, which is ${known?.status ?? "not to be found"}`;
      return amount === cents(known.total) ? undefined : `${customer} is charged ${amount} cents for order ${order} of ${known.total}`;
    }) ??
    (account.orders.length < accountOrdersMax
      ? first(own, ({ id }) =>
          account.orders.some(({ order, status }) => order === id && status === "charged")
            ? undefined
            : `order ${id} is confirmed, and ${customer} was not charged`,
        )
      : undefined) ??
    (kept === owed ? undefined : `${customer} has paid ${kept} cents for confirmed orders of ${owed}`)
  );
}

function bankViolation({ bank, orders }: Evidence): string | undefined {
  if (!bank) return undefined;
  const charged = new Map(bank.flatMap((payment) => (payment.status === "charged" ? [[payment.order, payment] as const] : [])));
  return (
    first(charged.values(), ({ order, cents: amount, customer }) => {
      const known = orders.get(order);
      if (!isConfirmed(known)) return `the bank holds ${amount} cents for order ${order}, which is ${known?.status ?? "not to be found"}`;
      return amount === cents(known.total) && customer === known.customerId
        ? undefined
        : `the bank holds ${amount} cents of ${customer} for order ${order}, which is ${known.customerId}'s and costs ${known.total}`;
    }) ??
    first(orders.values(), (order) =>
      isConfirmed(order) && !charged.has(order.id) ? `order ${order.id} is confirmed, and the bank holds nothing` : undefined,
    )
  );
}

const shipped = ({ orders, shipments }: Evidence): string | undefined =>
  first(orders, ([id, order]) => {
    const of = shipments.get(id) ?? [];
    const stray = of.find((shipment) => shipment.order !== id);
    if (stray) return `shipment ${stray.id} of order ${stray.order} is among those of order ${id}`;
    const wanted = isConfirmed(order) ? 1 : 0;
    return of.length === wanted ? undefined : `order ${id} is ${order?.status ?? "not to be found"} and has ${of.length} shipments`;
  });

function once({ acknowledged, listed, probe }: Evidence): string | undefined {
  const byKey = new Map<string, string>();
  const byId = new Map<string, string>();
  const doubled = first(acknowledged, ({ key, id, status }) => {
    if (status !== 201 && status !== 202) return undefined;
    const [other, taken] = [byKey.get(key), byId.get(id)];
    byKey.set(key, id);
    byId.set(id, key);
    if (other !== undefined && other !== id) return `key ${key} stands for the orders ${other} and ${id}`;
    return taken !== undefined && taken !== key ? `order ${id} stands for the keys ${taken} and ${key}` : undefined;
  });
  if (doubled !== undefined) return doubled;
  const ids = listed.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) return `order ${twice} is twice in the list`;
  const { first: answered, again, other } = probe;
  if (answered.status !== 406) return `an order without anything was answered with ${answered.status}`;
  if (again.status !== answered.status || !isDeepStrictEqual(again.body, answered.body))
    return `one key, and the answers ${JSON.stringify(answered.body)} and ${JSON.stringify(again.body)}`;
  if (!again.replayed) return "an order that was sent again under its key was carried out again";
  return other.status === 422 ? undefined : `another order under the same key was answered with ${other.status}`;
}

function folded({ listed, orders, ofCustomer, counts, stock, entries, unlisted }: Evidence): string | undefined {
  const inList = new Map(listed.map((order) => [order.id, order]));
  return (
    first(orders, ([id, own]) => {
      const shown = inList.get(id);
      if (own && !shown) return `order ${id} is not in the list of orders`;
      return isDeepStrictEqual(shown, own)
        ? undefined
        : `order ${id} is ${JSON.stringify(shown)} in the list and ${JSON.stringify(own)} itself`;
    }) ??
    first(ofCustomer, ([customer, theirs]) => {
      const wanted = new Set(listed.flatMap(({ id, customerId }) => (customerId === customer ? [id] : [])));
      const found = new Set(theirs.map(({ id }) => id));
      if (found.size !== theirs.length) return `an order of ${customer} is twice in their list`;
      const missing = [...wanted].find((id) => !found.has(id)) ?? [...found].find((id) => !wanted.has(id));
      if (missing !== undefined) return `order ${missing} is in one of two lists only: all orders, and those of ${customer}`;
      const other = theirs.find((order) => !isDeepStrictEqual(order, inList.get(order.id)));
      return other && `order ${other.id} differs between the list of all and that of ${customer}`;
    }) ??
    first(counts, ([sku, count]) => {
      const available = stock.get(sku)?.available;
      return count === available ? undefined : `the catalogue offers ${count} of ${sku}, and ${available} are available`;
    }) ??
    first(entries, ({ what, listed: shown, own }) =>
      isDeepStrictEqual(shown, own) ? undefined : `${what} is ${JSON.stringify(shown)} in the list and ${JSON.stringify(own)} itself`,
    ) ??
    (unlisted[0] === undefined ? undefined : `${unlisted[0]} is not in the list of all`)
  );
}

/** The first violation; `lasting` if no rest will mend it. */
export function firstViolation(
  evidence: Evidence,
): { readonly number: number; readonly what: string; readonly lasting: boolean } | undefined {
  for (const { number, always } of invariants) {
    const what = always?.(evidence);
    if (what !== undefined) return { number, what, lasting: true };
  }
  for (const { number, violation } of invariants) {
    const what = violation(evidence);
    if (what !== undefined) return { number, what, lasting: false };
  }
  return undefined;
}

export const invariants: readonly Invariant[] = [
  { number: 1, promise: "every acknowledged order can be read and has ended, confirmed or rejected with a reason", violation: ended },
  {
    number: 2,
    promise: "received = available + reserved + sold, nothing is reserved, sold is what was confirmed",
    violation: stocked,
    always: neverOversold,
  },
  {
    number: 3,
    promise: "charged − refunded is the total of the confirmed orders, and nobody is charged twice",
    violation: paid,
    always: chargedOnce,
  },
  { number: 4, promise: "each confirmed order has exactly one shipment, no other has one", violation: shipped },
  { number: 5, promise: "one Idempotency-Key, one order", violation: once },
  { number: 6, promise: "every list agrees with what each entry says itself", violation: folded },
];
