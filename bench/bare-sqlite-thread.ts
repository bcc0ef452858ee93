// The thread of BareSqlite: commits as fast as the disk lets it, with no one to answer to.
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { SqliteRound } from "./bare-disk.ts";

/** As many rows in a commit as there are partitions, unless it has fewer commands. */
const rowsMax = 16;
/** Bytes of a command of the counter in the log. */
const commandBytes = 265;

const { path } = workerData as { readonly path: string };
const db = new DatabaseSync(path);
db.exec("pragma journal_mode = wal; pragma synchronous = full");
db.exec("create table if not exists log (p integer not null, o integer not null, body text not null, primary key (p, o)) strict");
const begin = db.prepare("begin immediate");
const insert = db.prepare("insert into log values (?, ?, ?)");
const commit = db.prepare("commit");
const heads = new Array<number>(rowsMax).fill(0);

function run({ batch, ms }: SqliteRound): number {
  const rows = Math.min(batch, rowsMax);
  const bodies = heads.map((_, p) => "x".repeat(commandBytes * (Math.floor(batch / rows) + (p < batch % rows ? 1 : 0))));
  const startMs = performance.now();
  let commits = 0;
  while (performance.now() - startMs < ms) {
    begin.run();
    for (let row = 0; row < rows; row++) {
      // One row a commit still meets every partition in its turn.
      const p = (commits + row) % rowsMax;
      insert.run(p, (heads[p] = (heads[p] as number) + 1), bodies[row] as string);
    }
    commit.run();
    commits += 1;
  }
  return ((commits * batch) / (performance.now() - startMs)) * 1_000;
}

assert(parentPort, "this module is a thread");
const port = parentPort;
port.on("message", (round: SqliteRound) => port.postMessage(run(round)));
