// A short run of `npm run shop-kill9` as part of the check.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../generated.ts";

const script = join(root, "scripts/shop-kill9.ts");

test("shop-kill9: fifteen seconds of orders and kills violate no invariant of the shop, and the last line says so", () => {
  // Of this seed the shop lives for three seconds first: where two tests share two cores, starting its nine processes again takes up to ten.
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--minutes", "0.25", "--seed", "13218"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const result = /(?:^|\n)ordered (\d+) · confirmed (\d+) · rejected (\d+) · killed (\d+) times · violations 0\n$/.exec(stdout);
  assert(result, stdout);
  for (const count of result.slice(1)) assert(Number(count) > 0, stdout);
});

test("shop-kill9: flags that mean nothing are refused with exit code 2", () => {
  for (const args of [
    ["--minute", "4"],
    ["--minutes", "0"],
    ["--seed", "x"],
  ]) {
    const { status, stdout } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [2, ""]);
  }
});
