// G1 to G4: which file answers, how another takes its place, what a start makes of what it finds.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "@atoll/core";
import { readModel } from "./definition.ts";
import { foldOf, totalOf } from "./fold-under-test.ts";
import { History, historyOf, historyTables, order, poison } from "./shop-under-test.ts";
import { tables } from "./tables.ts";
import { virtually, type VirtualReadModel } from "./virtual-under-test.ts";

const place = (cents = 1): readonly [string, unknown] => ["Placed", { customer: "u", cents }];

function fill({ log }: VirtualReadModel, count: number): void {
  for (let i = 0; i < count; i++) log.append(`k${log.partitions.flat().length}`, place(i));
}

const failureOf = async (asked: Promise<unknown>): Promise<Failure> => {
  const error: unknown = await asked.then(
    () => assert.fail("it was answered"),
    (cause: unknown) => cause,
  );
  return error as Failure;
};

test("lineage: a rebuild under load takes the place of the old one without a moment in which nobody answers, or less than before", () =>
  virtually(
    async (running) => {
      const { log } = running;
      log.pageRecords = 5;
      fill(running, 300);
      await running.open();
      await running.host.caughtUp(log);
      const { control } = running.host.host;
      await control.rebuild();
      const over = new AbortController();
      let least = 0;
      let asked = 0;
      const reader = (async () => {
        while (!over.signal.aborted) {
          const { orders } = (await running.host.value(History.total)) as { readonly orders: number };
          assert(orders >= least, `${orders} after ${least}`);
          least = orders;
          asked += 1;
        }
      })();
      const progress = new Set<number>();
      while (control.status().rebuilt !== undefined) {
        progress.add(control.status().rebuilt as number);
        assert.equal(control.status().state, "live");
        fill(running, 1);
        await running.pause(1);
      }
      assert(progress.size > 5, "its progress is told");
      await running.pause(50);
      over.abort();
      await reader;
      assert(asked > 20);
      await running.host.caughtUp(log);
      assert.deepEqual(await running.host.value(History.total), totalOf(foldOf(log)));
      assert.deepEqual(running.files(), [{ name: "order-history-v1-2", state: "live" }], "the old file is gone");
    },
    { limits: { batchEventsMax: 5, caughtUpRecords: 150 } },
  ));

test("lineage: a query that began before the swap ends on the old file, which is removed only then", () =>
  virtually(async (running) => {
    const { log } = running;
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const slow = readModel(History, {
      version: 1,
      tables: historyTables,
      from: { order },
      on: {
        order: { Placed: (db, { customer, cents }, at) => db.insertInto("orders").values({ id: at.key, customer, cents, changes: 0 }) },
      },
      queries: {
        of: async () => [],
        total: async (db) => {
          begun += 1;
          if (begun === 1) await gate.promise;
          const rows = await db.selectFrom("orders").select("cents").execute();
          return { orders: rows.length, cents: 0 };
        },
      },
    });
    fill(running, 3);
    await running.open(slow);
    await running.host.caughtUp(log);
    const asked = running.host.value(History.total);
    await running.pause(5);
    await running.host.host.control.rebuild();
    await running.pause(100);
    fill(running, 2);
    await running.host.caughtUp(log);
    assert.deepEqual(await running.host.value(History.total), { orders: 5, cents: 0 });
    assert.equal(running.files().length, 2);
    gate.resolve();
    assert.deepEqual(await asked, { orders: 3, cents: 0 }, "its file has not moved since");
    await running.pause(50);
    assert.deepEqual(running.files(), [{ name: "order-history-v1-2", state: "live" }]);
  }));

