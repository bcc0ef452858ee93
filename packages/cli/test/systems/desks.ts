// Counters, sums of them in a read model, and handlers that ask both; each answer says by which processes it was given. The gateway
// keeps nothing.
import { contract, entity, handlers, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import { readModel, tables } from "@atoll/read-model";
import * as z from "zod";

const Count = z.object({ count: z.int() });
const Tally = contract("tally", {
  version: 1,
  key: z.string(),
  access: { add: ["gateway"] },
  commands: { add: { out: Count } },
  queries: { now: { out: Count } },
});
const tally = entity(Tally, {
  state: Count,
  initial: { count: 0 },
  events: { Added: z.object({}) },
  decide: { add: (_, __, turn) => turn.emit("Added", {}).reply((after) => after) },
  evolve: { Added: ({ count }) => ({ count: count + 1 }) },
  queries: { now: (state) => state },
});

const Shown = z.object({ count: z.int(), by: z.int() });
const Sums = contract("sums", {
  version: 1,
  access: { of: ["gateway"] },
  queries: { of: { in: z.object({ key: z.string() }), out: Shown } },
});
const sums = readModel(Sums, {
  version: 1,
  tables: tables<{ sum: { key: string; count: number } }>((db) => [
    db.schema
      .createTable("sum")
      .addColumn("key", "text", (c) => c.primaryKey())
      .addColumn("count", "integer", (c) => c.notNull()),
  ]),
  from: { tally },
  on: {
    tally: {
      Added: (db, _, at) =>
        db
          .insertInto("sum")
          .values({ key: at.key, count: 1 })
          .onConflict((c) => c.column("key").doUpdateSet((eb) => ({ count: eb("sum.count", "+", 1) }))),
    },
  },
  queries: {
    of: async (db, { key }) => {
      const row = await db.selectFrom("sum").select("count").where("key", "=", key).executeTakeFirst();
      return { count: row?.count ?? 0, by: process.pid };
    },
  },
});

const Asked = z.object({ key: z.string() });
const Desk = contract("desk", {
  version: 1,
  access: { look: ["gateway"], compare: ["gateway"] },
  queries: {
    look: { in: Asked, out: Shown.extend({ at: z.int() }) },
    compare: { in: Asked, out: z.object({ counted: z.int(), shown: z.int() }) },
  },
});
const desk = handlers(Desk, {
  handle: {
    look: async ({ key }, cx) => {
      const { count, by } = await cx.at(Sums).of({ key });
      return { count, by, at: process.pid };
    },
    compare: async ({ key }, cx) => {
      const { count: counted } = await cx.at(Tally, key).now();
      const { count: shown } = await cx.at(Sums).of({ key });
      return { counted, shown };
    },
  },
});

export const desks = system("desks", {
  services: [service("desks", [tally, sums, desk])],
  gateway: {
    ...gateway([
      route("POST /tallies/:id", Tally.add, { key: (r) => r.params.id, within: "60s" }),
      route("POST /sums", Sums.of, { within: "60s" }),
      route("POST /look", Desk.look, { within: "60s" }),
      route("POST /compare", Desk.compare, { within: "60s" }),
    ]),
    parts: [],
  },
});
