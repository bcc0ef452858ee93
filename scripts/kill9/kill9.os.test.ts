// A short run of `npm run kill9` as part of the check.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../generated.ts";

const script = join(root, "scripts/kill9.ts");

test("kill9: four seconds of load and kills lose nothing and apply nothing twice, and the last line says so", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--seconds", "4"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const result = /(?:^|\n)acknowledged (\d+) · killed (\d+) times · lost 0 · applied twice 0\n$/.exec(stdout);
  assert(result, stdout);
  assert(Number(result[1]) > 0 && Number(result[2]) > 0);
});

test("kill9: flags that mean nothing are refused with exit code 2", () => {
  for (const args of [
    ["--second", "4"],
    ["--seconds", "0"],
    ["--seed", "x"],
  ]) {
    const { status, stdout } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [2, ""]);
  }
});
