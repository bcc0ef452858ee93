// Operators who ask at bad moments: while nothing runs yet, where the disk is full, beside many others, into an output that takes nothing.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AtollProcess, launcher, systemFile } from "../../test/atoll-process.ts";
import { nodeOf, post, until } from "../../test/running-system.ts";
import { askRunning, followRunning } from "../control-client.ts";
import type { PartitionRow } from "./process-verbs.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "atoll-asked-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const start = (data: string): AtollProcess => new AtollProcess(["run", systemFile("trio"), "--port", "0", "--data", data]);

test("asked: who owns what is said of all services with a log, or not at all, also while they start", async () => {
  const data = join(folder, "early");
  await using running = start(data);
  let said: string[] | undefined;
  await until(async () => {
    const asked = await askRunning(data, "POST /partitions", {}).catch((error: unknown) => error as Error);
    if (asked instanceof Error)
      assert.match(asked.message, /^who owns what is not known yet: no node of .* runs; ask again, or see `atoll ps`$/);
    else if (asked.kind === "answered") said = (asked.value as readonly PartitionRow[]).map(({ service }) => service);
    return said !== undefined;
  });
  assert.deepEqual([...new Set(said)].sort(), ["gateway", "ledger", "stock"]);
  assert.equal((await running.stop()).code, 0);
});

test("asked: where nothing can be written down, a process that ends is followed by another all the same", async () => {
  const data = join(folder, "full");
  await using running = start(data);
  const url = await running.url();
  assert.deepEqual(await post(`${url}/items/a`), { count: 1 });
  await mkdir(join(data, "processes.json.new")); // for whoever writes there it is as good as a full disk
  process.kill((await nodeOf(data, "stock")).pid, "SIGKILL");
  assert.deepEqual(await post(`${url}/items/a`), { count: 2 });
  assert.match((await running.stop()).stderr, /"event":"processes.not_recorded","error":.*EISDIR/);
});

test("asked: 32 may follow the logs, a further one is told so, and none of them keeps anybody from asking", async () => {
  const data = join(folder, "followed");
  await using running = start(data);
  await running.url();
  const over = new AbortController();
  const input = { lines: 1, follow: true };
  const heard = new Set<number>();
  const follow = (n: number): Promise<boolean> => followRunning(data, "POST /logs", input, () => void heard.add(n), over.signal);
  const following = Array.from({ length: 32 }, (_, n) => follow(n));
  await until(() => heard.size === 32);
  await assert.rejects(follow(32), /^CommandError: 32 follow the logs already; end one of them$/);
  assert.equal((await askRunning(data, "GET /ps")).kind, "answered");
  over.abort();
  assert((await Promise.all(following)).every((ended) => ended));

  if (existsSync("/dev/full")) {
    const full = spawnSync("sh", ["-c", `"$0" "$1" ps --data "$2" > /dev/full`, process.execPath, launcher, data], { encoding: "utf8" });
    assert.deepEqual([full.status, full.stderr.split("\n").length], [1, 2], full.stderr);
    assert.match(full.stderr, /^atoll: standard output cannot be written: .*ENOSPC/);
  }
  assert.equal((await running.stop()).code, 0);
});
