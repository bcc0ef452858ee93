// Read models and sessions: who comes to the lounges how often.
// #region read-model
import { contract, service, system, type Running } from "@atoll/core";
import { readModel, tables } from "@atoll/read-model";
import * as z from "zod";
import { Lounge, lounge } from "./lounge.ts";

const Row = z.object({ guest: z.string(), visits: z.int() });

export const Regulars = contract("regulars", {
  version: 1,
  queries: { top: { in: z.object({ size: z.int().max(100) }), out: z.array(Row) } },
  access: { top: "any" },
});

export const regulars = readModel(Regulars, {
  version: 1, // raise it when tables, from or on change: a new one is built from the first event on
  tables: tables<{ visits: z.infer<typeof Row> }>((db) => [
    db.schema
      .createTable("visits")
      .addColumn("guest", "text", (c) => c.primaryKey())
      .addColumn("visits", "integer"),
  ]),
  from: { lounge },
  on: {
    lounge: {
      Entered: (db, { guest }) =>
        db
          .insertInto("visits")
          .values({ guest, visits: 1 })
          .onConflict((c) => c.column("guest").doUpdateSet((eb) => ({ visits: eb("visits.visits", "+", 1) }))),
    },
  },
  queries: { top: (db, { size }) => db.selectFrom("visits").selectAll().orderBy("visits", "desc").orderBy("guest").limit(size).execute() },
});

export const airportWithRegulars = system("airport", { services: [service("lounges", [lounge, regulars])] });
// #endregion

// #region session
/** What a visitor sees right after entering: a session reads what it wrote. */
export async function enterAndLook(running: Running, guest: string) {
  const me = running.session();
  await me.at(Lounge, "east").enter({ guest });
  return me.at(Regulars).top({ size: 10 });
}
// #endregion
