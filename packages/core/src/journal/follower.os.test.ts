// The laws F1 and F2 of follower.ts on a real file and a real thread, which dies in between.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, test } from "node:test";
import { nodeRuntime } from "../runtime/node/index.ts";
import { LogWriter } from "./log-writer.ts";
import type { Sink } from "./submission.ts";
import { logWriterLimits } from "./log-writer-limits.ts";
import { SqliteJournalStore } from "./sqlite/sqlite-store.ts";
import { StartedWorkers, temporaryDirectory } from "./sqlite/sqlite-under-test.ts";
import { idsOf as idsInRows, readAll, recordOf } from "./tck/rows.ts";

const directories: string[] = [];
after(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

/** Submits until `count` records are committed, whatever becomes of them on the way. */
function submitted(writer: LogWriter, count: number, onCommit: (committed: number) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let [number, committed, last, prev] = [0, 0, -1, -1];
  const next = (): void => {
    if (committed >= count) return resolve();
    if (!writer.admits(0)) return writer.waitFor(0, sink);
    prev = writer.submit(0, sink, recordOf("k", `n${(number += 1)}`, prev)).offset;
  };
  const sink: Sink = {
    committed: ({ offset }) => {
      last = offset;
      onCommit((committed += 1));
      next();
    },
    rewind: () => {
      prev = last;
      next();
    },
    resume: next,
  };
  for (let i = 0; i < 4; i++) next();
  return promise;
}

test("F1, F2: on SQLite, followers from three places show the whole log in order, although its thread dies twice", async () => {
  const directory = await temporaryDirectory();
  directories.push(directory);
  const runtime = nodeRuntime({ logger: { log: () => {} } });
  const started = new StartedWorkers();
  try {
    await using journal = await new SqliteJournalStore(directory, { log: () => {} }).open("s", 1);
    const writer = await LogWriter.open("s", journal, runtime, { ...logWriterLimits, recentBytesMax: 2_000 });
    const followers = [0, 0, 100].map((from) => writer.follow(0, from));
    const shown = followers.map(() => [] as string[]);
    const following = followers.map(async (follower, i) => {
      for (;;) {
        const page = await follower.next(1_000).catch(() => undefined);
        if (page?.length === 0) return;
        for (const { offset, record } of page ?? []) {
          assert(offset < writer.durable(0));
          shown[i]?.push(record.id);
        }
      }
    });
    const total = 600;
    await submitted(writer, total, (committed) => {
      if (committed === 150 || committed === 350) void started.terminate();
    });
    await writer.drain();
    const ids = idsInRows(await readAll(journal, 0));
    assert(ids.length >= total);
    for (const follower of followers)
      while (follower.position < ids.length) await new Promise<void>((resolve) => runtime.scheduler.endOfTurn(resolve));
    for (const follower of followers) follower.close();
    await Promise.all(following);
    assert.deepEqual(shown[0], ids);
    assert.deepEqual(shown[1], ids);
    assert.deepEqual(shown[2], ids.slice(100));
  } finally {
    started.forget();
  }
});
