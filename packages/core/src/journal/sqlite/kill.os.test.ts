// Processes that die, and processes that come too early.
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { Failure } from "../../base/failure.ts";
import { JournalError } from "../journal.ts";
import { idsOf, oneRow, readAll, stateOf, takeOver, write } from "../tck/rows.ts";
import { checkAccount, ProcessUnderTest, service, storedIds } from "./process-under-test.ts";
import { StartedWorkers, temporaryDirectory } from "./sqlite-under-test.ts";
import { SqliteJournalStore } from "./sqlite-store.ts";

const directories: string[] = [];
after(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

async function directoryForTest(): Promise<string> {
  const directory = await temporaryDirectory();
  directories.push(directory);
  return directory;
}

const storeIn = (directory: string, events: string[] = []): SqliteJournalStore =>
  new SqliteJournalStore(directory, { log: (_, event) => void events.push(event) });

test("sqlite: what was acknowledged before a SIGKILL is there after it, also the fifth time", async () => {
  const directory = await directoryForTest();
  const processes: ProcessUnderTest[] = [];
  for (const acknowledged of [1, 7, 60, 300, 900]) {
    await using under = new ProcessUnderTest(directory);
    processes.push(under);
    under.tell("append 100000");
    assert(await under.says("+", acknowledged));
    await under.kill();
    checkAccount(processes, await storedIds(directory));
  }
});

test("sqlite: a second process is refused and told who holds the directory, and served once that one was killed", async () => {
  const directory = await directoryForTest();
  await using under = new ProcessUnderTest(directory);
  assert(await under.does("append 3"));
  const isRefusal = (error: unknown): boolean =>
    error instanceof Failure &&
    error.code === "JOURNAL_IN_USE" &&
    error.message.includes(`pid ${under.child.pid}`) &&
    error.message.includes(join(directory, service));
  await assert.rejects(storeIn(directory).open(service, 4), isRefusal);
  await using second = new ProcessUnderTest(directory);
  assert(await second.says("failure JOURNAL_IN_USE"));
  assert.equal(await second.ended(), 0);
  const owner = JSON.parse(await readFile(join(directory, service, "owner.json"), "utf8")) as { pid: number; startedAt: string };
  assert.equal(owner.pid, under.child.pid);
  assert(Number.isFinite(Date.parse(owner.startedAt)));
  assert(await under.does("append 3"), "the refused ones have not harmed the first");
  await under.kill();
  checkAccount([under], await storedIds(directory));
});

test("sqlite: owner.json is for people, a lost or a wrong one changes nothing", async () => {
  const directory = await directoryForTest();
  await using under = new ProcessUnderTest(directory);
  assert(await under.does("append 1"));
  const file = join(directory, service, "owner.json");
  await writeFile(file, "not JSON");
  await assert.rejects(storeIn(directory).open(service, 4), (error) => error instanceof Failure && error.code === "JOURNAL_IN_USE");
  await under.kill();
  await rm(file);
  checkAccount([under], await storedIds(directory));
});

test("sqlite: a journal that was closed leaves one file of data, and no owner", async () => {
  const directory = await directoryForTest();
  await using under = new ProcessUnderTest(directory);
  assert((await under.does("append 5")) && (await under.does("close")));
  await assert.rejects(readFile(join(directory, service, "owner.json")), { code: "ENOENT" });
  await assert.rejects(readFile(join(directory, service, "log.db-wal")), { code: "ENOENT" });
  checkAccount([under], await storedIds(directory)); // while that process lives
  under.tell("leave");
  assert.equal(await under.ended(), 0);
});

test("sqlite: an open journal without anything under way lets its process end", async () => {
  const directory = await directoryForTest();
  await using under = new ProcessUnderTest(directory);
  assert(await under.does("append 5"));
  under.tell("leave");
  assert.equal(await under.ended(), 0);
  checkAccount([under], await storedIds(directory));
});

test("sqlite: a journal is refused a second time in its own process, which is named", async () => {
  const directory = await directoryForTest();
  await using journal = await storeIn(directory).open(service, 4);
  const isRefusal = (error: unknown): boolean => error instanceof Failure && error.message.includes(`pid ${process.pid} (this process)`);
  await assert.rejects(storeIn(directory).open(service, 4), isRefusal);
  await write(journal, oneRow(0, 0, await takeOver(journal, 0), "a"));
});

test("sqlite: when its thread dies, what may have been written is ambiguous, what certainly was not is failed, and the next call is served", async () => {
  const directory = await directoryForTest();
  const started = new StartedWorkers();
  const events: string[] = [];
  const journal = await storeIn(directory, events).open(service, 4);
  const denied = new Set<string>();
  const acknowledged: string[] = [];
  let ambiguous = 0;
  for (let round = 0; round < 8; round++) {
    const epoch = await takeOver(journal, 0);
    const { head } = await stateOf(journal, 0);
    const ids = Array.from({ length: 400 }, (_, i) => `${round}.${i}`);
    // Not awaited one by one: the thread is to die with many of them under way.
    const answers = ids.map((id, i) => journal.append([oneRow(0, head + i, epoch, id)]));
    const reads = [journal.partitions(), journal.read(0, 0, 1_000)];
    await answers[round * 10];
    await started.terminate();
    const outcomes = await Promise.allSettled(answers);
    for (const [i, outcome] of outcomes.entries()) {
      const id = ids[i] as string;
      if (outcome.status === "fulfilled") {
        if (outcome.value[0] === "written") acknowledged.push(id);
        else denied.add(id);
        continue;
      }
      assert(outcome.reason instanceof JournalError);
      if (outcome.reason.kind === "ambiguous") ambiguous += 1;
      else denied.add(id);
    }
    for (const read of await Promise.allSettled(reads)) {
      assert(read.status === "fulfilled" || (read.reason instanceof JournalError && read.reason.kind === "failed"));
    }
  }
  await takeOver(journal, 0);
  const stored = idsOf(await readAll(journal, 0));
  const missing = acknowledged.filter((id) => !stored.includes(id));
  assert.deepEqual({ missing, denied: stored.filter((id) => denied.has(id)) }, { missing: [], denied: [] });
  assert(acknowledged.length > 0 && denied.size > 0);
  assert(events.includes("journal.worker_died"), `${ambiguous} were ambiguous`);
  await journal[Symbol.asyncDispose]();
  started.forget();
});
