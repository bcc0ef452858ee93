// `atoll quarantine`: asks the process that runs the data directory; if none does, reads the logs itself.
import type { Quarantined } from "@atoll/core";
import { findDataDirectory } from "./data-directory.ts";
import { listRunning, releaseRunning } from "./quarantine-running.ts";
import { table } from "./table.ts";

export interface QuarantineOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export async function listQuarantined({ data: given, json = false }: QuarantineOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const { entries, total } = (await listRunning(data)) ?? (await (await import("./quarantine-stored.ts")).listStored(data));
  if (json) process.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
  else if (entries.length === 0) process.stdout.write("nothing is quarantined\n");
  else process.stdout.write(table(["service", "entity", "key", "since", "reason"], entries.map(columns)));
  if (total > entries.length) process.stderr.write(`atoll: these are the first ${entries.length} of ${total}\n`);
}

export async function releaseQuarantined(service: string, key: string, { data: given, json = false }: QuarantineOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const running = await releaseRunning(data, service, key);
  const released = running ?? (await (await import("./quarantine-stored.ts")).releaseStored(data, service, key));
  if (json) {
    process.stdout.write(`${JSON.stringify(released, null, 2)}\n`);
    return;
  }
  const next = running ? "the next message brings it back from its log" : "it comes back from its log when the system runs again";
  const rows = released.map((entry) => [`released ${entry.entity}/${entry.key} of service ${entry.service}; ${next}`]);
  process.stdout.write(table(undefined, rows));
}

const columns = ({ service, entity, key, since, reason }: Quarantined): readonly string[] => [service, entity, key, since, reason];
