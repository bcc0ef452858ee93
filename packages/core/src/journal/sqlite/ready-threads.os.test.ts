import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SqliteJournalStore } from "./index.ts";
import { ReadyThreads } from "./ready-threads.ts";

const logger = { log: () => undefined };

test("ready threads: logs are served by those that were started ahead, and by others when there are none left", async () => {
  const data = mkdtempSync(join(tmpdir(), "atoll-ready-"));
  const ready = new ReadyThreads(1);
  const store = new SqliteJournalStore(data, logger, ready);
  try {
    await using first = await store.open("first", 2);
    assert.equal(ready.take(), undefined);
    await using second = await store.open("second", 3);
    assert.deepEqual([first.meta.partitions, second.meta.partitions], [2, 3]);
    assert.notEqual(first.meta.logId, second.meta.logId);
    assert.deepEqual(
      (await first.partitions()).map(({ epoch }) => epoch),
      [0, 0],
    );
  } finally {
    rmSync(data, { recursive: true });
  }
});

test("ready threads: those that nobody took are ended, and not given to anybody any more", async () => {
  const ready = new ReadyThreads(2);
  const taken = ready.take();
  assert.ok(taken);
  ready[Symbol.dispose]();
  assert.equal(ready.take(), undefined);
  assert.notEqual(taken.worker.threadId, -1, "the one that was taken lives on");
  await taken.worker.terminate();
});
