// Commands whose answer leaves after the sync, on a log with a long past. The same run tells what an entity costs that is
// not in memory yet (the first question to each reads its log), and how many bytes reach the disk for a command.
import { join } from "node:path";
import { Metrics } from "@atoll/core/runtime";
import { BareSqlite, syncLoop } from "./bare-disk.ts";
import type { Room } from "./benchmark.ts";
import { bytesWritten } from "./bytes-written.ts";
import { askDuring, numbersBelow } from "./callers.ts";
import { Counter, indexed, startCounter } from "./counter.ts";
import { beside, interleave, Latencies, type Row, type Sample, sampleOf, type Side } from "./measure.ts";
import { copyPrefilled, prefilled, prefilledQuick } from "./prefilled-log.ts";
import { bytesBelow } from "./work-directory.ts";

/**
 * What entities with 20 receipts each occupy, and more. With the default bound most of 100,000 such keys are not in memory, and
 * the rate is that of recovery: 1.4 to 4 k/s were seen with 100 writers. The rows that end in "in memory" do not show that, so the
 * aim for many keys is not held against them.
 */
const residentBytesMax = 2 ** 30;
const writersMax = 1_000;
/** Several times as many as may recover at a time. */
const readers = 200;

export async function measureCommands({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const { commands, keys } = quick ? prefilledQuick : prefilled;
  const ms = quick ? 300 : 1_000;
  const bareMs = ms / 2;
  const data = join(directory, "data");
  await copyPrefilled({ commands, keys }, data);
  const storedBytes = bytesBelow(data) / commands;
  const metrics = new Metrics();
  await using running = await startCounter({ data, metrics, entities: { residentBytesMax, residentsMax: keys } });
  await using sqlite = new BareSqlite(directory);
  const cold = await recoverAll(keys, rounds, (key) => running.at(Counter, key).after({ by: 1 }));

  const choose = Array.from({ length: writersMax }, (_, writer) => numbersBelow(keys, writer + 1));
  const many = (writer: number): string => `k${(choose[writer] as () => number)()}`;
  const one = (): string => "k0";
  const commanding = (writers: number, keyOf: (writer: number) => string): Measured =>
    measured((times) => askDuring(ms, writers, (writer) => running.at(Counter, keyOf(writer)).add({ by: 1 }), times));
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
    rate("durable, 1 writer, many keys in memory", "many1", 1),
    rate("durable, 100 writers, many keys in memory", "many100", 100),
    rate("durable, 1,000 writers, many keys in memory", "many1000", 1000),
    rate("durable, 1 writer, one key", "one1", 1, alone),
    rate("durable, 100 writers, one key", "one100", 100, { kind: "at-least", value: 20_000 }),
    rate("durable, 1,000 writers, one key", "one1000", 1000),
    { name: `first question to an entity of ${commands / keys} events`, unit: "/s", ours: cold, bare: [] },
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
