// `atoll quarantine`: asks the running process; where none runs, opens the logs itself.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Quarantined } from "@atoll/core";
import type { Journal } from "@atoll/core/journal";
import { SqliteJournalStore } from "@atoll/core/journal/sqlite";
import { nodeRuntime } from "@atoll/core/runtime/node";
import { ask } from "./control-client.ts";
import { CommandError } from "./report.ts";

export interface QuarantineOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export async function listQuarantine(options: QuarantineOptions): Promise<void> {
  const data = dataDirectory(options.data);
  const entries = ((await ask(data, "GET", "/quarantine")) as readonly Quarantined[] | undefined) ?? (await offline(data, listed));
  process.stdout.write(options.json ? `${JSON.stringify(entries, undefined, 2)}\n` : table(entries));
}

export async function releaseQuarantine(service: string, key: string, options: QuarantineOptions): Promise<void> {
  const data = dataDirectory(options.data);
  const answer = (await ask(data, "POST", "/quarantine/release", { service, key })) as { readonly released: number } | undefined;
  const released = answer ? answer.released : (await offline(data, (name, journal) => (name === service ? releasedIn(journal, key) : Promise.resolve([])))).length;
  if (released === 0) throw new CommandError(`service "${service}" has no quarantined key "${key}"; see: atoll quarantine list`);
  process.stdout.write(options.json ? `${JSON.stringify({ service, key, released })}\n` : `released ${service} ${key}: its next message brings it back from its log\n`);
}

async function listed(service: string, journal: Journal): Promise<readonly Quarantined[]> {
  return (await journal.quarantined()).map(({ type, key, since, reason, offset }) => {
    const entry: Quarantined = { service, entity: type, key, since: new Date(since).toISOString(), reason };
    return offset === undefined ? entry : Object.assign(entry, { offset });
  });
}

/** A key may be written CONTRACT/KEY where two contracts of a service share it. */
async function releasedIn(journal: Journal, key: string): Promise<readonly string[]> {
  const released: string[] = [];
  for (const entry of await journal.quarantined()) {
    if (entry.key !== key && `${entry.type}/${entry.key}` !== key) continue;
    if (await journal.release(entry.type, entry.key)) released.push(entry.key);
  }
  return released;
}

/** Runs `act` on every log below `data`, each opened alone, so that a process that starts meanwhile is not locked out for long. */
async function offline<T>(data: string, act: (service: string, journal: Journal) => Promise<readonly T[]>): Promise<readonly T[]> {
  const runtime = nodeRuntime({ logger: { log: () => undefined } });
  using alive = runtime.hold();
  void alive;
  const found: T[] = [];
  for (const service of readdirSync(data).toSorted()) {
    if (!existsSync(join(data, service, "log.db"))) continue;
    const journal = await new SqliteJournalStore(data, runtime.logger).open(service, 1);
    try {
      found.push(...(await act(service, journal)));
    } finally {
      await journal[Symbol.asyncDispose]();
    }
  }
  return found;
}

function dataDirectory(given: string | undefined): string {
  if (given !== undefined) {
    const path = resolve(given);
    if (!existsSync(path) || !statSync(path).isDirectory()) throw new CommandError(`there is no data directory ${path}`);
    return path;
  }
  const choices = existsSync(".atoll") ? readdirSync(".atoll").map((name) => join(".atoll", name)) : [];
  if (choices.length === 1) return resolve(choices[0] as string);
  const what = choices.length === 0 ? "there is no .atoll here" : `.atoll holds ${choices.length} systems: ${choices.join(", ")}`;
  throw new CommandError(`${what}; name the data directory with --data`, 2);
}

function table(entries: readonly Quarantined[]): string {
  if (entries.length === 0) return "nothing is quarantined\n";
  const rows = [["SERVICE", "ENTITY", "KEY", "SINCE", "REASON"], ...entries.map(({ service, entity, key, since, reason }) => [service, entity, key, since, reason])];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()}\n`).join("");
}
