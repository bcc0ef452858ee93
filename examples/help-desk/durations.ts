// How long cases took. It belongs to another service than the cases, and knows of them what their topic says.
import { readModel, tables } from "@atoll/read-model";
import type * as z from "zod";
import { Case, type Closing, Durations } from "./contract.ts";

export const durations = readModel(Durations, {
  version: 1,
  tables: tables<{ closings: z.infer<typeof Closing> }>((db) => [
    db.schema
      .createTable("closings")
      .addColumn("caseId", "text", (c) => c.primaryKey())
      .addColumn("product", "text")
      .addColumn("opened", "text")
      .addColumn("closed", "text")
      .addColumn("seconds", "integer"),
  ]),
  from: { closed: Case.closed },
  on: {
    closed: (db, { caseId, ...rest }) =>
      db
        .insertInto("closings")
        .values({ caseId, ...rest })
        .onConflict((c) => c.column("caseId").doUpdateSet(rest)),
  },
  queries: {
    byProduct: (db) =>
      db
        .selectFrom("closings")
        .select(({ fn }) => [
          "product",
          fn.countAll<number>().as("cases"),
          fn.sum<number>("seconds").as("seconds"),
          fn.min("seconds").as("shortest"),
          fn.max("seconds").as("longest"),
        ])
        .groupBy("product")
        .orderBy("product")
        .execute(),
    longest: (db, { size }) => db.selectFrom("closings").selectAll().orderBy("seconds", "desc").orderBy("caseId").limit(size).execute(),
  },
});
