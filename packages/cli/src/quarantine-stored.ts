// Quarantine of a system at rest, read from its logs. Each log is opened as its service would, so a process that runs after
// all is noticed: JOURNAL_IN_USE.
import type { Quarantined } from "@atoll/core";
import type { Journal } from "@atoll/core/journal";
import { SqliteJournalStore } from "@atoll/core/journal/sqlite";
import { jsonLogger } from "@atoll/core/runtime/node";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "./command-error.ts";
import { listing, named, type Listing } from "./quarantined.ts";

/** Only for a log that is to be made, which none is here: an existing one keeps its own number. */
const partitions = 16;

/** Fails with a `Failure` (JOURNAL_*) if a log cannot be opened, with a `CommandError` if there is none. */
export async function listStored(data: string): Promise<Listing> {
  const entries: Quarantined[] = [];
  for (const service of await servicesIn(data)) entries.push(...(await withJournal(data, service, entriesOf(service))));
  return listing(entries);
}

/** What was released. Fails like `listStored`, and with a `CommandError` if nothing of that name is quarantined. */
export async function releaseStored(data: string, service: string, key: string): Promise<readonly Quarantined[]> {
  const services = await servicesIn(data);
  if (!services.includes(service)) return named([], services, service, key);
  return withJournal(data, service, async (journal) => {
    const released = named(await entriesOf(service)(journal), services, service, key);
    for (const entry of released) await journal.release(entry.entity, entry.key);
    return released;
  });
}

/** Services with a log, by name. Opening a folder without one would make one. */
async function servicesIn(data: string): Promise<readonly string[]> {
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

async function withJournal<T>(data: string, service: string, work: (journal: Journal) => Promise<T>): Promise<T> {
  await using journal = await new SqliteJournalStore(data, jsonLogger({ level: "warn" })).open(service, partitions);
  return await work(journal);
}

const entriesOf =
  (service: string) =>
  async (journal: Journal): Promise<readonly Quarantined[]> =>
    (await journal.quarantined()).map(({ type, key, since, reason, offset }) => {
      const entry = { service, entity: type, key, since: new Date(since).toISOString(), reason };
      return offset === undefined ? entry : { ...entry, offset };
    });
