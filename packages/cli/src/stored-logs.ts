// The logs of a system at rest. Each is opened as its service would, under the lock of a supervisor, so that whatever runs after all is
// noticed, also while it is starting a process again: JOURNAL_IN_USE.
import type { Journal } from "@atoll/core/journal";
import { OwnerLock, SqliteJournalStore } from "@atoll/core/journal/sqlite";
import { jsonLogger } from "@atoll/core/runtime/node";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "./command-error.ts";

/** Only for a log that is to be made, which none is here: an existing one keeps its own number. */
const partitions = 16;

/** Services with a log, by name. Opening a folder without one would make one. Fails with a `CommandError` if there is none. */
export async function servicesIn(data: string): Promise<readonly string[]> {
  const services: string[] = [];
  for (const name of await readdir(data)) {
    const stored = (await sizeOf(join(data, name, "log.db"))) + (await sizeOf(join(data, name, "log.db-wal")));
    if (serviceName.test(name) && stored > 0) services.push(name);
  }
  if (services.length > 0) return services.sort();
  throw new CommandError(`there are no logs in ${data}: --data names the folder that was given to \`atoll run\``);
}

const serviceName = /^[a-z][a-z0-9-]*$/;
const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

/** Fails with a `Failure` (JOURNAL_*) if the log cannot be opened. */
export async function withJournal<T>(data: string, service: string, work: (journal: Journal) => Promise<T>): Promise<T> {
  const logger = jsonLogger({ level: "warn" });
  const lock = await OwnerLock.acquire(data, logger);
  try {
    await using journal = await new SqliteJournalStore(data, logger).open(service, partitions);
    return await work(journal);
  } finally {
    lock.release();
  }
}
