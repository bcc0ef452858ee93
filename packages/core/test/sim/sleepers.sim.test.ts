// Sagas asleep cost no memory but bounds, survive the process, and wake in order: sleepers.ts, in a process of its own.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { execPath } from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { environment } from "@atoll/core/runtime/node";

const script = fileURLToPath(new URL("sleepers.ts", import.meta.url));
/** In a run of 1,000 seeds it is 100,000, which takes a minute of a processor. */
const sagas = 100 * Number(environment()["ATOLL_SEEDS"] ?? 200);

test(`sagas: ${sagas} asleep are not in memory, outlive the process, and wake in the order of their times`, async () => {
  const { stdout } = await promisify(execFile)(execPath, ["--max-old-space-size=1500", script, String(sagas)], { maxBuffer: 2 ** 20 });
  const { resident, running, ...others } = JSON.parse(stdout) as { readonly [figure: string]: number };
  assert.deepEqual(others, { runningAsleep: 0, rung: sagas, disorder: -1, left: 0 });
  assert.ok((resident ?? 0) >= 1 && (resident ?? 0) <= 500, `${resident} entities were in memory, 500 are allowed`);
  assert.ok((running ?? 0) >= 1 && (running ?? 0) <= 300, `${running} sagas were in memory, 300 are allowed`);
});
