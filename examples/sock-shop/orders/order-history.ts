// All orders, and those of one customer: tables folded from the events of the orders. What an order is made of is kept as it was
// placed, as one text, because nobody asks for a part of it.
import { readModel, tables } from "@atoll/read-model";
import { pageOf } from "../paging.ts";
import { OrderDetails, OrderHistory, type OrderStatus } from "./contract.ts";
import { nothingOrdered, order } from "./order.ts";
import type * as z from "zod";

interface Row {
  readonly id: string;
  readonly customer: string | null;
  /** JSON of `OrderDetails`. */
  readonly details: string;
  readonly status: z.infer<typeof OrderStatus>;
  readonly reason: string | null;
  readonly at: number;
}

export const orderHistory = readModel(OrderHistory, {
  version: 1,
  tables: tables<{ orders: Row }>((db) => [
    db.schema
      .createTable("orders")
      .addColumn("id", "text", (c) => c.primaryKey())
      .addColumn("customer", "text")
      .addColumn("details", "text", (c) => c.notNull())
      .addColumn("status", "text", (c) => c.notNull())
      .addColumn("reason", "text")
      .addColumn("at", "integer", (c) => c.notNull()),
    db.schema.createIndex("orders_at").on("orders").columns(["at", "id"]),
    db.schema.createIndex("orders_of").on("orders").columns(["customer", "at", "id"]),
  ]),
  from: { order },
  on: {
    order: {
      Placed: (db, { at, ...details }, { key }) =>
        db.insertInto("orders").values({
          id: key,
          customer: details.customerId,
          details: JSON.stringify(details),
          status: "placed",
          reason: null,
          at,
        }),
      Confirmed: (db, _, { key }) => db.updateTable("orders").set({ status: "confirmed" }).where("id", "=", key),
      // One that was refused before it came has nothing but the refusal.
      Refused: (db, { reason, at }, { key }) =>
        db
          .insertInto("orders")
          .values({ id: key, customer: null, details: JSON.stringify(nothingOrdered), status: "rejected", reason, at })
          .onConflict((conflict) => conflict.column("id").doUpdateSet({ status: "rejected", reason })),
    },
  },
  queries: {
    all: async (db, asked) => {
      const count = db.selectFrom("orders").select((eb) => eb.fn.countAll<number>().as("total"));
      const all = db.selectFrom("orders").selectAll().select(count.as("total")).orderBy("at").orderBy("id");
      const { rows, total } = await pageOf(all, count, asked);
      return { entries: rows.map(recordOf), total };
    },
    of: async (db, { customer, page, size, rejected }) => {
      const all = db.selectFrom("orders").where("customer", "=", customer);
      const theirs = rejected ? all : all.where("status", "!=", "rejected");
      const count = theirs.select((eb) => eb.fn.countAll<number>().as("total"));
      const direction = page === undefined ? "desc" : "asc";
      const ordered = theirs.selectAll().select(count.as("total")).orderBy("at", direction).orderBy("id", direction);
      const { rows, total } = await pageOf(ordered, count, { page: page ?? 1, size });
      const oldestFirst = page === undefined ? rows.toReversed() : rows;
      return { entries: oldestFirst.map(recordOf), total };
    },
  },
});

const recordOf = ({ id, details, status, reason, at }: Row) => ({ id, ...OrderDetails.parse(JSON.parse(details)), status, reason, at });
