// `atoll ps`, `restart`, `wait` and `stop`: what the process that runs a data directory says of its nodes, and does with them.
import { milliseconds } from "@atoll/core";
import { setTimeout as pause } from "node:timers/promises";
import { CommandError, usageError } from "./command-error.ts";
import { askRunning } from "./control-client.ts";
import { announced } from "./control-socket.ts";
import { findDataDirectory } from "./data-directory.ts";
import { isThere } from "./supervisor/process-start.ts";
import type { NodeStatus } from "./supervisor/slot.ts";
import { table } from "./table.ts";

export interface ProcessesOptions {
  readonly data?: string;
  readonly json?: boolean;
  readonly rolling?: boolean;
  readonly state?: string;
  readonly within?: string;
}

const states: readonly NodeStatus["state"][] = ["starting", "running", "draining", "stopped", "failed"];

/** A little longer than the supervisor tries (supervisor/operations.ts), so that it can say what it waits for. */
export const operationWithinMs = 70_000;
const stoppedWithinMs = 30_000;
const pollMs = 50;

export async function listProcesses({ data, json = false }: ProcessesOptions): Promise<void> {
  printNodes(await statusOf(await findDataDirectory(data)), json);
}

export async function restartService(service: string, { data: given, json = false, rolling = false }: ProcessesOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const asked = await askRunning(data, "POST /restart", { service, rolling }, operationWithinMs);
  if (asked.kind === "not-running") throw notRunning(data);
  const nodes = asked.value as readonly NodeStatus[];
  if (json) return printNodes(nodes, json);
  for (const { node, pid } of nodes) process.stdout.write(`${node} is running again, as pid ${pid}\n`);
}

export async function waitForState(
  service: string,
  { data: given, json = false, state = "", within = "" }: ProcessesOptions,
): Promise<void> {
  if (!states.some((known) => known === state)) throw usageError(`"${state}" is no state of a service: those are ${states.join(", ")}`);
  const endMs = performance.now() + durationOf(within);
  const data = await findDataDirectory(given);
  for (;;) {
    const asked = await askRunning(data, "GET /ps");
    const all = asked.kind === "answered" ? (asked.value as readonly NodeStatus[]) : undefined;
    const nodes = all?.filter((node) => node.service === service) ?? [];
    if (all && nodes.length === 0) {
      throw new CommandError(
        `there is no service "${service}" here; there are: ${[...new Set(all.map((node) => node.service))].join(", ")}`,
      );
    }
    if (all && nodes.every((node) => node.state === state)) {
      if (json) printNodes(nodes, json);
      return;
    }
    if (performance.now() >= endMs) {
      throw new CommandError(
        all
          ? `service "${service}" is ${nodes.map((node) => node.state).join(", ")}, and not ${state}, after ${within}`
          : `no process runs ${data}, after ${within}`,
      );
    }
    await pause(pollMs);
  }
}

export async function stopRunning({ data: given }: ProcessesOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const pid = announced(data)?.pid;
  const asked = await askRunning(data, "POST /stop", {});
  if (asked.kind === "not-running" || pid === undefined) throw notRunning(data);
  const endMs = performance.now() + stoppedWithinMs;
  while (isThere(pid)) {
    if (performance.now() >= endMs)
      throw new CommandError(`process ${pid} has been asked to stop, and has not after ${stoppedWithinMs / 1_000} s`);
    await pause(pollMs);
  }
}

async function statusOf(data: string): Promise<readonly NodeStatus[]> {
  const asked = await askRunning(data, "GET /ps");
  if (asked.kind === "answered") return asked.value as readonly NodeStatus[];
  throw notRunning(data);
}

export const notRunning = (data: string): CommandError => new CommandError(`no process runs ${data}: start it with \`atoll run\``);

function durationOf(text: string): number {
  try {
    return milliseconds(text as Parameters<typeof milliseconds>[0]);
  } catch (error) {
    throw usageError(`--within: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function printNodes(nodes: readonly NodeStatus[], json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(nodes, null, 2)}\n`);
  else process.stdout.write(table(["service", "node", "pid", "state", "restarts", "up", "reason"], nodes.map(columns)));
}

const columns = ({ service, node, pid, state, restarts, uptime_ms: upMs, reason }: NodeStatus): readonly string[] => [
  service,
  node,
  pid === null ? "-" : String(pid),
  state,
  String(restarts),
  pid === null ? "-" : `${(upMs / 1_000).toFixed(1)} s`,
  reason ?? "",
];
