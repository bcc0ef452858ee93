// Who did what how often, and in how many cases: counts that hold whatever the order between cases.
import { readModel, tables } from "@atoll/read-model";
import { helpCase } from "./case.ts";
import { Workload } from "./contract.ts";

interface Db {
  readonly activities: { readonly resource: string; readonly seriousness: string; readonly activity: string; readonly times: number };
  /** A row for each resource that had a part in a case, however often. */
  readonly parts: { readonly resource: string; readonly seriousness: string; readonly case_id: string };
}

export const workload = readModel(Workload, {
  version: 1,
  tables: tables<Db>((db) => [
    db.schema
      .createTable("activities")
      .addColumn("resource", "text")
      .addColumn("seriousness", "text")
      .addColumn("activity", "text")
      .addColumn("times", "integer")
      .addPrimaryKeyConstraint("activities_key", ["resource", "seriousness", "activity"]),
    db.schema
      .createTable("parts")
      .addColumn("resource", "text")
      .addColumn("seriousness", "text")
      .addColumn("case_id", "text")
      .addPrimaryKeyConstraint("parts_key", ["resource", "seriousness", "case_id"]),
  ]),
  from: { helpCase },
  on: {
    helpCase: {
      Recorded: (db, { resource, seriousness, activity }, at) => [
        db
          .insertInto("activities")
          .values({ resource, seriousness, activity, times: 1 })
          .onConflict((c) =>
            c.columns(["resource", "seriousness", "activity"]).doUpdateSet((eb) => ({ times: eb("activities.times", "+", 1) })),
          ),
        db
          .insertInto("parts")
          .values({ resource, seriousness, case_id: at.key })
          .onConflict((c) => c.doNothing()),
      ],
    },
  },
  queries: {
    activities: (db) => db.selectFrom("activities").selectAll().orderBy("resource").orderBy("seriousness").orderBy("activity").execute(),
    cases: (db) =>
      db
        .selectFrom("parts")
        .select(["resource", "seriousness", (eb) => eb.fn.countAll<number>().as("cases")])
        .groupBy(["resource", "seriousness"])
        .orderBy("resource")
        .orderBy("seriousness")
        .execute(),
  },
});
