// P1 on real files, in a real process that is killed with SIGKILL: also with the thread in the middle of a transaction, a
// checkpoint, a rebuild or a swap.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { start, type Running } from "@atoll/core";
import { Own, Tally, tallySystem, Theirs } from "./tally-under-test.ts";

const script = fileURLToPath(new URL("../test/killed.ts", import.meta.url));
const silent = { logger: { log: () => {} }, port: 0 };
const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), "atoll-read-model-"));
  folders.push(folder);
  return folder;
}

/** Highest count acknowledged by key, until it is killed after so many acknowledgements. */
async function runAndKill(data: string, round: number, acknowledgements: number, counts: Map<string, number>): Promise<void> {
  const child = spawn(process.execPath, [script, data, `${round}`], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  let heard = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [mark, key = "", count = ""] = line.split(" ");
    if (mark !== "+") continue;
    counts.set(key, Math.max(counts.get(key) ?? 0, Number(count)));
    heard += 1;
    if (heard === acknowledgements) child.kill("SIGKILL");
  }
  const [, signal] = (await exit) as [number | null, string | null];
  assert.equal(signal, "SIGKILL", "it lived until it was killed");
}

/** Until every read model is live and has applied everything. */
async function atRest(running: Running): Promise<void> {
  const busy = (): boolean =>
    running.readModels
      .list()
      .some(({ state, rebuilt, sources }) => state !== "live" || rebuilt !== undefined || sources.some(({ behind }) => behind > 0));
  while (busy()) await new Promise((resolve) => setImmediate(resolve));
}

test(
  "read model: after SIGKILLs at any moment every event is applied exactly once, and what was acknowledged is in it",
  { timeout: 120_000 },
  async () => {
    const data = folderForTest();
    const counts = new Map<string, number>();
    for (const [round, acknowledgements] of [1, 150, 400, 30, 700].entries()) await runAndKill(data, round, acknowledgements, counts);
    await using running = await start(tallySystem, { data, ...silent });
    await atRest(running);
    assert.deepEqual(running.readModels.parked(), []);
    const own = await running.at(Own).all();
    assert.equal(own.length, counts.size);
    for (const row of own) {
      const { total, changes } = await running.at(Tally, row.key).total();
      assert.deepEqual(row, { key: row.key, total, changes });
      assert(changes >= (counts.get(row.key) ?? 0));
    }
    assert.deepEqual(await running.at(Theirs).all(), own);
    const left = readdirSync(join(data, "tallies", "read-models")).filter((file) => file.endsWith(".db"));
    assert.equal(left.length, 1, `one generation is left: ${left.join(", ")}`);
  },
);

test(
  "read model: a file that is deleted at rest is built again, and one that is damaged is failing until it is rebuilt",
  { timeout: 60_000 },
  async () => {
    const data = folderForTest();
    const first = await start(tallySystem, { data, ...silent });
    for (let i = 0; i < 50; i++) await first.at(Tally, `k${i % 7}`).add({ by: i + 1 });
    await atRest(first);
    const expected = await first.at(Own).all();
    await first.stop();
    const folder = join(data, "tallies", "read-models");
    rmSync(folder, { recursive: true });
    const second = await start(tallySystem, { data, ...silent });
    await atRest(second);
    assert.deepEqual(await second.at(Own).all(), expected);
    await second.stop();
    writeFileSync(join(folder, "own-v1-1.db"), "no database, but as long as one has to be to be looked at".repeat(100));
    await using third = await start(tallySystem, { data, ...silent });
    const status = third.readModels.list().find(({ readModel }) => readModel === "own");
    assert.equal(status?.state, "failing");
    assert.match(status?.reason ?? "", /its file is damaged: file is not a database.*read-models rebuild/);
    await assert.rejects(third.at(Own).all(), { code: "UNAVAILABLE" });
    await third.readModels.rebuild("tallies", "own");
    await atRest(third);
    assert.deepEqual(await third.at(Own).all(), expected);
  },
);
