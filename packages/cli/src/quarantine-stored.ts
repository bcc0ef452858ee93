// Quarantine of a system at rest, read from its logs.
import type { Quarantined } from "@atoll/core";
import type { Journal } from "@atoll/core/journal";
import { listing, named, type Listing } from "./quarantined.ts";
import { servicesIn, withJournal } from "./stored-logs.ts";

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

const entriesOf =
  (service: string) =>
  async (journal: Journal): Promise<readonly Quarantined[]> =>
    (await journal.quarantined()).map(({ type, key, since, reason, offset }) => {
      const entry = { service, entity: type, key, since: new Date(since).toISOString(), reason };
      return offset === undefined ? entry : { ...entry, offset };
    });
