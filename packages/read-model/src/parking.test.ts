// P4, P5: what an event that cannot be applied does to its entity, to others, and how its entity comes back.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { foldOf, totalOf } from "./fold-under-test.ts";
import { History, poison } from "./shop-under-test.ts";
import { virtually } from "./virtual-under-test.ts";

afterEach(() => {
  poison.thrown = true;
});

const place = (cents = 1): readonly [string, unknown] => ["Placed", { customer: "u", cents }];
const change = (by: number): readonly [string, unknown] => ["Changed", { by }];

const parkedOf = (found: readonly { readonly key: string; readonly offset: number; readonly skipped: number }[]) =>
  found.map(({ key, offset, skipped }) => [key, offset, skipped]);

test("parked: a handler that throws parks its entity with the reason, others go on, and a crash changes nothing about it", () =>
  virtually(async (running) => {
    const { log } = running;
    await running.open();
    log.append("a", place(), change(2));
    log.append("b", place());
    const offset = log.append("a", change(13));
    log.append("a", change(4));
    log.append("b", change(5));
    await running.host.caughtUp(log);
    const expected = [
      { id: "a", customer: "u", cents: 3, changes: 1 },
      { id: "b", customer: "u", cents: 6, changes: 1 },
    ];
    assert.deepEqual(await running.host.value(History.of, { customer: "u" }), expected);
    const [parked, ...more] = running.host.host.control.parked();
    assert.deepEqual(more, []);
    assert.deepEqual([parked?.source, parked?.key, parked?.offset, parked?.skipped], ["order", "a", offset, 1]);
    assert.match(parked?.reason ?? "", /thirteen cannot be added/);
    assert.match(running.process.metrics.render(), /atoll_read_model_parked\{service="shop",read_model="order-history"\} 1\n/);
    await running.crash();
    log.append("a", change(7));
    await running.host.caughtUp(log);
    assert.deepEqual(await running.host.value(History.of, { customer: "u" }), expected);
    assert.deepEqual(parkedOf(running.host.host.control.parked()), [["a", offset, 2]]);
  }));

test("parked: SQL that is refused parks exactly the entities at fault, among many in one transaction", () =>
  virtually(async (running) => {
    const { log } = running;
    for (let i = 0; i < 50; i++) log.append(`k${i}`, place(i));
    for (let i = 0; i < 50; i += 7) log.append(`k${i}`, change(1), place(), change(1)); // placed twice: refused by SQLite
    for (let i = 0; i < 50; i++) log.append(`k${i}`, change(100));
    await running.open();
    await running.host.caughtUp(log);
    const bad = new Set(Array.from({ length: 8 }, (_, i) => `k${i * 7}`));
    const parked = running.host.host.control.parked();
    assert.deepEqual(new Set(parked.map(({ key }) => key)), bad);
    assert(parked.every(({ reason, skipped }) => /UNIQUE constraint failed: orders\.id/.test(reason) && skipped === 2));
    const rows = running.rows();
    assert.deepEqual(
      rows.filter(({ id }) => !bad.has(id)),
      foldOf(log, bad),
    );
    // The event before the refused one, in the same record, is applied: a record is a list of events.
    for (const { id, cents, changes } of rows) if (bad.has(id)) assert.deepEqual([cents, changes], [Number(id.slice(1)) + 1, 1]);
  }));

test("parked: an event whose data cannot be read parks its entity, if anything here depends on it", () =>
  virtually(async (running) => {
    const { log } = running;
    log.append("a", place());
    log.append("a", ["Changed", undefined, new TypeError("no such version")]);
    log.append("b", place(), ["Viewed", undefined, new TypeError("nobody looks at it")]);
    await running.open();
    await running.host.caughtUp(log);
    const parked = running.host.host.control.parked();
    assert.deepEqual(parkedOf(parked), [["a", 1, 0]]);
    assert.match(parked[0]?.reason ?? "", /no such version/);
  }));

test("parked: a value that SQLite has no form for, a promise and a select park their entity with what to do about it", () =>
  virtually(async (running) => {
    const { log } = running;
    log.append("a", ["Placed", { customer: "u", cents: Number.NaN }]);
    log.append("b", ["Placed", { customer: { deep: 1 }, cents: 1 }]);
    await running.open();
    await running.host.caughtUp(log);
    const reasons = new Map(running.host.host.control.parked().map(({ key, reason }) => [key, reason]));
    assert.match(reasons.get("a") ?? "", /NaN has no form in SQLite/);
    assert.match(reasons.get("b") ?? "", /an object has no form in SQLite/);
  }));

test("retry: a mended handler brings its entities back, each event applied once, while the log goes on", () =>
  virtually(
    async (running) => {
      const { log } = running;
      log.pageRecords = 3;
      await running.open();
      for (const key of ["a", "b", "c"]) log.append(key, place());
      for (let i = 0; i < 20; i++) {
        for (const key of ["a", "b", "c"]) log.append(key, change(i % 5 === 0 && key !== "c" ? 13 : 2));
      }
      await running.host.caughtUp(log);
      const { control } = running.host.host;
      assert.deepEqual(
        control.parked().map(({ key }) => key),
        ["a", "b"],
      );
      assert.deepEqual(await control.retry("a"), { released: 0, parked: control.parked().filter(({ key }) => key === "a") });
      poison.thrown = false;
      const retried = control.retry("order/a");
      for (let i = 0; i < 30; i++) log.append("a", change(1));
      assert.deepEqual(await retried, { released: 1, parked: [] });
      await running.host.caughtUp(log);
      assert.deepEqual(
        running.rows().filter(({ id }) => id !== "b"),
        foldOf(log, new Set("b")),
      );
      assert.deepEqual(await control.retry(), { released: 1, parked: [] });
      await running.host.caughtUp(log);
      assert.deepEqual(running.rows(), foldOf(log));
      assert.deepEqual(control.parked(), []);
      assert.deepEqual(await control.retry(), { released: 0, parked: [] });
    },
    { limits: { batchEventsMax: 4 } },
  ));

