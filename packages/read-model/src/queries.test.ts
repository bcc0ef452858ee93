// What a query is answered: replies, rejections, and every way in which it can go wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, type Failure } from "@atoll/core";
import { Session } from "@atoll/core/extension";
import { type Kysely, sql } from "kysely";
import * as z from "zod";
import { readModel } from "./definition.ts";
import { type Db, historyOf, History, historyTables, order } from "./shop-under-test.ts";
import { virtually, type VirtualOptions, type VirtualReadModel } from "./virtual-under-test.ts";

const Free = contract("free", { version: 1, access: { ask: "any" }, queries: { ask: { in: z.object({ n: z.int() }), out: z.json() } } });

/** A read model with one query, which does what a test wants. */
const free = (ask: (db: Kysely<Db>, n: number) => unknown): unknown =>
  readModel(Free, {
    version: 1,
    tables: historyTables,
    from: { order },
    on: { order: { Placed: (db, { customer, cents }, at) => db.insertInto("orders").values({ id: at.key, customer, cents, changes: 0 }) } },
    queries: { ask: (db, { n }) => Promise.resolve(ask(db, n)) as Promise<never> },
  });

const asked = (running: VirtualReadModel, n = 0, withinMs?: number): Promise<unknown> =>
  running.host.ask(Free.ask, { n }, withinMs).then((answer) => (answer.kind === "reply" ? answer.value : answer));

/** Runs `ask` on 20 orders and gives what it is answered, or what it fails with. */
async function outcome(ask: (db: Kysely<Db>, n: number) => unknown, options: VirtualOptions = {}): Promise<unknown> {
  let result: unknown;
  await virtually(async (running) => {
    await running.open(free(ask));
    for (let i = 0; i < 20; i++) running.log.append(`k${i}`, ["Placed", { customer: `c${i}`, cents: i }]);
    await running.host.caughtUp(running.log);
    result = await asked(running).catch((error: unknown) => error);
    await running.host.close();
    assert.equal(running.rows().length, 20, "nothing was changed");
  }, options);
  return result;
}

const isDefect = (error: unknown, pattern: RegExp): void => {
  const { code, message } = error as Failure;
  assert.equal(code, "DEFECT", String(error));
  assert.match(message, pattern);
};

test("query: it is answered from SQL, and rejects as its contract says", () =>
  virtually(async (running) => {
    await running.open(historyOf(1));
    running.log.append("a", ["Placed", { customer: "u", cents: 5 }]);
    await running.host.caughtUp(running.log);
    assert.deepEqual(await running.host.value(History.of, { customer: "u" }), [{ id: "a", customer: "u", cents: 5, changes: 0 }]);
    assert.deepEqual(await running.host.value(History.of, { customer: "' or 1=1 --" }), {
      rejected: "Nobody",
      details: { customer: "' or 1=1 --" },
    });
  }));

test("query: whatever would change something is refused, in Kysely's words and in raw SQL", async () => {
  isDefect(
    await outcome((db) => db.insertInto("orders").values({ id: "x", customer: "x", cents: 1, changes: 1 }).execute()),
    /a query reads/,
  );
  isDefect(await outcome((db) => db.deleteFrom("orders").execute()), /a query reads/);
  isDefect(await outcome((db) => db.schema.dropTable("orders").execute()), /a query reads/);
  isDefect(await outcome((db) => sql`delete from orders`.execute(db)), /a query reads/);
  isDefect(await outcome((db) => sql`attach database 'x' as x`.execute(db)), /a query reads/);
  isDefect(await outcome((db) => sql`with x as (select 1) delete from orders`.execute(db)), /readonly/);
  isDefect(
    await outcome((db) => db.transaction().execute((trx) => trx.selectFrom("orders").selectAll().execute())),
    /no transactions in a query/,
  );
});

test("query: a mistake in it, a reply that is not the promised one, and too many rows are defects that say so", async () => {
  isDefect(await outcome((db) => sql`select nope from orders`.execute(db)), /no such column: nope/);
  isDefect(
    await outcome((db) => sql`select 1 from orders a, orders b, orders c, orders d`.execute(db)),
    /more than 10000 rows: give it a limit/,
  );
  isDefect(await outcome(() => Promise.reject(new RangeError("planted"))), /planted/);
  isDefect(
    await outcome((db) =>
      db
        .selectFrom("orders")
        .selectAll()
        .where("id", "=", { deep: 1 } as never)
        .execute(),
    ),
    /an object has no form in SQLite/,
  );
  const { code } = (await outcome(() => new Map())) as Failure;
  assert.equal(code, "INVALID_REPLY");
});

test("query: booleans go in as 1 and 0, integers beyond 2^53 come back as bigints, which no reply holds", async () => {
  const one = await outcome((db) => sql<{ n: number }>`select ${true} as n`.execute(db).then(({ rows }) => rows[0]?.n));
  assert.equal(one, 1);
  const text = await outcome((db) =>
    sql<{ n: unknown }>`select 9007199254740993 as n`.execute(db).then(({ rows }) => `${typeof rows[0]?.n} ${String(rows[0]?.n)}`),
  );
  assert.equal(text, "bigint 9007199254740993");
  const { code } = (await outcome((db) =>
    sql<{ n: unknown }>`select 9007199254740993 as n`.execute(db).then(({ rows }) => rows[0]?.n),
  )) as Failure;
  assert.equal(code, "INVALID_REPLY");
});

