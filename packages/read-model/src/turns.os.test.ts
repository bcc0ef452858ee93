// What a read model that has much to apply leaves to others: the event loop comes round after at most `eventsPerTurnMax` events,
// however many partitions they come from. A command takes several turns until its answer, so each of them must be short.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { contract, service, start, system } from "@atoll/core";
import * as z from "zod";
import { readModel } from "./definition.ts";
import { readModelLimits } from "./limits.ts";
import { tables } from "./tables.ts";
import { Tally, tally } from "./tally-under-test.ts";

const Counts = contract("counts", { version: 1, access: { all: "any" }, queries: { all: { out: z.object({ changes: z.int() }) } } });

/** Events since the loop came round, now and at most. */
const seen = { now: 0, most: 0 };
const see = (): void => {
  seen.now += 1;
  seen.most = Math.max(seen.most, seen.now);
};

const counts = readModel(Counts, {
  version: 1,
  tables: tables<{ count: { id: number; changes: number } }>((db) => [
    db.schema
      .createTable("count")
      .addColumn("id", "integer", (c) => c.primaryKey())
      .addColumn("changes", "integer", (c) => c.notNull()),
  ]),
  from: { tally },
  on: {
    tally: {
      Began: () => {
        see();
        return undefined;
      },
      Added: (db) => {
        see();
        return db
          .insertInto("count")
          .values({ id: 1, changes: 1 })
          .onConflict((c) => c.column("id").doUpdateSet((eb) => ({ changes: eb("count.changes", "+", 1) })));
      },
    },
  },
  queries: { all: (db) => db.selectFrom("count").select("changes").executeTakeFirstOrThrow() },
});

test("read model: while it is rebuilt from many partitions, others have their turn after at most 16 events", async () => {
  const data = mkdtempSync(join(tmpdir(), "atoll-turns-"));
  try {
    const counted = system("counted", { services: [service("tallies", [tally, counts], { limits: { partitions: 16 } })] });
    await using running = await start(counted, { data, logger: { log: () => undefined } });
    await Promise.all(Array.from({ length: 480 }, (_, i) => running.at(Tally, `k${i}`).add({ by: 1 })));
    const isBuilding = (): boolean =>
      running.readModels
        .list()
        .some(({ state, rebuilt, sources }) => state !== "live" || rebuilt !== undefined || sources.some(({ behind }) => behind > 0));
    while (isBuilding()) await turn();
    Object.assign(seen, { now: 0, most: 0 });
    await running.readModels.rebuild("tallies", "counts");
    while (isBuilding()) {
      await turn();
      seen.now = 0;
    }
    assert.deepEqual(await running.at(Counts).all(), { changes: 480 });
    assert.equal(readModelLimits.eventsPerTurnMax, 16);
    assert.ok(seen.most > 0 && seen.most <= 16, `${seen.most} events without a turn for others`);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
