// A log with a long past: 2,000,000 commands to 100,000 counters in commits of 100, all indexed. Made once and kept below
// the temporary folder (some 700 MB) until what decides its content changes.
import { CounterLog } from "./counter-log.ts";
import { cachedDirectory, copyDirectory } from "./work-directory.ts";
import { numbersBelow } from "./callers.ts";

export interface PrefilledLog {
  readonly commands: number;
  readonly keys: number;
}

export const prefilled: PrefilledLog = { commands: 2_000_000, keys: 100_000 };
export const prefilledQuick: PrefilledLog = { commands: 100_000, keys: 5_000 };

const commandsPerCommit = 100;

/** Copies the log into `to`, as the data folder of a system with service "counter". */
export async function copyPrefilled({ commands, keys }: PrefilledLog, to: string): Promise<void> {
  const core = (path: string): URL => new URL(path, import.meta.resolve("@atoll/core/journal"));
  const sources = [
    core("record.ts"),
    core("sqlite/schema.ts"),
    core("sqlite/row-sum.ts"),
    core("../base/hash.ts"),
    new URL("counter-log.ts", import.meta.url),
    new URL(import.meta.url),
  ];
  const from = await cachedDirectory(`log-${commands}-${keys}`, sources, async (directory) => {
    console.error(`making a log of ${commands} commands, once`);
    await using log = await CounterLog.open(directory);
    const any = numbersBelow(keys, 1);
    for (let written = 0; written < commands; written += commandsPerCommit) {
      // The first round meets every key, so that none is without a past.
      await log.commit(Array.from({ length: commandsPerCommit }, (_, i) => `k${written + i < keys ? written + i : any()}`));
    }
    await log.index();
  });
  copyDirectory(from, to);
}
