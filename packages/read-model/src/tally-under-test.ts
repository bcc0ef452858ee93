// A whole system with read models: an entity that counts, a read model of its own events, and one in another service that sees
// its topic only. Both keep the same sums, so that they can be held against the entity's own.
import { contract, entity, service, system } from "@atoll/core";
import * as z from "zod";
import { readModel } from "./definition.ts";
import { tables } from "./tables.ts";

const Total = z.object({ total: z.int(), changes: z.int() });
export const Tally = contract("tally", {
  version: 1,
  key: z.string(),
  access: { add: "any", total: "any", totals: ["reports"] },
  commands: { add: { in: z.object({ by: z.int() }), out: Total, rejects: { Zero: z.object({}) } } },
  queries: { total: { out: Total } },
  topics: { totals: z.object({ by: z.int(), total: z.int() }) },
});
export const tally = entity(Tally, {
  state: Total,
  initial: { total: 0, changes: 0 },
  events: { Began: z.object({}), Added: z.object({ by: z.int() }) },
  decide: {
    add: (s, { by }, turn) =>
      by === 0
        ? turn.reject("Zero", {})
        : (s.changes === 0 ? turn.emit("Began", {}).emit("Added", { by }) : turn.emit("Added", { by })).reply((after) => after),
  },
  evolve: { Began: (s) => s, Added: (s, { by }) => ({ total: s.total + by, changes: s.changes + 1 }) },
  queries: { total: (s) => s },
  publish: { totals: { Added: ({ by }, { total }) => ({ by, total }) } },
});

const rows = { all: { out: z.array(Total.extend({ key: z.string() })) } };
export const Own = contract("own", { version: 1, queries: rows, access: { all: "any" } });
export const Theirs = contract("theirs", { version: 1, queries: rows, access: { all: "any" } });

interface Db {
  tally: { key: string; total: number; changes: number };
}
const tallies = tables<Db>((db) => [
  db.schema
    .createTable("tally")
    .addColumn("key", "text", (c) => c.primaryKey())
    .addColumn("total", "integer", (c) => c.notNull())
    .addColumn("changes", "integer", (c) => c.notNull()),
]);

/** An insert that is refused the second time, and sums that show what is applied twice or not at all. */
export const own = readModel(Own, {
  version: 1,
  tables: tallies,
  from: { tally },
  on: {
    tally: {
      Began: (db, _, at) => db.insertInto("tally").values({ key: at.key, total: 0, changes: 0 }),
      Added: (db, { by }, at) =>
        db
          .updateTable("tally")
          .set((eb) => ({ total: eb("total", "+", by), changes: eb("changes", "+", 1) }))
          .where("key", "=", at.key),
    },
  },
  queries: { all: (db) => db.selectFrom("tally").selectAll().orderBy("key").execute() },
});
const theirs = readModel(Theirs, {
  version: 1,
  tables: tallies,
  from: { totals: Tally.totals },
  on: {
    totals: (db, { by, total }, at) =>
      total === by
        ? db.insertInto("tally").values({ key: at.key, total: by, changes: 1 })
        : db
            .updateTable("tally")
            .set((eb) => ({ total: eb("total", "+", by), changes: eb("changes", "+", 1) }))
            .where("key", "=", at.key),
  },
  queries: { all: (db) => db.selectFrom("tally").selectAll().orderBy("key").execute() },
});

export const tallySystem = system("tallies", {
  services: [service("tallies", [tally, own], { limits: { partitions: 4 } }), service("reports", [theirs])],
});
