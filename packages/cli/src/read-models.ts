// `atoll read-models`: asks the process that runs the data directory. At rest there is nobody to ask: what a read model holds is
// derived by code that only the system has, and its files may be deleted then.
import type { ParkedEntity, ReadModelStatus } from "@atoll/core";
import { setTimeout as pause } from "node:timers/promises";
import { CommandError } from "./command-error.ts";
import { findDataDirectory } from "./data-directory.ts";
import { listReadModels, listParked, rebuildReadModel, retryParked } from "./read-models-running.ts";
import { table } from "./table.ts";

export interface ReadModelsOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** Between two looks at one that is being rebuilt. */
const lookMs = 200;

export async function showReadModels({ data: given, json = false }: ReadModelsOptions): Promise<void> {
  const found = await listReadModels(await findDataDirectory(given));
  if (json) return print(found);
  if (found.length === 0) process.stdout.write("there are no read models\n");
  else process.stdout.write(table(["service", "read model", "version", "state", "behind", "parked", ""], found.map(statusColumns)));
}

export async function showParked({ data: given, json = false }: ReadModelsOptions): Promise<void> {
  const { entries, total } = await listParked(await findDataDirectory(given));
  if (json) print(entries);
  else if (entries.length === 0) process.stdout.write("nothing is parked\n");
  else process.stdout.write(table(parkedHeading, entries.map(parkedColumns)));
  if (total > entries.length) process.stderr.write(`atoll: these are the first ${entries.length} of ${total}\n`);
}

/** Waits until everything that can be applied is. */
export async function retryReadModel(
  service: string,
  readModel: string,
  key: string | undefined,
  { data: given, json = false }: ReadModelsOptions,
): Promise<void> {
  const retried = await retryParked(await findDataDirectory(given), service, readModel, key);
  if (json) return print(retried);
  const { released, parked } = retried;
  const again = parked.length === 0 ? "" : `, ${parked.length} failed again:`;
  process.stdout.write(`${released} ${released === 1 ? "entity is" : "entities are"} applied to the end${again}\n`);
  if (parked.length > 0) process.stdout.write(table(parkedHeading, parked.map(parkedColumns)));
}

/** Waits until the new one has taken the place of the old one. */
export async function rebuild(service: string, readModel: string, { data: given, json = false }: ReadModelsOptions): Promise<void> {
  const data = await findDataDirectory(given);
  await rebuildReadModel(data, service, readModel);
  for (;;) {
    const status = (await listReadModels(data)).find((found) => found.service === service && found.readModel === readModel);
    if (!status) throw new CommandError(`the process that runs ${data} has ended`);
    if (status.rebuilt === undefined) {
      if (json) return print(status);
      if (status.reason !== undefined) throw new CommandError(status.reason);
      process.stdout.write(`rebuilt ${readModel} of service ${service}: ${status.state}\n`);
      return;
    }
    await pause(lookMs);
  }
}

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

function statusColumns({ service, readModel, version, state, sources, parked, rebuilt, reason = "" }: ReadModelStatus): readonly string[] {
  const behind = sources.map((source) => {
    const since = source.behindMs > 0 ? ` (${source.behindMs} ms)` : "";
    return `${source.source} ${source.behind}${since}`;
  });
  const more =
    rebuilt === undefined ? reason : `${state === "building" ? "" : "a new one is "}${Math.floor(rebuilt * 100)} % built ${reason}`;
  return [service, readModel, `${version}`, state, behind.join(", "), `${parked}`, more.trim()];
}

const parkedHeading = ["service", "read model", "source", "key", "since", "skipped", "reason"];
const parkedColumns = ({ service, readModel, source, key, since, skipped, reason }: ParkedEntity): readonly string[] => [
  service,
  readModel,
  source,
  key,
  since,
  `${skipped}`,
  reason,
];