test("lineage: a higher version is built from the beginning while queries wait a little, then fail with how far it is, then are answered", () =>
  virtually(
    async (running) => {
      const { log } = running;
      log.pageRecords = 2;
      fill(running, 400);
      await running.open(historyOf(1));
      await running.host.caughtUp(log);
      await running.crash(historyOf(2));
      const { control } = running.host.host;
      assert.equal(control.status().state, "building");
      const failure = await failureOf(running.host.ask(History.total));
      assert.deepEqual([failure.code, failure.outcome, failure.retry], ["UNAVAILABLE", "not-delivered", "later"]);
      assert.match(failure.message, /version 2 is being built: \d+ % of the log is applied, \d+ records are left/);
      assert.deepEqual(
        running.files().map(({ name }) => name),
        ["order-history-v1-1", "order-history-v2-1"],
        "the old version's file waits for a program that is rolled back",
      );
      await running.host.caughtUp(log);
      assert.equal(control.status().state, "live");
      assert.deepEqual(await running.host.value(History.total), totalOf(foldOf(log)));
      await running.pause(50);
      assert.deepEqual(running.files(), [{ name: "order-history-v2-1", state: "live" }]);
    },
    { limits: { batchEventsMax: 1, buildingWaitMs: 20, caughtUpRecords: 10 } },
  ));

test("lineage: a query that comes while a small one is being built waits and is answered", () =>
  virtually(
    async (running) => {
      fill(running, 50);
      await running.open();
      assert.deepEqual(await running.host.value(History.total), totalOf(foldOf(running.log)));
    },
    { limits: { caughtUpRecords: 0 } },
  ));

test("lineage: a version that was rolled back is built again, and keeps the newer one's file", () =>
  virtually(async (running) => {
    fill(running, 20);
    await running.open(historyOf(1));
    await running.host.caughtUp(running.log);
    await running.crash(historyOf(2));
    await running.host.caughtUp(running.log);
    await running.crash(historyOf(1));
    await running.host.caughtUp(running.log);
    assert.deepEqual(await running.host.value(History.total), totalOf(foldOf(running.log)));
    assert.deepEqual(
      running.files().map(({ name }) => name),
      ["order-history-v1-1", "order-history-v2-1"],
    );
  }));

test("lineage: a build that a crash interrupts is gone on with, not begun again", () =>
  virtually(
    async (running) => {
      const { log } = running;
      log.pageRecords = 2;
      fill(running, 300);
      await running.open();
      await running.pause(150);
      const { rebuilt = 1 } = running.host.host.control.status();
      assert(rebuilt > 0.1 && rebuilt < 0.9, `${rebuilt}`);
      await running.host.close();
      const before = log.reads;
      await running.crash();
      await running.host.caughtUp(log);
      assert(log.reads - before < 300, `${log.reads - before} of 300 records were read`);
      assert.deepEqual(running.files(), [{ name: "order-history-v1-1", state: "live" }]);
    },
    { limits: { batchEventsMax: 2, caughtUpRecords: 0 } },
  ));

test("lineage: a restored, replaced or shortened log is LOG_FORKED for every query, until a rebuild", async () => {
  const forks: readonly ((log: VirtualReadModel["log"]) => void)[] = [
    (log) => (log.timeline += 1),
    (log) => (log.logId = "f".repeat(32)),
    (log) => void log.partitions.find((records) => records.length > 0)?.pop(),
  ];
  const words = [
    /built on timeline 1 of the log, and this is timeline 2/,
    /built from log 0123.* this is log ffff/,
    /has applied \d+ records, and the log holds/,
  ];
  for (const [i, fork] of forks.entries()) {
    await virtually(async (running) => {
      const { log } = running;
      fill(running, 10);
      await running.open();
      await running.host.caughtUp(log);
      await running.host.close();
      fork(log);
      await running.crash();
      const { control } = running.host.host;
      for (let again = 0; again < 2; again++) {
        const failure = await failureOf(running.host.ask(History.total));
        assert.equal(failure.code, "LOG_FORKED");
        assert.match(failure.message, words[i] as RegExp);
        assert.match(failure.message, /npx atoll read-models rebuild/);
      }
      assert.equal(control.status().state, "failing");
      await control.rebuild();
      await running.host.caughtUp(log);
      assert.deepEqual(await running.host.value(History.total), totalOf(foldOf(log)));
      await running.pause(50);
      assert.deepEqual(running.files(), [{ name: "order-history-v1-2", state: "live" }]);
    });
  }
});

