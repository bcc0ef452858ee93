// A minute of `npm run chaos` as part of the check, and that it leaves nothing behind when it is cut off.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { root } from "./generated.ts";

const script = join(root, "scripts/chaos.ts");

test("chaos: a minute of kills, pauses and restarts under load violates nothing, and the last line says so", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--minutes", "1", "--seed", "3"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const result =
    /(?:^|\n)ordered (\d+) · confirmed (\d+) · rejected (\d+) · killed (\d+) \(gateway (\d+)\) · paused (\d+) · restarted (\d+) · .*late 0 · violations 0\n$/.exec(
      stdout,
    );
  assert(result, stdout);
  for (const count of result.slice(1)) assert(Number(count) > 0, stdout);
});

/** Pids of the processes that work below `folder`. */
async function processesIn(folder: string): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const environment = await readFile(`/proc/${entry}/environ`, "utf8").catch(() => "");
    if (environment.includes(`TMPDIR=${folder}\0`)) pids.push(Number(entry));
  }
  return pids;
}

test("chaos: cut off by Ctrl-C while one of the processes is stopped, it leaves neither a process nor a file behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chaos-test-"));
  const child = spawn(process.execPath, [script, "--minutes", "1", "--seed", "8"], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  let said = "";
  let cutOff = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (cutOff || !/ pause \S+-\d+\n/.test(said)) return;
    cutOff = child.kill("SIGINT"); // once: a second one ends it at once, and leaves what it has stopped
  });
  assert.deepEqual(await ended, [1, null], said);
  // What has a supervisor ends by itself once that is gone.
  for (let left = await processesIn(folder); left.length > 0; left = await processesIn(folder)) await pause(50);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith("atoll-chaos-")),
    [],
  );
  await rm(folder, { recursive: true });
});

test("chaos: flags that mean nothing are refused with exit code 2", () => {
  for (const args of [
    ["--minute", "4"],
    ["--minutes", "0"],
    ["--seed", "x"],
  ]) {
    const { status, stdout } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [2, ""]);
  }
});