test("query: one that ends Kysely's instance ends it for nobody else", () =>
  virtually(async (running) => {
    await running.open(free((db, n) => (n === 0 ? db.destroy().then(() => 0) : db.selectFrom("orders").selectAll().execute())));
    assert.equal(await asked(running, 0), 0);
    assert.deepEqual(await asked(running, 1), []);
  }));

test("query: one that never ends is answered DEADLINE and does not keep others out; beyond the bounds comes OVERLOADED", () =>
  virtually(
    async (running) => {
      await running.open(free((_, n) => (n === 0 ? new Promise(() => undefined) : n)));
      const hanging = Array.from({ length: 6 }, () => asked(running, 0, 1_000).catch((error: unknown) => (error as Failure).code));
      assert.deepEqual(
        (await Promise.all(hanging)).toSorted((a, b) => (a as string).localeCompare(b as string)),
        ["DEADLINE", "DEADLINE", "DEADLINE", "DEADLINE", "DEADLINE", "OVERLOADED"],
      );
      assert.equal(await asked(running, 7), 7);
    },
    { limits: { concurrency: 2, mailboxCapacity: 3 } },
  ));

test("waiting: a position is waited for until it is applied, no longer than allowed, and by no more than the bound", () =>
  virtually(
    async (running) => {
      const { log } = running;
      await running.open();
      const seen = { service: "shop", partition: log.partitionOf("a"), offset: 0 };
      const { host } = running.host;
      await running.pause(50);
      await host.waitFor([{ service: "elsewhere", partition: 0, offset: 10 }], 1); // no log of its
      const late = host.waitFor([seen], 20).catch((error: unknown) => (error as Failure).code);
      assert.equal(await late, "UNAVAILABLE");
      const waiting = host.waitFor([seen], 10_000);
      const other = host.waitFor([seen], 10_000);
      const third = host.waitFor([seen], 10_000).catch((error: unknown) => (error as Failure).code);
      assert.equal(await third, "OVERLOADED");
      log.append("a", ["Placed", { customer: "u", cents: 1 }]);
      await Promise.all([waiting, other]);
      assert.deepEqual(await running.host.value(History.total), { orders: 1, cents: 1 });
      const never = host.waitFor([{ ...seen, offset: 9 }], 10_000).catch((error: unknown) => (error as Failure).code);
      await running.host.close();
      assert.equal(await never, "UNAVAILABLE");
    },
    { limits: { waitersMax: 2 } },
  ));

test("session: a query waits until what its session has seen is applied, and adds what it shows", () =>
  virtually(async (running) => {
    const { log } = running;
    await running.open();
    await running.pause(50);
    const partition = log.partitionOf("a");
    const total = (session: Session) => running.host.ask(History.total, undefined, 10_000, session);
    for (let i = 0; i < 20; i++) {
      const session = new Session();
      log.append("a", i === 0 ? ["Placed", { customer: "u", cents: 1 }] : ["Changed", { by: 1 }]);
      session.saw(log.source().log, partition, i); // as the answer to the write has said
      const answer = await total(session);
      assert.deepEqual(answer.kind === "reply" && answer.value, { orders: 1, cents: 1 + i });
    }
    const reader = new Session();
    await total(reader);
    assert.deepEqual(reader.wanted(log.source().log), new Map([[partition, 20]]));
  }));

test("session: where the tables cannot follow in time a query says so, and what another log holds is LOG_FORKED", () =>
  virtually(async (running) => {
    const { log, tables } = running;
    await running.open();
    const codeOf = (session: Session) =>
      running.host.ask(History.total, undefined, 500, session).then(
        ({ kind }) => kind,
        (error: unknown) => (error as Failure).code,
      );
    tables.faults = { failed: 1, ambiguous: 0 };
    log.append("a", ["Placed", { customer: "u", cents: 1 }]);
    const behind = new Session();
    behind.saw(log.source().log, log.partitionOf("a"), 0);
    assert.equal(await codeOf(behind), "UNAVAILABLE");
    assert.equal(await codeOf(Session.parse("*")), "UNAVAILABLE", "everything is waited for as well");
    const beyond = new Session();
    beyond.saw(log.source().log, log.partitionOf("a"), 7);
    assert.equal(await codeOf(beyond), "LOG_FORKED");
    const other = new Session();
    other.saw({ ...log.source().log, timeline: 9 }, 0, 0);
    assert.equal(await codeOf(other), "LOG_FORKED");
    tables.faults = { failed: 0, ambiguous: 0 };
    await running.host.caughtUp(log);
    assert.equal(await codeOf(behind), "reply");
  }));

test("lag: records behind and the age of the oldest are told while the medium fails, and are 0 once it has caught up", () =>
  virtually(async (running) => {
    const { log, tables } = running;
    await running.open();
    tables.faults = { failed: 1, ambiguous: 0 };
    log.now = running.process.clock.now() - 5_000;
    for (let i = 0; i < 7; i++) log.append("a", i === 0 ? ["Placed", { customer: "u", cents: 1 }] : ["Changed", { by: 1 }]);
    await running.pause(1_000);
    const { state, reason, sources } = running.host.host.control.status();
    assert.equal(state, "failing");
    assert.match(reason ?? "", /injected/);
    assert.equal(sources[0]?.behind, 7);
    const text = running.process.metrics.render();
    assert.match(text, /atoll_read_model_behind_records\{service="shop",read_model="order-history",source="order"\} 7\n/);
    tables.faults = { failed: 0, ambiguous: 0 };
    await running.host.caughtUp(log);
    assert.deepEqual(running.host.host.control.status().sources, [{ source: "order", behind: 0, behindMs: 0 }]);
    assert.equal(running.host.host.control.status().state, "live");
  }));
