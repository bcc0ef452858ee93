// Read models: how long after its command was answered an event is seen by a query, under a steady load; and how many events
// a second a rebuild applies, beside the same statements in bare SQLite.
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { contract, type Running, service, start, system } from "@atoll/core";
import { readModel, tables } from "@atoll/read-model";
import * as z from "zod";
import type { Room } from "./benchmark.ts";
import { counter, Counter } from "./counter.ts";
import { CounterLog } from "./counter-log.ts";
import { beside, interleave, type Row, sampleOf } from "./measure.ts";

const eventsPerSecond = 5_000;
const keys = 64;
const batch = 1_000;

const Totals = contract("totals", {
  version: 1,
  access: { all: "any", count: "any" },
  queries: {
    all: { out: z.array(z.object({ key: z.string(), events: z.int() })) },
    count: { out: z.object({ events: z.int() }) },
  },
});
const totals = readModel(Totals, {
  version: 1,
  tables: tables<{ total: { key: string; events: number; total: number } }>((db) => [
    db.schema
      .createTable("total")
      .addColumn("key", "text", (c) => c.primaryKey())
      .addColumn("events", "integer", (c) => c.notNull())
      .addColumn("total", "integer", (c) => c.notNull()),
  ]),
  from: { counter },
  on: {
    counter: {
      Added: (db, { by }, at) =>
        db
          .insertInto("total")
          .values({ key: at.key, events: 1, total: by })
          .onConflict((c) =>
            c.column("key").doUpdateSet((eb) => ({ events: eb("total.events", "+", 1), total: eb("total.total", "+", by) })),
          ),
    },
  },
  queries: {
    all: (db) => db.selectFrom("total").select(["key", "events"]).execute(),
    count: async (db) => {
      const { events } = await db
        .selectFrom("total")
        .select((eb) => eb.fn.coalesce(eb.fn.sum<number>("events"), eb.lit(0)).as("events"))
        .executeTakeFirstOrThrow();
      return { events };
    },
  },
});

const startTotals = (data: string): Promise<Running> =>
  start(system("bench", { services: [service("counter", [counter, totals])] }), {
    data,
    port: 0,
    mode: "production",
    logger: {
      log: (level, event, fields) => {
        if (level === "error") console.error(level, event, fields);
      },
    },
  });

export async function measureReadModel({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const seen = { p50: [] as number[], p99: [] as number[], rate: [] as number[] };
  {
    await using running = await startTotals(join(directory, "load"));
    for (let round = 0; round <= rounds; round++) {
      const { delays, perSecond } = await load(running, quick ? 1_000 : 3_000);
      if (round === 0) continue;
      seen.p50.push(percentile(delays, 0.5));
      seen.p99.push(percentile(delays, 0.99));
      seen.rate.push(perSecond);
    }
  }
  const details = { seen_per_second: sampleOf(seen.rate).median };
  const steady = `at ${eventsPerSecond.toLocaleString("en")} events/s`;
  return [
    {
      name: `answered to visible, p50, ${steady}`,
      unit: "ms",
      ours: sampleOf(seen.p50),
      bare: [],
      aim: { kind: "at-most", value: 5 },
      details,
    },
    { name: `answered to visible, p99, ${steady}`, unit: "ms", ours: sampleOf(seen.p99), bare: [], aim: { kind: "at-most", value: 30 } },
    await measureRebuild(directory, rounds, quick ? 20_000 : 100_000),
  ];
}

/** Commands at a steady rate, whoever is behind, while one reader asks without a pause what it can see. */
async function load(running: Running, ms: number): Promise<{ readonly delays: readonly number[]; readonly perSecond: number }> {
  const answered = new Map<string, { seen: number; readonly at: number[] }>();
  for (const { key, events } of await running.at(Totals).all()) answered.set(key, { seen: events, at: [] });
  const delays: number[] = [];
  const startMs = performance.now();
  const commands: Promise<void>[] = [];
  const produced = new AbortController();
  const command = async (key: string): Promise<void> => {
    await running.at(Counter, key).add({ by: 1 });
    let entry = answered.get(key);
    if (!entry) answered.set(key, (entry = { seen: 0, at: [] }));
    entry.at.push(performance.now()); // in the order of the entity's events
  };
  const look = async (): Promise<void> => {
    const rows = await running.at(Totals).all();
    const nowMs = performance.now();
    for (const { key, events } of rows) {
      const entry = answered.get(key);
      if (!entry) continue;
      for (; entry.seen < events && entry.at.length > 0; entry.seen++) delays.push(nowMs - (entry.at.shift() as number));
    }
  };
  const reader = (async () => {
    while (!produced.signal.aborted) await look();
  })();
  for (let sent = 0; performance.now() - startMs < ms;) {
    const due = Math.floor(((performance.now() - startMs) * eventsPerSecond) / 1_000);
    for (; sent < due; sent++) commands.push(command(`k${sent % keys}`));
    await turn();
  }
  await Promise.all(commands);
  const perSecond = (commands.length * 1_000) / (performance.now() - startMs);
  while ([...answered.values()].some(({ at }) => at.length > 0)) await turn();
  produced.abort();
  await reader;
  return { delays, perSecond };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

async function measureRebuild(directory: string, rounds: number, events: number): Promise<Row> {
  const data = join(directory, "rebuild");
  {
    await using log = await CounterLog.open(data);
    const chosen = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
    for (let written = 0; written < events; written += chosen.length) await log.commit(chosen);
    await log.index();
  }
  await using running = await startTotals(data);
  const built = async (): Promise<void> => {
    while (running.readModels.list().some(({ state, rebuilt }) => state !== "live" || rebuilt !== undefined)) await turn();
    while ((await running.at(Totals).count()).events < events) await turn();
  };
  await built();
  const { rebuild, sqlite } = await interleave(rounds, {
    rebuild: async () => {
      const startMs = performance.now();
      await running.readModels.rebuild("counter", "totals");
      await built();
      return (events * 1_000) / (performance.now() - startMs);
    },
    sqlite: (round) => bareUpserts(join(directory, `bare-${round}.db`), events),
  });
  return { name: "rebuild", unit: "/s", ours: rebuild, bare: beside({ [`SQLite upserts, ${batch} a commit`]: sqlite }) };
}

function bareUpserts(path: string, events: number): number {
  const db = new DatabaseSync(path);
  db.exec(
    "pragma journal_mode = wal; pragma synchronous = normal; create table total (key text primary key, events integer, total integer)",
  );
  const upsert = db.prepare(
    "insert into total values (?, 1, ?) on conflict (key) do update set events = total.events + 1, total = total.total + excluded.total",
  );
  const startMs = performance.now();
  for (let written = 0; written < events; written += batch) {
    db.exec("begin");
    for (let i = 0; i < batch; i++) upsert.run(`k${i}`, 1n);
    db.exec("commit");
  }
  const perSecond = (events * 1_000) / (performance.now() - startMs);
  db.close();
  return perSecond;
}
