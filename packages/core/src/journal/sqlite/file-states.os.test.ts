// States in which a data directory can be found: empty, half made, foreign, newer, left behind by a killed process.
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { Failure } from "../../base/failure.ts";
import { idsOf, oneRow, readAll, takeOver, write } from "../tck/rows.ts";
import { ProcessUnderTest, service, storedIds, strace } from "./process-under-test.ts";
import { SqliteJournalStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./sqlite-under-test.ts";

const partitions = 4;
let root = "";
before(async () => {
  root = await temporaryDirectory();
});
after(() => rm(root, { recursive: true, force: true }));

const store = (name: string): SqliteJournalStore => new SqliteJournalStore(join(root, name), { log: () => {} });
const fileIn = (name: string, file: string): string => join(root, name, service, file);
const makeDirectory = (name: string): Promise<string | undefined> => mkdir(join(root, name, service), { recursive: true });

async function refusal(name: string): Promise<Failure> {
  const outcome = await store(name)
    .open(service, partitions)
    .catch((error: unknown) => error);
  assert(outcome instanceof Failure, `refused with a failure: ${String(outcome)}`);
  return outcome;
}

/** A log that was made, has row "a", and was closed. */
async function makeLog(name: string): Promise<void> {
  await using journal = await store(name).open(service, partitions);
  await write(journal, oneRow(0, 0, await takeOver(journal, 0), "a"));
}

function change(name: string, sql: string): void {
  const db = new DatabaseSync(fileIn(name, "log.db"));
  db.exec(sql);
  db.close();
}

test("sqlite: directories that are missing, empty, or hold an empty log.db are where a new log is made", async () => {
  await makeDirectory("empty");
  await makeDirectory("zero");
  await writeFile(fileIn("zero", "log.db"), "");
  await writeFile(fileIn("zero", "log.db-wal"), "");
  for (const name of ["missing", "empty", "zero"]) {
    await makeLog(name);
    await using journal = await store(name).open(service, partitions);
    assert.deepEqual(idsOf(await readAll(journal, 0)), ["a"]);
  }
});

test("sqlite: an empty or missing log.db beside a WAL with commits is refused, and the WAL left as it is", async () => {
  await using under = new ProcessUnderTest(join(root, "no-database"));
  assert(await under.does("append 3"));
  await under.kill();
  await rm(fileIn("no-database", "log.db"));
  for (let time = 0; time < 2; time++) {
    const failure = await refusal("no-database");
    assert.equal(failure.code, "JOURNAL_DAMAGED");
    assert.match(failure.message, /commits in log.db-wal/);
    await writeFile(fileIn("no-database", "log.db"), "");
  }
});

test("sqlite: a log of a newer format is refused with both numbers, and works again when the older one is back", async () => {
  await makeLog("newer");
  change("newer", "update meta set format = 7; create table later (x)");
  const failure = await refusal("newer");
  assert.equal(failure.code, "JOURNAL_NEWER");
  assert.match(failure.message, /log\.db.* format 7, this version knows formats up to 2/);
  change("newer", "update meta set format = 2");
  await using journal = await store("newer").open(service, partitions);
  assert.deepEqual(idsOf(await readAll(journal, 0)), ["a"]);
});

test("sqlite: a file that is no Atoll log is refused and not touched", async () => {
  await makeDirectory("foreign");
  change("foreign", "create table customers (name text); insert into customers values ('Ada')");
  assert.match((await refusal("foreign")).message, /not an Atoll log/);
  const db = new DatabaseSync(fileIn("foreign", "log.db"));
  assert.deepEqual({ ...db.prepare("select count(*) as n from customers").get() }, { n: 1 });
  db.close();
  await makeDirectory("text");
  await writeFile(fileIn("text", "log.db"), "Dear diary, ".repeat(1_000));
  assert.equal((await refusal("text")).code, "JOURNAL_DAMAGED");
});

test("sqlite: a directory that cannot be made is a failure that may pass", async () => {
  await writeFile(join(root, "a-file"), "");
  const failure = await refusal("a-file");
  assert.equal(failure.code, "JOURNAL_FAILED");
  assert.match(failure.message, /a-file\/log.*ENOTDIR/);
});

test("sqlite: a service cannot be named so that its directory lies elsewhere", async () => {
  for (const name of ["..", "a/b", "", ".", "A", "log\u0000"]) await assert.rejects(store("names").open(name, 1), /names a service/);
});

test("sqlite: killed at any sync or unlink of its creation, a log is made or is there at the next start", async () => {
  let completed = false;
  for (let call = 1; !completed; call++) {
    const name = `creation-${call}`;
    await using under = new ProcessUnderTest(
      join(root, name),
      await strace(["-e", "trace=fsync,fdatasync,unlink,rename", "-e", `inject=fsync,fdatasync,unlink,rename:signal=SIGKILL:when=${call}`]),
    );
    completed = await under.says("opened");
    await under.kill();
    assert(call < 40, "the creation ends");
    assert.deepEqual(await storedIds(join(root, name)), [[], [], [], []]);
  }
});