test("retry: entities of one partition that failed at different places each go on from their own", () =>
  virtually(async (running) => {
    const { log } = running;
    const keys = ["a", "e", "i"];
    assert.equal(new Set(keys.map((key) => log.partitionOf(key))).size, 1);
    await running.open();
    for (const key of keys) log.append(key, place());
    for (let i = 0; i < 12; i++) for (const [k, key] of keys.entries()) log.append(key, change(i === 3 * k + 2 ? 13 : 1));
    await running.host.caughtUp(log);
    assert.equal(running.host.host.control.parked().length, 3);
    poison.thrown = false;
    assert.deepEqual(await running.host.host.control.retry(), { released: 3, parked: [] });
    assert.deepEqual(running.rows(), foldOf(log));
  }));

test("retry: while the read model is far behind, a retry ends where it stands, and the rest comes the common way", () =>
  virtually(
    async (running) => {
      const { log } = running;
      log.pageRecords = 3;
      await running.open();
      for (const key of ["a", "b", "c", "d", "e"]) log.append(key, place(), change(key === "a" ? 13 : 1));
      await running.host.caughtUp(log);
      poison.thrown = false;
      for (let i = 0; i < 60; i++) for (const key of ["a", "b", "c", "d", "e"]) log.append(key, change(i));
      assert.deepEqual(await running.host.host.control.retry("a"), { released: 1, parked: [] });
      assert(
        running.host.host.control.status().sources.some(({ behind }) => behind > 0),
        "it is still behind",
      );
      await running.host.caughtUp(log);
      assert.deepEqual(running.rows(), foldOf(log));
    },
    { limits: { batchEventsMax: 1 } },
  ));

test("retry: an entity that fails again further on stays parked there, with what was applied kept", () =>
  virtually(async (running) => {
    const { log } = running;
    await running.open();
    log.append("a", place());
    log.append("a", change(13));
    log.append("a", change(4));
    const second = log.append("a", place());
    log.append("a", change(4));
    await running.host.caughtUp(log);
    poison.thrown = false;
    const { control } = running.host.host;
    const { released, parked } = await control.retry();
    assert.equal(released, 0);
    assert.deepEqual(parkedOf(parked), [["a", second, 1]]);
    assert.match(parked[0]?.reason ?? "", /UNIQUE/);
    assert.deepEqual(running.rows(), [{ id: "a", customer: "u", cents: 18, changes: 2 }]);
  }));

for (let seed = 1; seed <= 20; seed++) {
  test(`retry: crashes in the middle of a retry lose nothing and apply nothing twice (seed ${seed})`, () =>
    virtually(
      async (running) => {
        const { log, tables } = running;
        log.pageRecords = 2;
        await running.open();
        for (const key of ["a", "b", "c", "d"]) log.append(key, place());
        for (let i = 0; i < 40; i++) for (const key of ["a", "b", "c", "d"]) log.append(key, change(i === 3 ? 13 : 1));
        await running.host.caughtUp(log);
        assert.equal(running.host.host.control.parked().length, 4);
        poison.thrown = false;
        tables.faults = { failed: 0.05, ambiguous: 0.05 };
        for (let round = 0; round < 6; round++) {
          void running.host.host.control.retry().catch(() => undefined);
          await running.pause(seed * (round + 1));
          log.append("a", change(1));
          await running.crash();
        }
        tables.faults = { failed: 0, ambiguous: 0 };
        await running.host.host.control.retry();
        await running.host.caughtUp(log);
        assert.deepEqual(running.host.host.control.parked(), []);
        assert.deepEqual(running.rows(), foldOf(log));
        assert.deepEqual(await running.host.value(History.total), totalOf(foldOf(log)));
      },
      { seed, limits: { batchEventsMax: 3 } },
    ));
}

test("parked: with more entities at fault than the bound the read model stops before it writes, and a rebuild mends it", () =>
  virtually(
    async (running) => {
      const { log } = running;
      await running.open();
      for (let i = 0; i < 10; i++) log.append(`k${i}`, place());
      await running.host.caughtUp(log);
      const before = foldOf(log);
      for (let i = 0; i < 10; i++) log.append(`k${i}`, change(13));
      await running.pause(1_000);
      const { control } = running.host.host;
      const { state, reason, parked } = control.status();
      assert.equal(state, "failing");
      assert.match(reason ?? "", /more than 5 entities would be parked.*thirteen/);
      assert(parked <= 5);
      assert.deepEqual(
        running.rows().map(({ id }) => id),
        before.map(({ id }) => id),
        "what it has, it still answers",
      );
      assert.deepEqual(await running.host.value(History.total), totalOf(before));
      poison.thrown = false;
      await control.rebuild();
      await running.pause(5_000);
      assert.equal(control.status().state, "live");
      assert.deepEqual(running.rows(), foldOf(log));
    },
    { limits: { parkedMax: 5 } },
  ));
