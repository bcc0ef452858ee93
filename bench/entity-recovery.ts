// Bringing one entity back that is not in memory: from its first event, and from a snapshot that is 250 events old. Each
// event is a row of its own, as a single writer leaves them. Beside it: the same records as lines of a flat file that is
// read at once, parsed and folded; for the snapshot, the state and the last 250 lines.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Room } from "./benchmark.ts";
import { Counter, startCounter } from "./counter.ts";
import { CounterLog, type Past } from "./counter-log.ts";
import { beside, interleave, type Row, type Side } from "./measure.ts";

/** Half of what the default policy lets come together before it takes the next snapshot. */
const eventsAfterSnapshot = 250;
/** One entity in memory, so that asking another makes it leave; and no snapshot but the ones that were made before. */
const entities = { residentsMax: 1, snapshotEvery: Number.MAX_SAFE_INTEGER };

export async function measureEntityRecovery({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const subjects = (quick ? [1_000, 10_000] : [1_000, 100_000]).map((events) => new Subject(events, directory));
  const data = join(directory, "data");
  await writeLog(data, subjects);
  await using running = await startCounter({ data, entities });
  const asking = (key: string): Side => timed(() => running.at(Counter, key).after({ by: 1 }));
  const rows: Row[] = [];
  for (const { events, plainKey, snappedKey, wholeFile, tailFile } of subjects) {
    const { plain, whole, snapped, tail } = await interleave(rounds, {
      plain: asking(plainKey),
      whole: timed(() => foldFile(wholeFile)),
      snapped: asking(snappedKey),
      tail: timed(() => foldFile(tailFile)),
    });
    const name = `recovery, ${events.toLocaleString("en")} events`;
    rows.push(
      { name, unit: "ms", ours: plain, bare: beside({ "flat file": whole }) },
      { name: `${name}, snapshot`, unit: "ms", ours: snapped, bare: beside({ "flat file, state and tail": tail }) },
    );
  }
  return rows;
}

/** Two entities with as many events, one of them with a snapshot, and two files that say the same. */
class Subject {
  readonly events: number;
  readonly plainKey: string;
  readonly snappedKey: string;
  readonly wholeFile: string;
  readonly tailFile: string;

  constructor(events: number, directory: string) {
    this.events = events;
    this.plainKey = `plain-${events}`;
    this.snappedKey = `snapped-${events}`;
    this.wholeFile = join(directory, `whole-${events}`);
    this.tailFile = join(directory, `tail-${events}`);
  }
}

async function writeLog(data: string, subjects: readonly Subject[]): Promise<void> {
  const pasts = new Map<string, Past>();
  {
    await using log = await CounterLog.open(data);
    for (const { events, plainKey, snappedKey, wholeFile, tailFile } of subjects) {
      const lines = await commitEach(log, plainKey, events);
      writeFileSync(wholeFile, lines.join("\n"));
      await commitEach(log, snappedKey, events - eventsAfterSnapshot);
      const past = log.past(snappedKey);
      writeFileSync(tailFile, [JSON.stringify({ total: past.total }), ...lines.slice(-eventsAfterSnapshot)].join("\n"));
      pasts.set(snappedKey, past);
    }
    await log.index();
  }
  {
    // A system makes the snapshots: its default policy takes one of every entity that has come so far without.
    await using running = await startCounter({ data });
    for (const key of pasts.keys()) await running.at(Counter, key).after({ by: 1 });
  }
  await using log = await CounterLog.open(data);
  for (const [key, past] of pasts) {
    log.resume(key, past);
    await commitEach(log, key, eventsAfterSnapshot);
  }
  await log.index();
}

async function commitEach(log: CounterLog, key: string, times: number): Promise<string[]> {
  const lines: string[] = [];
  for (let i = 0; i < times; i++) lines.push(...(await log.commit([key])));
  return lines;
}

type Line =
  | { readonly total: number }
  | { readonly events: readonly (readonly [name: string, version: number, data: { readonly by: number }])[] };

function foldFile(path: string): number {
  let total = 0;
  for (const text of readFileSync(path, "utf8").split("\n")) {
    const line = JSON.parse(text) as Line;
    if ("total" in line) total = line.total;
    else for (const [, , { by }] of line.events) total += by;
  }
  return total;
}

function timed(work: () => unknown): Side {
  return async () => {
    const startMs = performance.now();
    await work();
    return performance.now() - startMs;
  };
}
