// Tables in files for the conformance suite. A crash is the death of their threads at whatever instruction they are.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import type { TableStore } from "../table-store.ts";
import type { TableStoreUnderTest } from "../tck/table-under-test.ts";
import { SqliteTableStore } from "./sqlite-table-store.ts";

export async function sqliteUnderTest(): Promise<TableStoreUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), "atoll-tables-"));
  const workers = new Set<Worker>();
  /** Of the process that reads: started while it is asked. */
  const readers = new Set<Worker>();
  let reading = false;
  const note = (worker: Worker): void => void (reading ? readers : workers).add(worker);
  process.on("worker", note);
  const newStore = (): SqliteTableStore => new SqliteTableStore(directory, { log: () => {} });
  let store = newStore();
  const apart = newStore();
  const reader: TableStore = {
    names: (service) => apart.names(service),
    open: (service, name) => apart.open(service, name),
    remove: (service, name) => apart.remove(service, name),
    async read(service, name) {
      reading = true;
      const file = apart.read(service, name); // its thread is made at once, and told of a little later
      await new Promise(setImmediate);
      reading = false;
      return file;
    },
  };
  const terminate = async (): Promise<void> => {
    await Promise.all([...workers].map((worker) => worker.terminate()));
    workers.clear();
  };
  return {
    store: () => store,
    reader: () => reader,
    async crash() {
      await terminate();
      store = newStore();
    },
    drive: (work) => work,
    async cleanup() {
      await terminate();
      await Promise.all([...readers].map((worker) => worker.terminate()));
      process.off("worker", note);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
