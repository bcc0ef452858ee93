// Real processes with one log on a real disk: its host is killed in the midst of the others' appends.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkAccount, ProcessUnderTest, storedIds } from "../../journal/sqlite/process-under-test.ts";

const script = fileURLToPath(new URL("../../../test/log-node.ts", import.meta.url));
const directories: string[] = [];
after(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

async function directoryForTest(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "atoll-log-"));
  directories.push(directory);
  return directory;
}

async function started(directory: string, n: number): Promise<ProcessUnderTest> {
  const node = new ProcessUnderTest(join(directory, "data"), [], [script, join(directory, "links"), String(n)]);
  assert(await node.says("listening"));
  return node;
}

test("log host: its process is killed under load, another one takes the log over, and what was acknowledged is there, again and again", async () => {
  const directory = await directoryForTest();
  const nodes: ProcessUnderTest[] = [];
  let host = await started(directory, 0);
  nodes.push(host);
  try {
    assert(await host.does("host 0"));
    for (const [n, acknowledged] of [
      [1, 20],
      [2, 200],
      [3, 600],
    ] as const) {
      const next = await started(directory, n);
      nodes.push(next);
      assert(await next.does(`host ${n - 1}`));
      assert(await host.says("hosting"), "the log is open there");
      next.tell("append 1000000 200");
      assert(await next.says("+", acknowledged), "it appends through the host");
      assert.equal(next.said("hosting").length, 0);
      await host.kill();
      assert(await next.says("log warn log_host.lost"));
      const before = next.said("+").length;
      next.tell(`host ${n}`);
      assert(await next.says("hosting"));
      assert(await next.says("+", before + 100), "it goes on as the host");
      host = next;
    }
    await host.kill();
    checkAccount(nodes, await storedIds(join(directory, "data")), false);
    assert(nodes.flatMap((node) => node.said("+")).length > 1_000);
  } finally {
    for (const node of nodes) await node.kill();
  }
});
