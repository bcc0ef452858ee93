// `atoll services`, `partitions`, `scale`, `move` and `drain`: what the supervisor of a data directory says of the nodes of its services, and does with
// them.
import { CommandError, usageError } from "./command-error.ts";
import { askRunning } from "./control-client.ts";
import { findDataDirectory } from "./data-directory.ts";
import { notRunning, printNodes, operationWithinMs } from "./processes.ts";
import type { PartitionRow, ServiceStatus } from "./supervisor/process-verbs.ts";
import type { NodeStatus } from "./supervisor/slot.ts";
import { table } from "./table.ts";

export interface NodesOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export async function listServices({ data, json = false }: NodesOptions): Promise<void> {
  const services = (await answer(data, "GET /services")) as readonly ServiceStatus[];
  if (json) return printJson(services);
  const rows = services.map(({ service, state, nodes, running, host, partitions, restarts }) => [
    service,
    state,
    running === nodes ? String(nodes) : `${running} of ${nodes}`,
    host ?? "-",
    partitions === 0 ? "-" : String(partitions),
    String(restarts),
  ]);
  process.stdout.write(table(["service", "state", "nodes", "log at", "partitions", "restarts"], rows));
}

export async function listPartitions(service: string | undefined, { data, json = false }: NodesOptions): Promise<void> {
  const rows = (await answer(data, "POST /partitions", service === undefined ? {} : { service })) as readonly PartitionRow[];
  printPartitions(rows, json);
}

export async function scaleService(service: string, given: string, { data, json = false }: NodesOptions): Promise<void> {
  const nodes = count(given, "the number of nodes");
  printNodes((await answer(data, "POST /scale", { service, nodes }, operationWithinMs)) as readonly NodeStatus[], json);
}

export async function movePartition(service: string, given: string, node: string, { data, json = false }: NodesOptions): Promise<void> {
  const partition = count(given, "a partition");
  printPartitions((await answer(data, "POST /move", { service, partition, node }, operationWithinMs)) as readonly PartitionRow[], json);
}

export async function drainNode(node: string, { data, json = false }: NodesOptions): Promise<void> {
  printNodes((await answer(data, "POST /drain", { node }, operationWithinMs)) as readonly NodeStatus[], json);
}

async function answer(
  given: string | undefined,
  verb: `${"GET" | "POST"} /${string}`,
  input?: unknown,
  withinMs?: number,
): Promise<unknown> {
  const data = await findDataDirectory(given);
  const asked = await askRunning(data, verb, input, withinMs);
  if (asked.kind === "not-running") throw notRunning(data);
  return asked.value;
}

function count(text: string, what: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usageError(`${what} is a whole number, not "${text}"`);
}

function printPartitions(rows: readonly PartitionRow[], json: boolean): void {
  if (json) return printJson(rows);
  if (rows.length === 0) throw new CommandError("there are no partitions: no log is shared by several nodes here");
  const cells = rows.map(({ service, partition, node, epoch, state }) => [service, String(partition), node ?? "-", String(epoch), state]);
  process.stdout.write(table(["service", "partition", "node", "epoch", "state"], cells));
}

const printJson = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
