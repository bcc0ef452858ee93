// What the disk gives without any of us: a file that grows by 4 KiB and is synced; a bare SQLite table that takes rows of
// the same bytes in commits of the same size, in a thread of its own as ours has one.
import { once } from "node:events";
import { closeSync, fdatasyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

const blockBytes = 4_096;

/** Syncs per second of one writer. */
export function syncLoop(directory: string, ms: number): number {
  const file = openSync(join(directory, "bare-file"), "w");
  const block = Buffer.alloc(blockBytes, "x");
  ftruncateSync(file, 0);
  const startMs = performance.now();
  let syncs = 0;
  while (performance.now() - startMs < ms) {
    writeSync(file, block);
    fdatasyncSync(file);
    syncs += 1;
  }
  const perSecond = (syncs / (performance.now() - startMs)) * 1_000;
  closeSync(file);
  return perSecond;
}

export interface SqliteRound {
  /** Commands in one commit. */
  readonly batch: number;
  readonly ms: number;
}

/** A thread with a table of its own, as `log` of ours but without index, checks or readers. */
export class BareSqlite implements AsyncDisposable {
  readonly #worker: Worker;

  constructor(directory: string) {
    const workerData = { path: join(directory, "bare.db") };
    this.#worker = new Worker(new URL("bare-sqlite-thread.ts", import.meta.url), { workerData });
  }

  /** Commands committed per second. */
  async run(round: SqliteRound): Promise<number> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(round);
    const [perSecond] = (await once(this.#worker, "message")) as [number];
    return perSecond;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
