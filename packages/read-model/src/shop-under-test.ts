// A read model to test with: orders by customer, as the design's example has it, with rows that tell whether an event was
// applied twice or not at all, and events that can be poisoned in every way.
import { contract, entity } from "@atoll/core";
import * as z from "zod";
import { readModel } from "./definition.ts";
import { tables } from "./tables.ts";

const Order = contract("order", {
  version: 1,
  key: z.string(),
  commands: { place: {} },
});
export const order = entity(Order, {
  state: z.object({}),
  initial: {},
  events: {
    Placed: z.object({ customer: z.string(), cents: z.int() }),
    Changed: z.object({ by: z.int() }),
    Cancelled: z.object({}),
    Viewed: z.object({}),
  },
  decide: { place: (_, __, turn) => turn.reply() },
  evolve: { Placed: (s) => s, Changed: (s) => s, Cancelled: (s) => s, Viewed: (s) => s },
});

const Row = z.object({ id: z.string(), customer: z.string(), cents: z.int(), changes: z.int() });
export const History = contract("order-history", {
  version: 1,
  access: { of: "any", total: "any" },
  queries: {
    of: { in: z.object({ customer: z.string() }), out: z.array(Row), rejects: { Nobody: z.object({ customer: z.string() }) } },
    total: { out: z.object({ orders: z.int(), cents: z.int() }) },
  },
});

export interface Db {
  orders: { id: string; customer: string; cents: number; changes: number };
}

export const historyTables = tables<Db>((db) => [
  db.schema
    .createTable("orders")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("customer", "text", (c) => c.notNull())
    .addColumn("cents", "integer", (c) => c.notNull())
    .addColumn("changes", "integer", (c) => c.notNull()),
  db.schema.createIndex("orders_customer").on("orders").column("customer"),
]);

/** What makes handlers throw, while it is not mended. */
export const poison = { thrown: true };

export const historyOf = (version: number) =>
  readModel(History, {
    version,
    tables: historyTables,
    from: { order },
    on: {
      order: {
        // Not an upsert: applied twice it would be refused.
        Placed: (db, { customer, cents }, at) => db.insertInto("orders").values({ id: at.key, customer, cents, changes: 0 }),
        Changed: (db, { by }, at) => {
          if (by === 13 && poison.thrown) throw new RangeError("thirteen cannot be added");
          return db
            .updateTable("orders")
            .set((eb) => ({ cents: eb("cents", "+", by), changes: eb("changes", "+", 1) }))
            .where("id", "=", at.key);
        },
        Cancelled: (db, _, at) => db.deleteFrom("orders").where("id", "=", at.key),
      },
    },
    queries: {
      of: async (db, { customer }, q) => {
        const rows = await db.selectFrom("orders").selectAll().where("customer", "=", customer).orderBy("id").execute();
        return rows.length === 0 ? q.reject("Nobody", { customer }) : rows;
      },
      total: async (db) => {
        const { orders, cents } = await db
          .selectFrom("orders")
          .select((eb) => [eb.fn.countAll<number>().as("orders"), eb.fn.coalesce(eb.fn.sum<number>("cents"), eb.lit(0)).as("cents")])
          .executeTakeFirstOrThrow();
        return { orders, cents };
      },
    },
  });
