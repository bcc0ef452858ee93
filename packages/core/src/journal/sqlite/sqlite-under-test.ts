// The journal on real files for the conformance suite, for tests only. A crash is the end of the worker thread at whatever
// instruction it is, followed by that of the lock; the death of a whole process is tested in kill.os.test.ts.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Worker } from "node:worker_threads";
import type { Logger, Timers } from "../../runtime/index.ts";
import type { Journal } from "../journal.ts";
import type { JournalUnderTest } from "../tck/journal-tck.ts";
import { SqliteJournalStore } from "./sqlite-store.ts";

const timers: Timers = {
  after(delayMs, task) {
    const timeout = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};

const silent: Logger = { log: () => {} };

/** Threads that were started while `work` ran, and since. */
export class StartedWorkers {
  readonly workers = new Set<Worker>();
  readonly #note = (worker: Worker): void => void this.workers.add(worker);

  constructor() {
    process.on("worker", this.#note);
  }

  async terminate(): Promise<void> {
    await Promise.all([...this.workers].map((worker) => worker.terminate()));
    this.workers.clear();
  }

  forget(): void {
    process.off("worker", this.#note);
  }
}

export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "atoll-journal-"));
}

export async function sqliteUnderTest(): Promise<JournalUnderTest> {
  const directory = await temporaryDirectory();
  const started = new StartedWorkers();
  const journals = new Set<Journal>();
  const inner = new SqliteJournalStore(directory, silent);
  const open = async (service: string, partitions: number): Promise<Journal> => {
    const journal = await inner.open(service, partitions);
    journals.add(journal);
    return journal;
  };
  const closeAll = async (): Promise<void> => {
    for (const journal of journals) await journal[Symbol.asyncDispose]();
    journals.clear();
  };
  return {
    store: () => ({ open, exists: (service) => inner.exists(service) }),
    async crash() {
      await started.terminate();
      await closeAll(); // nothing but the lock is left
    },
    timers: () => timers,
    damage(service, partition, offset) {
      const db = new DatabaseSync(join(directory, service, "log.db"));
      db.prepare("update log set body = ' ' || substr(body, 2) where p = ? and o = (select max(o) from log where p = ? and o <= ?)").run(
        partition,
        partition,
        offset,
      );
      db.close();
      return Promise.resolve();
    },
    async cleanup() {
      await closeAll();
      started.forget();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
