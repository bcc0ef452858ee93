// Mistakes 23 to 25, those of read models. See bad.ts for how to read the directives.
import { OrderHistory, order } from "./shop.ts";
import { readModel, tables } from "./others.ts";

const orders = tables<{ orders: { id: string; customer: string } }>(() => []);
const rest = { version: 1, tables: orders, from: { order } } as const;
const queries = { of: async () => [] };

// Without a mistake all of this compiles.
readModel(OrderHistory, {
  ...rest,
  on: { order: { Placed: (db, e, at) => db.insertInto("orders").values({ id: at.key, customer: e.customer }) } },
  queries,
});

// @ts-expect-error 23 no such column: `'idd' does not exist`
readModel(OrderHistory, { ...rest, on: { order: { Placed: (db) => db.insertInto("orders").values({ idd: "1" }) } }, queries });
// @ts-expect-error 24 no such event: `'Placd' does not exist` `Did you mean to write 'Placed'`
readModel(OrderHistory, { ...rest, on: { order: { Placd: () => undefined } }, queries });
// @ts-expect-error 25 rows that are not the promised ones (a forgotten selectAll): `missing the following properties` `id, customer, status, cents`
readModel(OrderHistory, { ...rest, on: { order: {} }, queries: { of: (db) => db.selectFrom("orders").execute() } });
