// Counters with a read model that cannot apply one of their events while the file named by ATOLL_TEST_POISON is there.
import { contract, entity, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import { readModel, tables } from "@atoll/read-model";
import { existsSync } from "node:fs";
import * as z from "zod";

const Tally = contract("tally", {
  version: 1,
  key: z.string(),
  access: { add: ["gateway"] },
  commands: { add: { in: z.object({ by: z.int() }) } },
});
const tally = entity(Tally, {
  state: z.object({}),
  initial: {},
  events: { Added: z.object({ by: z.int() }) },
  decide: { add: (_, { by }, turn) => turn.emit("Added", { by }) },
  evolve: { Added: (state) => state },
});
const Sums = contract("sums", {
  version: 1,
  access: { all: ["gateway"] },
  queries: { all: { out: z.array(z.object({ key: z.string(), total: z.int() })) } },
});
const sums = readModel(Sums, {
  version: 1,
  tables: tables<{ sum: { key: string; total: number } }>((db) => [
    db.schema
      .createTable("sum")
      .addColumn("key", "text", (c) => c.primaryKey())
      .addColumn("total", "integer"),
  ]),
  from: { tally },
  on: {
    tally: {
      Added: (db, { by }, at) => {
        if (by === 13 && existsSync(process.env["ATOLL_TEST_POISON"] ?? "")) throw new RangeError("thirteen cannot be added");
        return db
          .insertInto("sum")
          .values({ key: at.key, total: by })
          .onConflict((c) => c.column("key").doUpdateSet((eb) => ({ total: eb("sum.total", "+", by) })));
      },
    },
  },
  queries: { all: (db) => db.selectFrom("sum").selectAll().orderBy("key").execute() },
});

export const shelved = system("shelved", {
  services: [service("tallies", [tally, sums])],
  gateway: gateway([route("POST /tallies/:id", Tally.add, { key: (r) => r.params.id }), route("GET /sums", Sums.all)]),
});
