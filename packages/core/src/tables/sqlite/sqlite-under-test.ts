// Tables in files for the conformance suite. A crash is the death of their threads at whatever instruction they are.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import type { TableStoreUnderTest } from "../tck/table-under-test.ts";
import { SqliteTableStore } from "./sqlite-table-store.ts";

export async function sqliteUnderTest(): Promise<TableStoreUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), "atoll-tables-"));
  const workers = new Set<Worker>();
  const note = (worker: Worker): void => void workers.add(worker);
  process.on("worker", note);
  const newStore = (): SqliteTableStore => new SqliteTableStore(directory, { log: () => {} });
  let store = newStore();
  const terminate = async (): Promise<void> => {
    await Promise.all([...workers].map((worker) => worker.terminate()));
    workers.clear();
  };
  return {
    store: () => store,
    async crash() {
      await terminate();
      store = newStore();
    },
    drive: (work) => work,
    async cleanup() {
      await terminate();
      process.off("worker", note);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
