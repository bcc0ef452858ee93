// The command as a whole, where a minute takes the place of the hour: everything but the amount is as in a long run, and it says itself
// that so little proves nothing.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../flat.ts", import.meta.url));

function flat(...args: readonly string[]): { readonly status: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

test("flat: a subscriber that was away hears everything once and in order, and what is too little to prove anything does not pass", () => {
  const { status, out, err } = flat("--only", "subscriber", "--minutes", "0.02", "--away", "1");
  assert.match(out, /^subscriber: it is away .*[\d,]{5,} records behind, [\d,]+ tells open$/m, err);
  assert.match(out, /^subscriber: memory flat: yes .* · lost 0 · out of turn 0 · too little was waiting for this to mean anything$/m);
  assert.equal(status, 1, err);
});

test("flat: a case or a flag that does not exist, or a number out of its range, ends with status 2 and the usage", () => {
  for (const args of [
    ["--only", "nothing"],
    ["--minute", "1"],
    ["--minutes", "0"],
    ["--away", "x"],
  ]) {
    const { status, out, err } = flat(...args);
    assert.deepEqual([status, out], [2, ""]);
    assert.match(err, /npm run flat -- /);
  }
});
