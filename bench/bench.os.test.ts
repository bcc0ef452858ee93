// The command as a whole, on the benchmarks that take least.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Run } from "./archive.ts";

function bench(...args: readonly string[]): { readonly status: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL("bench.ts", import.meta.url)), ...args], {
    encoding: "utf8",
  });
  return { status, out: stdout, err: stderr };
}

test("bench: a part of the benchmarks, quickly, prints the table and writes the JSON", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "atoll-bench-test-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "run.json");
  const { status, out, err } = bench("--only", "entity-recovery", "--only", "installed-size", "--quick", "--json", file);
  assert.equal(status, 0, err);
  assert.match(out, /recovery, 10,000 events, snapshot .*flat file, state and tail/);
  assert.doesNotMatch(out, /kept in/, "a part of the benchmarks leaves no trace in the history");
  const run = JSON.parse(readFileSync(file, "utf8")) as Run;
  assert.deepEqual(
    run.results.map(({ name, rows }) => [name, rows.length]),
    [
      ["entity-recovery", 4],
      ["installed-size", 1],
    ],
  );
  for (const { ours, name } of run.results.flatMap(({ rows }) => rows)) assert.ok(ours.median > 0, name);
});

test("bench: a name or a flag that does not exist ends with status 2 and the list of benchmarks", () => {
  for (const args of [["--only", "nothing"], ["--fast"]]) {
    const { status, out, err } = bench(...args);
    assert.deepEqual({ status, out }, { status: 2, out: "" });
    assert.match(err, /nothing|--fast/);
    assert.match(err, /in-process-ask {2,}asks within the process/);
  }
});
