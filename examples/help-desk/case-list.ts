// The list of cases: a row for each, kept from the cases' own events.
import { readModel, tables } from "@atoll/read-model";
import { helpCase } from "./case.ts";
import { CaseList } from "./contract.ts";

interface Row {
  readonly id: string;
  /** SQLite has no booleans: 0 or 1. */
  readonly open: number;
  readonly activities: number;
  readonly reopened: number;
  readonly opened: string;
  readonly last: string;
  readonly resource: string;
  readonly seriousness: string;
  readonly customer: string;
  readonly product: string;
}

export const caseList = readModel(CaseList, {
  version: 1,
  tables: tables<{ cases: Row }>((db) => [
    db.schema
      .createTable("cases")
      .addColumn("id", "text", (c) => c.primaryKey())
      .addColumn("open", "integer")
      .addColumn("activities", "integer")
      .addColumn("reopened", "integer")
      .addColumn("opened", "text")
      .addColumn("last", "text")
      .addColumn("resource", "text")
      .addColumn("seriousness", "text")
      .addColumn("customer", "text")
      .addColumn("product", "text"),
  ]),
  from: { helpCase },
  on: {
    helpCase: {
      Recorded: (db, { at: last, resource, seriousness, customer, product }, at) => {
        const newest = { last, resource, seriousness, customer, product };
        return db
          .insertInto("cases")
          .values({ id: at.key, open: 1, activities: 1, reopened: 0, opened: last, ...newest })
          .onConflict((c) => c.column("id").doUpdateSet((eb) => ({ ...newest, activities: eb("cases.activities", "+", 1) })));
      },
      Closed: (db, _, at) => db.updateTable("cases").set({ open: 0 }).where("id", "=", at.key),
      Reopened: (db, _, at) =>
        db
          .updateTable("cases")
          .set((eb) => ({ open: 1, reopened: eb("reopened", "+", 1) }))
          .where("id", "=", at.key),
    },
  },
  queries: {
    page: async (db, { open, after, size }) => {
      let rows = db.selectFrom("cases").selectAll().where("id", ">", after).orderBy("id").limit(size);
      if (open !== undefined) rows = rows.where("open", "=", open ? 1 : 0);
      return (await rows.execute()).map((row) => ({ ...row, open: row.open === 1 }));
    },
  },
});
