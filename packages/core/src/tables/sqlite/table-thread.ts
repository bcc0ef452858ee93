// A thread of tables as the main thread sees it: each request gets one answer, also when the thread dies; the next request
// then starts another. It keeps the process alive exactly as long as an answer is outstanding.
import { getCompileCacheDir } from "node:module";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../runtime/index.ts";
import { TableError } from "../table-store.ts";
import { type Answer, type Ask, type Request, rowsOf, type WorkerInput } from "./protocol.ts";

/** Requests without an answer; beyond: overloaded (T7). */
const pendingMax = 1_024;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: TableError) => void;
}

/** Of the environment the thread gets only where compiled code is cached, if it is: that shortens its start. */
function cacheOnly(): { readonly [name: string]: string } {
  const directory = getCompileCacheDir();
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: directory };
}

/** One life of the thread. */
class Life {
  readonly worker: Worker;
  readonly pending = new Map<number, Pending>();
  readonly ended = Promise.withResolvers<void>();
  alive = true;

  constructor(role: WorkerInput["role"], logger: Logger) {
    const entry = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
    const workerData: WorkerInput = { role };
    this.worker = new Worker(entry, { workerData, name: `atoll-tables-${role}`, execArgv: [], argv: [], env: cacheOnly() });
    this.worker.unref();
    let cause: unknown;
    this.worker.on("message", (answer: Answer) => this.#settle(answer));
    this.worker.on("error", (error) => {
      cause = error;
    });
    this.worker.on("exit", () => {
      this.alive = false;
      if (this.pending.size > 0 || cause !== undefined)
        logger.log("error", "tables.worker_died", { role, pending: this.pending.size, error: cause });
      for (const { reject } of this.pending.values())
        reject(new TableError("failed", "the tables' thread ended before it answered", { cause }));
      this.pending.clear();
      this.ended.resolve();
    });
  }

  #settle(answer: Answer): void {
    const pending = this.pending.get(answer[0]);
    if (!pending) return;
    this.pending.delete(answer[0]);
    if (this.pending.size === 0) this.worker.unref();
    if (answer[1] === "error") pending.reject(new TableError(answer[2], answer[3]));
    else pending.resolve(answer[1] === "rows" ? rowsOf(answer[2], answer[3]) : answer[2]);
  }
}

export class TableThread {
  readonly #role: WorkerInput["role"];
  readonly #logger: Logger;
  #life: Life | undefined;
  #lastId = 0;

  /** Starts with the first request. */
  constructor(role: WorkerInput["role"], logger: Logger) {
    this.#role = role;
    this.#logger = logger;
  }

  get running(): boolean {
    return this.#life?.alive ?? false;
  }

  /** Rejects with a `TableError`. */
  ask<T>(ask: Ask): Promise<T> {
    if (!this.#life?.alive) this.#life = new Life(this.#role, this.#logger);
    const { pending, worker } = this.#life;
    if (pending.size >= pendingMax && ask[0] !== "close" && ask[0] !== "close apart")
      return Promise.reject(new TableError("overloaded", `${pendingMax} requests wait for the tables' thread`));
    return new Promise<T>((resolve, reject) => {
      this.#lastId += 1;
      if (pending.size === 0) worker.ref();
      pending.set(this.#lastId, { resolve: resolve as (value: unknown) => void, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage([this.#lastId, ask] satisfies Request);
    });
  }

  /** Ends the thread; whatever it was asked before is answered first. Resolves when it is gone. */
  async end(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    if (!life?.alive) return;
    life.worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    life.worker.postMessage("end");
    await life.ended.promise;
  }
}
