import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { alteredTable, applicationId, createLog, formatNumber } from "./schema.ts";

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
    [1, 0x41_74_6f_6c, "5975e4a2426167f36ba02c64675fb87333f4550c9559a51b59382d2d39401096"],
  );
});

test("schema: a new log has an identity of its own, and every partition at epoch 0", () => {
  const [one, two] = [newLog(), newLog()].map((db) => ({ ...db.prepare("select * from meta").get() }));
  assert.deepEqual({ ...one, log_id: "" }, { log_id: "", timeline: 1, format: 1, partitions: 3 });
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

test("schema: a table that was altered is named, additions are nobody's business", () => {
  const db = newLog();
  db.exec("create table mine (x); create trigger t after insert on log begin select 1; end");
  assert.equal(alteredTable(db), undefined);
  db.exec("alter table quarantine add column y text");
  assert.equal(alteredTable(db), "quarantine");
  db.exec("drop table entity");
  assert.equal(alteredTable(db), "entity");
});
