// A short run of `npm run helpdesk` as part of the check, and that the comparison sees what it is there to see.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../generated.ts";
import { differences, foldOf } from "./fold.ts";
import { readLog, type Line } from "./log-file.ts";

const script = join(root, "scripts/help-desk.ts");
const run = (...args: readonly string[]) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });

test("helpdesk: two thousand events of a real log, two kills: what the system keeps is what the file says, and the last line says so", () => {
  const { status, stdout, stderr } = run("--events", "2000", "--kills", "2");
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "events 2000 · cases 438 · killed 2 times · differences 0\n");
});

test("helpdesk: flags that mean nothing are refused with exit code 2", () => {
  for (const args of [
    ["--event", "4"],
    ["--events", "0"],
    ["--kills", "x"],
  ]) {
    const { status, stdout } = run(...args);
    assert.deepEqual([status, stdout], [2, ""]);
  }
});

test("helpdesk: the log is the one that is described: its lines, its cases, in time order", () => {
  const lines = readLog();
  assert.deepEqual([lines.length, new Set(lines.map(({ caseId }) => caseId)).size], [21_348, 4_580]);
  assert.ok(lines.every(({ at }, i) => i === 0 || (lines[i - 1] as Line).at <= at));
});

test("helpdesk: a line that is missing, comes twice, or says another word, shows in the figures it belongs to", () => {
  const lines = readLog().slice(0, 500);
  const found = (changed: readonly Line[]): readonly string[] => {
    const [expected, actual] = [foldOf(lines), foldOf(changed)];
    return Object.keys(expected).filter((list) => differences(list, expected[list] ?? new Map(), actual[list] ?? new Map()).length > 0);
  };
  const first = lines[0] as Line;
  assert.deepEqual(found(lines), []);
  for (const changed of [lines.slice(1), [first, ...lines]]) {
    const names = found(changed);
    for (const name of ["what was done, by case", "cases", "activities by resource, seriousness and kind", "agents"])
      assert.ok(names.includes(name), `${name}: ${names.join(", ")}`);
  }
  const closed = lines.findLastIndex(({ activity }) => activity === "Closed");
  assert.deepEqual(found(lines.with(closed, { ...(lines[closed] as Line), at: "2013-01-01T00:00:00+00:00" })).slice(-2), [
    "durations by product",
    "longest cases",
  ]);
});
