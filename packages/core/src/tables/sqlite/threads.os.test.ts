// What two threads are for, and what becomes of requests when one of them dies.
import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { TableError } from "../table-store.ts";
import { group, idsIn, insert, statement, written } from "../tck/table-under-test.ts";
import { SqliteTableStore } from "./sqlite-table-store.ts";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "atoll-tables-"));
});
after(() => rm(directory, { recursive: true, force: true }));

const create = group("create", statement("create table t (id text primary key, n integer, v)"));

test("sqlite tables: a query is answered while a batch is being written, from before it", async () => {
  const file = await new SqliteTableStore(directory, { log: () => {} }).open("beside", "a");
  await written(file, [create]);
  assert.deepEqual(await idsIn(file), [], "the reading thread runs");
  const order: string[] = [];
  const batch = Array.from({ length: 200_000 }, (_, i) => insert(`k${i}`, i));
  const writing = written(file, [{ subject: "x", statements: batch }]).then(() => order.push("write"));
  for (let i = 0; i < 3; i++) {
    const { rows } = await file.query(statement("select count(*) from t"));
    order.push(`query ${String(rows[0]?.[0])}`);
  }
  await writing;
  assert.deepEqual(order, ["query 0", "query 0", "query 0", "write"]);
  await file.close();
});

test("sqlite tables: when a thread dies, what it was asked fails, the next request is served, and batches are whole", async () => {
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on("worker", note);
  const events: string[] = [];
  const file = await new SqliteTableStore(directory, { log: (_, event) => void events.push(event) }).open("death", "a");
  await written(file, [create]);
  for (let round = 0; round < 5; round++) {
    const asked = Array.from({ length: 20 }, (_, i) => file.write([0, 1].map((j) => group("x", insert(`${round}.${i}.${j}`)))));
    const outcomes = Promise.allSettled([...asked, idsIn(file), idsIn(file)]);
    await asked[round];
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    let certain = 0;
    for (const outcome of await outcomes) {
      if (outcome.status === "fulfilled") certain += 1;
      else assert(outcome.reason instanceof TableError && outcome.reason.kind === "failed", String(outcome.reason));
    }
    assert(certain > round);
    const mine = (await idsIn(file)).map(String).filter((id) => id.startsWith(`${round}.`));
    assert.equal(mine.length % 2, 0, "whole batches");
    assert(mine.length >= 2 * (round + 1), "what was answered is there: the process lives");
  }
  assert(events.includes("tables.worker_died"));
  await file.close();
  process.off("worker", note);
});

test("sqlite tables: a file that is read is closed also while the thread is asked more than it takes", async () => {
  const store = new SqliteTableStore(directory, { log: () => {} });
  const file = await store.open("crowd", "a");
  await written(file, [create]);
  const reading = await store.read("crowd", "a");
  const kept = await store.read("crowd", "a"); // so that the thread goes on
  const asked = Array.from({ length: 1_100 }, () => reading.query(statement("select 1")));
  const closing = reading.close();
  const outcomes = await Promise.allSettled(asked);
  assert(outcomes.some((outcome) => outcome.status === "rejected" && (outcome.reason as TableError).kind === "overloaded"));
  await closing;
  await file.close();
  await store.remove("crowd", "a");
  await assert.rejects(kept.query(statement("select 1")), TableError); // which closes it, too
  const openHere = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(join("/proc/self/fd", fd))];
    } catch {
      return []; // that of the list itself
    }
  });
  assert.deepEqual(
    openHere.filter((path) => path.includes("crowd")),
    [],
  );
  await kept.close();
});
