// A log with a long past: 2,000,000 commands to 100,000 counters in commits of 100, all indexed. Made once and kept below
// the temporary folder (some 900 MB) until what decides its content changes.
import { Metrics } from "@atoll/core/runtime";
import { numbersBelow } from "./callers.ts";
import { Counter, indexed, startCounter } from "./counter.ts";
import { CounterLog } from "./counter-log.ts";
import { cachedDirectory, copyDirectory } from "./work-directory.ts";

export interface PrefilledLog {
  readonly commands: number;
  readonly keys: number;
}

export const prefilled: PrefilledLog = { commands: 2_000_000, keys: 100_000 };
export const prefilledQuick: PrefilledLog = { commands: 100_000, keys: 5_000 };

const commandsPerCommit = 100;
const readers = 200;
/** Fewer than may wait to be stored. */
const snapshotsAtATime = 5_000;

const core = (path: string): URL => new URL(path, import.meta.resolve("@atoll/core/journal"));
const sources = [
  core("record.ts"),
  core("sqlite/schema.ts"),
  core("sqlite/row-sum.ts"),
  core("../base/hash.ts"),
  new URL("counter-log.ts", import.meta.url),
  new URL(import.meta.url),
];
/** What decides which entities have a snapshot, and what is in it. */
const snapshotSources = [core("../entity/limits.ts"), core("../entity/recovery.ts"), core("../entity/receipts.ts")];

/** Copies the log into `to`, as the data folder of a system with service "counter". No entity has a snapshot. */
export async function copyBare(log: PrefilledLog, to: string): Promise<void> {
  copyDirectory(await bareLog(log), to);
}

/** The same, after the runtime has had every entity in memory once and stored the snapshots that it then finds worth storing. */
export async function copyPrefilled(log: PrefilledLog, to: string): Promise<void> {
  const { commands, keys } = log;
  const bare = await bareLog(log);
  const from = await cachedDirectory(`used-${commands}-${keys}`, [...sources, ...snapshotSources], async (directory) => {
    console.error(`letting the runtime store the snapshots of ${keys} entities, once`);
    copyDirectory(bare, directory);
    const metrics = new Metrics();
    await using running = await startCounter({ data: directory, metrics });
    const all = Array.from({ length: keys }, (_, k) => `k${k}`);
    while (all.length > 0) {
      const some = all.splice(-snapshotsAtATime);
      const reader = async (): Promise<void> => {
        for (let key = some.pop(); key !== undefined; key = some.pop()) await running.at(Counter, key).after({ by: 1 });
      };
      await Promise.all(Array.from({ length: readers }, reader));
      await indexed(metrics);
    }
  });
  copyDirectory(from, to);
}

function bareLog({ commands, keys }: PrefilledLog): Promise<string> {
  return cachedDirectory(`log-${commands}-${keys}`, sources, async (directory) => {
    console.error(`making a log of ${commands} commands, once`);
    await using log = await CounterLog.open(directory);
    const any = numbersBelow(keys, 1);
    for (let written = 0; written < commands; written += commandsPerCommit) {
      // The first round meets every key, so that none is without a past.
      await log.commit(Array.from({ length: commandsPerCommit }, (_, i) => `k${written + i < keys ? written + i : any()}`));
    }
    await log.index();
  });
}
