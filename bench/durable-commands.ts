// Commands whose answer leaves after the sync, on a log with a long past, with the bounds that a service has by default. The same
// run tells what an entity costs that is not in memory yet (the first question to each reads its snapshot, or its log), and how
// many bytes reach the disk for a command.
import { join } from "node:path";
import { Metrics } from "@atoll/core/runtime";
import { BareSqlite, syncLoop } from "./bare-disk.ts";
import type { Room } from "./benchmark.ts";
import { bytesWritten } from "./bytes-written.ts";
import { askDuring, numbersBelow } from "./callers.ts";
import { Counter, indexed, startCounter } from "./counter.ts";
import { beside, interleave, Latencies, type Row, type Sample, sampleOf, type Side } from "./measure.ts";
import { copyBare, copyPrefilled, prefilled, prefilledQuick } from "./prefilled-log.ts";
import { bytesBelow, removeDirectory } from "./work-directory.ts";

const writersMax = 1_000;
/** Several times as many as may recover at a time. */
const readers = 200;

export async function measureCommands({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const { commands, keys } = quick ? prefilledQuick : prefilled;
  const ms = quick ? 300 : 1_000;
  const bareMs = ms / 2;
  const coldMs = 10 * ms;
  const data = join(directory, "data");
  const bareData = join(directory, "bare");
  await copyBare({ commands, keys }, bareData);
  const storedBytes = bytesBelow(bareData) / commands;
  const withoutSnapshot = await firstQuestions(bareData, keys / 10, rounds);
  removeDirectory(bareData);
  await copyPrefilled({ commands, keys }, data);
  const withSnapshot = await firstQuestions(data, keys / 10, rounds);
  const metrics = new Metrics();
  await using running = await startCounter({ data, metrics });
  await using sqlite = new BareSqlite(directory);

  const choose = Array.from({ length: writersMax }, (_, writer) => numbersBelow(keys, writer + 1));
  const many = (writer: number): string => `k${(choose[writer] as () => number)()}`;
  const one = (): string => "k0";
  const commanding = (writers: number, keyOf: (writer: number) => string): Measured =>
    measured((times) => askDuring(ms, writers, (writer) => running.at(Counter, keyOf(writer)).add({ by: 1 }), times));
  // Right after the start, when every key has to be brought back: the same writers, keys and bounds as below, not repeatable.
  const fromCold = sampleOf([await askDuring(coldMs, 100, (writer) => running.at(Counter, many(writer)).add({ by: 1 }))]);
  await recoverAll(keys, 1, (key) => running.at(Counter, key).after({ by: 1 }));
  const committing = (batch: number): Measured => measured(() => sqlite.run({ batch, ms: bareMs }));
  // What is compared stands close together.
  const sides = {
    one1: commanding(1, one),
    many1: commanding(1, many),
    sqlite1: committing(1),
    one100: commanding(100, one),
    many100: commanding(100, many),
    sqlite100: committing(100),
    one1000: commanding(1_000, one),
    sqlite1000: committing(1_000),
    many1000: commanding(1_000, many),
  };
  const { sync, ...samples } = await interleave(rounds, {
    sync: () => syncLoop(directory, bareMs),
    ...(Object.fromEntries(Object.entries(sides).map(([name, { run }]) => [name, run])) as { [N in keyof typeof sides]: Side }),
    many1000: async (round) => {
      const perSecond = await sides.many1000.run(round);
      await indexed(metrics); // what is written behind belongs to this side, not to the next one
      return perSecond;
    },
  });

  const synced = { "4 KiB + fdatasync": sync };
  const bare = {
    1: beside({ ...synced, "SQLite, 1 a commit": samples.sqlite1 }),
    100: beside({ "SQLite, 100 a commit": samples.sqlite100, ...synced }),
    1000: beside({ "SQLite, 1,000 a commit": samples.sqlite1000, ...synced }),
  };
  const rate = (name: string, side: keyof typeof sides, writers: keyof typeof bare, aim?: Row["aim"]): Row => {
    const row: Row = { name, unit: "/s", ours: samples[side], bare: bare[writers], details: sides[side].times.details() };
    return aim ? { ...row, aim } : row;
  };
  const bytes = (name: string, side: keyof typeof sides, against: keyof typeof sides): readonly Row[] => {
    const [ours, theirs] = [sides[side].bytes, sides[against].bytes];
    if (ours.length === 0) return []; // the kernel does not say
    return [{ name, unit: "B", ours: sampleOf(ours), bare: beside({ "SQLite, same commits": sampleOf(theirs) }) }];
  };
  const alone: Row["aim"] = { kind: "ratio-at-least", value: 0.8, to: "4 KiB + fdatasync" };
  return [
    rate("durable, 1 writer, many keys", "many1", 1, alone),
    rate("durable, 100 writers, many keys", "many100", 100, { kind: "at-least", value: 30_000 }),
    rate("durable, 1,000 writers, many keys", "many1000", 1000),
    { name: `durable, 100 writers, many keys, first ${coldMs / 1_000} s after a start`, unit: "/s", ours: fromCold, bare: [] },
    rate("durable, 1 writer, one key", "one1", 1, alone),
    rate("durable, 100 writers, one key", "one100", 100, { kind: "at-least", value: 20_000 }),
    rate("durable, 1,000 writers, one key", "one1000", 1000),
    { name: `first question to an entity of ${commands / keys} events, with snapshot`, unit: "/s", ours: withSnapshot, bare: [] },
    { name: `first question to an entity of ${commands / keys} events, without`, unit: "/s", ours: withoutSnapshot, bare: [] },
    ...bytes("written per command, 1 writer", "many1", "sqlite1"),
    ...bytes("written per command, 100 writers", "many100", "sqlite100"),
    ...bytes("written per command, 1,000 writers", "many1000", "sqlite1000"),
    { name: "kept in the log per command", unit: "B", ours: sampleOf([storedBytes]), bare: [] },
  ];
}

interface Measured {
  readonly run: Side;
  /** Of the answers, over all rounds that count. */
  readonly times: Latencies;
  /** Sent towards the disk per command, a figure a round. */
  readonly bytes: number[];
}

function measured(perSecond: (times: Latencies) => Promise<number>): Measured {
  const times = new Latencies();
  const bytes: number[] = [];
  return {
    times,
    bytes,
    async run(round) {
      times.startRound(round);
      const before = bytesWritten();
      const startMs = performance.now();
      const rate = await perSecond(times);
      const commands = (rate * (performance.now() - startMs)) / 1_000;
      const after = bytesWritten();
      if (round > 0 && before !== undefined && after !== undefined) bytes.push((after - before) / commands);
      return rate;
    },
  };
}

/** Entities of a log brought back per second, by a system that has just started. */
async function firstQuestions(data: string, keys: number, rounds: number): Promise<Sample> {
  await using running = await startCounter({ data });
  return await recoverAll(keys, rounds, (key) => running.at(Counter, key).after({ by: 1 }));
}

/** Entities brought back per second, each chunk of the keys a round. */
async function recoverAll(keys: number, rounds: number, ask: (key: string) => Promise<unknown>): Promise<Sample> {
  const perSecond: number[] = [];
  let next = 0;
  for (let round = 1; round <= rounds; round++) {
    const end = Math.floor((keys * round) / rounds);
    const startMs = performance.now();
    const count = end - next;
    const reader = async (): Promise<void> => {
      while (next < end) await ask(`k${next++}`);
    };
    await Promise.all(Array.from({ length: readers }, reader));
    perSecond.push((count / (performance.now() - startMs)) * 1_000);
  }
  return sampleOf(perSecond);
}
