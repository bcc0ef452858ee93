import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { alteredTable, applicationId, createLog, formatNumber, upgradeLog } from "./schema.ts";

function newLog(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  createLog(db, 3);
  return db;
}

test("schema: its hash holds, for a letter changed in a table is a new format", () => {
  const db = newLog();
  const sql = db.prepare("select sql from sqlite_schema where sql is not null order by name").all();
  const hash = createHash("sha256")
    .update(sql.map((row) => row["sql"]).join("\n"))
    .digest("hex");
  assert.deepEqual(
    [formatNumber, applicationId, hash],
    [2, 0x41_74_6f_6c, "88ecbb20102ee41974278a0737b95a7795d3b4252144e8b2e6d9ee0c016152b1"],
  );
});

test("schema: a new log has an identity of its own, and every partition at epoch 0", () => {
  const [one, two] = [newLog(), newLog()].map((db) => ({ ...db.prepare("select * from meta").get() }));
  assert.deepEqual({ ...one, log_id: "" }, { log_id: "", timeline: 1, format: 2, partitions: 3 });
  assert.match(String(one?.["log_id"]), /^[0-9a-f]{32}$/);
  assert.notEqual(one?.["log_id"], two?.["log_id"]);
  const epochs = newLog().prepare("select id, epoch from partition order by id").all();
  assert.deepEqual(
    epochs.map((row) => [row["id"], row["epoch"]]),
    [
      [0, 0],
      [1, 0],
      [2, 0],
    ],
  );
});

test("schema: a log of format 1 that is upgraded has the tables of a new one", () => {
  const sqlOf = (db: DatabaseSync) => db.prepare("select name, sql from sqlite_schema where sql is not null order by name").all();
  const old = newLog();
  for (const table of ["timer", "cursor", "dead_letter"]) old.exec(`drop table ${table}`);
  old.exec("update meta set format = 1");
  assert.equal(alteredTable(old, 1), undefined);
  assert.equal(alteredTable(old), "timer");
  upgradeLog(old);
  assert.deepEqual(sqlOf(old), sqlOf(newLog()));
  assert.equal(old.prepare("select format from meta").get()?.["format"], formatNumber);
});

test("schema: a table that was altered is named, additions are nobody's business", () => {
  const db = newLog();
  db.exec("create table mine (x); create trigger t after insert on log begin select 1; end");
  assert.equal(alteredTable(db), undefined);
  db.exec("alter table quarantine add column y text");
  assert.equal(alteredTable(db), "quarantine");
  db.exec("drop table entity");
  assert.equal(alteredTable(db), "entity");
});