const withTables = (create: Parameters<typeof tables>[0]): unknown =>
  readModel(History, {
    version: 1,
    tables: tables(create),
    from: { order },
    on: { order: {} },
    queries: { of: async () => [], total: async () => ({ orders: 0, cents: 0 }) },
  });

test("lineage: tables that SQLite does not take fail the start with the SQL, and leave no file", () =>
  virtually(async (running) => {
    const twice = withTables((db) => [
      db.schema.createTable("a").addColumn("x", "text"),
      db.schema.createTable("a").addColumn("y", "text"),
    ]);
    const failure = await failureOf(running.open(twice));
    assert.equal(failure.code, "INVALID_DEFINITION");
    assert.match(failure.message, /table "?a"? already exists.*in: create table "a" \("y" text\)/);
    const ours = await failureOf(running.open(withTables((db) => [db.schema.createTable("atoll_model").addColumn("x", "text")])));
    assert.match(ours.message, /tables that begin with "atoll_" are the platform's own/);
    assert.deepEqual(running.files(), []);
  }));

test("lineage: tables that changed while the version did not are refused at start, and the file is left as it was", () =>
  virtually(async (running) => {
    fill(running, 5);
    await running.open();
    await running.host.caughtUp(running.log);
    await running.host.close();
    const failure = await failureOf(running.crash(withTables((db) => [db.schema.createTable("orders").addColumn("id", "text")])));
    assert.equal(failure.code, "INVALID_DEFINITION");
    assert.match(failure.message, /raise `version`/);
    await running.crash();
    assert.deepEqual(await running.host.value(History.total), totalOf(foldOf(running.log)));
  }));

test("lineage: a rebuild that fails for good leaves the old one answering and moving, says why, and can be begun again", () =>
  virtually(
    async (running) => {
      const { log } = running;
      await running.open();
      poison.thrown = false;
      for (let i = 0; i < 10; i++) log.append(`k${i}`, place(), ["Changed", { by: 13 }]);
      await running.host.caughtUp(log);
      poison.thrown = true;
      const { control } = running.host.host;
      await control.rebuild();
      await running.pause(500);
      log.append("more", place());
      await running.host.caughtUp(log);
      assert.deepEqual(await running.host.value(History.total), totalOf(foldOf(log)));
      const { state, reason, rebuilt } = control.status();
      assert.deepEqual([state, rebuilt], ["live", undefined]);
      assert.match(reason ?? "", /rebuilding it has failed: .*more than 3 entities would be parked/);
      poison.thrown = false;
      await control.rebuild();
      await running.pause(500);
      assert.deepEqual(control.status().reason, undefined);
      assert.deepEqual(running.files(), [{ name: "order-history-v1-3", state: "live" }]);
      assert.deepEqual(running.rows(), foldOf(log));
      poison.thrown = true;
    },
    { limits: { parkedMax: 3 } },
  ));

test("lineage: closing in the middle of a rebuild, a swap or a failing medium ends at once", async () => {
  for (let ms = 0; ms < 60; ms += 3) {
    await virtually(
      async (running) => {
        running.log.pageRecords = 3;
        fill(running, 40);
        await running.open();
        if (ms % 2 === 0) running.tables.faults = { failed: 0.5, ambiguous: 0.3 };
        void running.host.host.control.rebuild().catch(() => undefined);
        await running.pause(ms);
        const startedMs = running.world.timeMs;
        await running.host.close();
        assert(running.world.timeMs - startedMs < 100, `${running.world.timeMs - startedMs} ms`);
      },
      { seed: ms + 1, limits: { batchEventsMax: 2 } },
    );
  }
});
