// Logs of older formats, kept as the older programs wrote them: fixtures/format-N.db.gz.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Journal } from "../journal.ts";
import { idsOf, letterOf, oneRow, readAll, stateOf, takeOver, write } from "../tck/rows.ts";
import { createLog, formatNumber } from "./schema.ts";
import { SqliteJournalStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./sqlite-under-test.ts";

const service = "under-test";
let root = "";
before(async () => {
  root = await temporaryDirectory();
});
after(() => rm(root, { recursive: true, force: true }));

/** A data directory with the log of format 1; where its log.db is. */
async function oldLog(name: string): Promise<string> {
  const directory = join(root, name, service);
  await mkdir(directory, { recursive: true });
  const file = join(directory, "log.db");
  await writeFile(file, gunzipSync(await readFile(new URL("fixtures/format-1.db.gz", import.meta.url))));
  return file;
}

const open = (name: string, events: string[] = []): Promise<Journal> =>
  new SqliteJournalStore(join(root, name), { log: (_, event) => void events.push(event) }).open(service, 8);

function formatOf(file: string): unknown {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare("select format from meta").get()?.["format"];
  } finally {
    db.close();
  }
}

test("sqlite: a log of format 1 is upgraded when it is opened, and everything that it held is there", async () => {
  const file = await oldLog("old");
  assert.equal(formatOf(file), 1);
  const events: string[] = [];
  {
    await using journal = await open("old", events);
    assert.equal(journal.meta.partitions, 3);
    assert.deepEqual(idsOf(await readAll(journal, 0)), ["a", "b", "d"]);
    assert.deepEqual(idsOf(await readAll(journal, 1)), ["c"]);
    assert.deepEqual(await stateOf(journal, 0), { epoch: 1, head: 3, indexedTo: 2 });
    assert.deepEqual(await journal.lookup(0, "counter", "k"), {
      entry: { type: "counter", key: "k", version: 2, last: 1 },
      snapshot: { type: "counter", key: "k", offset: 1, body: '{"total":2}' },
    });
    assert.deepEqual(await journal.quarantined(), [
      { type: "counter", key: "poisoned", since: 5, reason: "kept since format 1", offset: 7 },
    ]);
    const epoch = await takeOver(journal, 0);
    await write(journal, oneRow(0, 3, epoch, "e"));
    const alarms = [{ type: "counter", key: "k", due: 9 }];
    assert.equal(await journal.index({ partition: 0, epoch, indexedTo: 4, entities: [], snapshots: [], alarms }), true);
    await journal.moveCursors([{ stream: "s", offset: 1 }]);
    await journal.park(letterOf("s", 1));
  }
  assert.equal(formatOf(file), formatNumber);
  await using again = await open("old", events);
  assert.deepEqual(await again.alarms(undefined, 10), [{ partition: 0, type: "counter", key: "k", due: 9 }]);
  assert.deepEqual(await again.cursors(), [{ stream: "s", offset: 1 }]);
  assert.deepEqual(
    events.filter((event) => event === "journal.upgraded"),
    ["journal.upgraded"],
    "once",
  );
});

test("sqlite: a log of format 1 that is damaged is refused as it is, and not upgraded", async () => {
  const file = await oldLog("damaged");
  const db = new DatabaseSync(file);
  db.exec("update log set body = ' ' || substr(body, 2) where p = 0 and o = 0");
  db.close();
  await assert.rejects(open("damaged"), /partition 0, offset 0 does not match its checksum/);
  assert.equal(formatOf(file), 1);
});

test("sqlite: a log of format 1 in which a table of format 2 is missing its place is refused, not half upgraded", async () => {
  const file = await oldLog("taken");
  const db = new DatabaseSync(file);
  db.exec("create table dead_letter (x)");
  db.close();
  await assert.rejects(open("taken"), /dead_letter/);
  assert.equal(formatOf(file), 1);
  const stored = new DatabaseSync(file, { readOnly: true });
  assert.equal(stored.prepare("select count(*) as n from sqlite_schema where name = 'timer'").get()?.["n"], 0);
  stored.close();
});

test("sqlite: a new log is of the newest format, which a program of format 1 refuses as newer", () => {
  const db = new DatabaseSync(":memory:");
  createLog(db, 1);
  const format = db.prepare("select format from meta").get()?.["format"];
  assert.equal(format, formatNumber);
  assert(typeof format === "number" && format > 1, "log-identity.ts of format 1 answers JOURNAL_NEWER to what is above 1");
});
