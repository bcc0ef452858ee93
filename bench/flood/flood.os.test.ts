// The command line; what the flood shows is judged by verdict.ts, and takes its time.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("flood: a flag that does not exist, or a number out of its range, ends with status 2 and the usage", () => {
  for (const args of [
    ["--second", "10"],
    ["--seconds", "9"],
    ["--seconds", "x"],
  ]) {
    const script = fileURLToPath(new URL("../flood.ts", import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /npm run flood -- /);
  }
});
