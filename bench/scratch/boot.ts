import { SqliteJournalStore } from "../../packages/core/src/journal/sqlite/index.ts";
import { LogWriter, logWriterLimits } from "../../packages/core/src/journal/index.ts";
import { nodeRuntime } from "../../packages/core/src/runtime/node/index.ts";
const runtime = nodeRuntime({}); const h = runtime.hold();
import * as fs from "node:fs";
const dir = process.argv[2] ?? fs.mkdtempSync("/tmp/boot-");
for (const name of ["a", "b", "c"]) {
  let t = performance.now();
  const j = await new SqliteJournalStore(dir, runtime.logger).open(name, 16);
  const t1 = performance.now();
  const w = await LogWriter.open(name, j, runtime, logWriterLimits);
  const t2 = performance.now();
  console.log(name, "open", (t1 - t).toFixed(0), "takeover", (t2 - t1).toFixed(0));
  await w.drain(); await j[Symbol.asyncDispose]();
}
h[Symbol.dispose](); console.log(dir);
