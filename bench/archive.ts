// Results for later: the whole run as a file of its own, and one line of history that is small enough to be kept for ever.
// Only whole runs are kept: parts and quick runs would not be comparable.
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Machine, Revision } from "./machine.ts";
import { isMet } from "./measure.ts";
import type { Result } from "./report.ts";

export interface Run {
  /** ISO 8601. */
  readonly date: string;
  readonly revision: Revision;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly seconds: number;
  readonly results: readonly Result[];
}

/** Five digits are more than any figure is worth. Rounds stand on one line, as the formatter has them. */
export function writeRun(run: Run, file: string): void {
  const round = (_: string, value: unknown): unknown =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
  const text = JSON.stringify(run, round, 2).replaceAll(
    /\[\s+([-\d.e+,\s]+?)\s+\]/g,
    (_, rounds: string) => `[${rounds.split(/,\s+/).join(", ")}]`,
  );
  writeFileSync(file, `${text}\n`);
}

/** Resolves to the file that was written. */
export function archiveRun(run: Run): string {
  const folder = new URL("results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = fileURLToPath(new URL(`${run.date.slice(0, 10)}-${run.revision.commit}.json`, folder));
  writeRun(run, file);
  appendFileSync(fileURLToPath(new URL("history.jsonl", import.meta.url)), `${historyLine(run)}\n`);
  return file;
}

/** Medians by row; a trailing "!" marks an aim that was missed, "+" a commit with changes. */
export function historyLine({ date, revision: { commit, dirty }, machine: { cpu, cores, node, load }, results }: Run): string {
  const rows: Record<string, number> = {};
  for (const row of results.flatMap((result) => result.rows)) {
    rows[isMet(row) === false ? `${row.name} !` : row.name] = rounded(row.ours.median);
  }
  return JSON.stringify({ date, commit: dirty ? `${commit}+` : commit, node, cpu, cores, load: rounded(load), rows });
}

const rounded = (value: number): number => Number(value.toPrecision(3));
