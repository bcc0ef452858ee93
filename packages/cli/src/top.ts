// `atoll top`: how the nodes of the running system do, from two readings of their figures: live on a terminal, once otherwise.
import { setTimeout as pause } from "node:timers/promises";
import { askRunning } from "./control-client.ts";
import { findDataDirectory } from "./data-directory.ts";
import { notRunning } from "./processes.ts";
import type { NodeFigures } from "./supervisor/process-verbs.ts";
import { type NodeRates, ratesBetween } from "./rates.ts";
import { table } from "./table.ts";

export interface TopOptions {
  readonly data?: string;
  readonly json?: boolean;
}

const everyMs = 1_000;
/** Cursor to the top, and what follows it cleared: the terminal keeps its scrollback. */
const home = "\u001B[H\u001B[J";

/** On a terminal it goes on until it is interrupted. */
export async function showTop({ data: given, json = false }: TopOptions): Promise<void> {
  const data = await findDataDirectory(given);
  const live = !json && process.stdout.isTTY;
  let before = await read(data);
  for (;;) {
    await pause(everyMs);
    const now = await read(data);
    const rows = ratesBetween(before, now);
    before = now;
    if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    else process.stdout.write(`${live ? home : ""}${table(heading, rows.map(columns))}`);
    if (!live) return;
  }
}

async function read(data: string): Promise<readonly NodeFigures[]> {
  const asked = await askRunning(data, "GET /top");
  if (asked.kind === "not-running") throw notRunning(data);
  return asked.value as readonly NodeFigures[];
}

const heading = ["node", "state", "taken/s", "commits/s", "p50 ms", "p99 ms", "waiting", "loop p99 ms", "cpu", "memory", "owns", "log"];

const columns = (row: NodeRates): readonly string[] => [
  row.node,
  row.state,
  shown(row.taken_per_s, 0),
  shown(row.commits_per_s, 0),
  shown(row.p50_ms, 1),
  shown(row.p99_ms, 1),
  shown(row.waiting, 0),
  shown(row.loop_p99_ms, 1),
  row.cpu === null ? "-" : `${(row.cpu * 100).toFixed(0)} %`,
  row.memory_bytes === null ? "-" : `${(row.memory_bytes / 2 ** 20).toFixed(0)} MB`,
  row.partitions === 0 ? "-" : String(row.partitions),
  row.host ? "here" : "",
];

const shown = (value: number | null, digits: number): string => (value === null ? "-" : value.toFixed(digits));
