// Worker threads of journals: started before anybody knows for which log, because that takes 70 ms, about as long as loading a
// system's file does beside it. Which log is a thread's own it is told first of all (protocol.ts, "serve").
import { getCompileCacheDir } from "node:module";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { KeyFilter, keyFilterBytes } from "./key-filter.ts";
import { signalBytes, type WorkerInput } from "./protocol.ts";

export interface StartedThread {
  readonly worker: Worker;
  readonly signal: Int32Array;
  readonly keys: KeyFilter;
}

/** Of the environment the thread gets only where compiled code is cached, if it is: that takes two thirds off its start. */
function cacheOnly(): { readonly [name: string]: string } {
  const directory = getCompileCacheDir();
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: directory };
}

/** It does not keep the process alive. */
export function startThread(): StartedThread {
  const input: WorkerInput = { signal: new SharedArrayBuffer(signalBytes), keys: new SharedArrayBuffer(keyFilterBytes) };
  // The source when run unbuilt, its compiled form otherwise; nothing of how the process was started is inherited.
  const entry = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(entry, { workerData: input, name: "atoll-journal", execArgv: [], argv: [], env: cacheOnly() });
  worker.unref();
  return { worker, signal: new Int32Array(input.signal), keys: new KeyFilter(input.keys) };
}

/** Threads that wait for a log. */
export class ReadyThreads implements Disposable {
  /** With what to do when one dies before it is taken: it leaves no log behind, and whoever comes starts another. */
  readonly #ready = new Map<StartedThread, () => void>();

  constructor(count: number) {
    for (let i = 0; i < count; i++) {
      const thread = startThread();
      const died = (): void => void this.#ready.delete(thread);
      this.#ready.set(thread, died);
      thread.worker.on("error", died).on("exit", died);
    }
  }

  /** Undefined if there is none left. */
  take(): StartedThread | undefined {
    const [first] = this.#ready;
    if (!first) return undefined;
    const [thread, died] = first;
    this.#ready.delete(thread);
    thread.worker.off("error", died).off("exit", died);
    return thread;
  }

  /** Ends those that nobody has taken. */
  [Symbol.dispose](): void {
    for (const { worker } of this.#ready.keys()) void worker.terminate();
    this.#ready.clear();
  }
}
