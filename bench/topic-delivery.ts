// From a topic to those who hear of it, in one process: a backlog in the publisher's log is read, validated and reacted to by a
// subscription that tells nothing, and by one that tells each message to one of many entities, which apply and commit it.
// Beside the first stands reading and validating the same JSON lines alone.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { contract, entity, service, start, subscription, system, type Running } from "@atoll/core";
import { Metrics } from "@atoll/core/runtime";
import type { Room } from "./benchmark.ts";
import { beside, interleave, type Row, sampleOf } from "./measure.ts";
import { troubleLogger } from "./trouble-logger.ts";

const Said = z.object({ from: z.string(), n: z.int() });

const Source = contract("source", {
  version: 1,
  key: z.string(),
  commands: { say: { in: z.object({ n: z.int() }) } },
  topics: { said: Said },
  access: { said: "any" },
});
const source = entity(Source, {
  state: z.object({}),
  initial: {},
  events: { Said: z.object({ n: z.int() }) },
  decide: { say: (_, c, turn) => turn.emit("Said", c) },
  evolve: { Said: (s) => s },
  publish: { said: { Said: (e, _, at) => ({ from: at.key, n: e.n }) } },
});

const Sink = contract("sink", { version: 1, key: z.string(), commands: { hear: { in: z.object({ n: z.int() }) } } });
const sink = entity(Sink, {
  state: z.object({ heard: z.int() }),
  initial: { heard: 0 },
  events: { Heard: z.object({ n: z.int() }) },
  decide: { hear: (_, c, turn) => turn.emit("Heard", c) },
  evolve: { Heard: (s) => ({ heard: s.heard + 1 }) },
});

const sources = 1_000;
const sinks = 1_000;
const writers = 1_000;

export async function measureTopicDelivery({ quick, rounds, directory }: Room): Promise<readonly Row[]> {
  const messages = quick ? 10_000 : 200_000;
  const told = quick ? 5_000 : 50_000;
  const data = join(directory, "data");
  await publish(data, messages);
  const lines = Array.from({ length: messages }, (_, i) => JSON.stringify({ from: `k${i % sources}`, n: i }));
  const { silent, parsed } = await interleave(rounds, {
    silent: (round) => deliver(data, messages, service("reader", [subscription(`silent-${round}`, Source.said, () => undefined)])),
    parsed: () => {
      const startMs = performance.now();
      for (const line of lines) Said.parse(JSON.parse(line));
      return (messages / (performance.now() - startMs)) * 1_000;
    },
  });
  // Each in a log of its own: how far a subscription has come, and what entities remember, is measured from nothing.
  const perSecond: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const fresh = join(directory, `told-${round}`);
    await publish(fresh, told);
    const tell = subscription("tell", Source.said, ({ n }, to) => to(Sink, `k${n % sinks}`).hear({ n }));
    const rate = await deliver(fresh, told, service("sinks", [sink, tell]));
    if (round > 0) perSecond.push(rate);
  }
  return [
    {
      name: "topic to react, nothing told, from a backlog",
      unit: "/s",
      ours: silent,
      bare: beside({ "JSON.parse + zod": parsed }),
      aim: { kind: "at-least", value: 200_000 },
    },
    { name: "topic to commands applied, one told a message, many entities", unit: "/s", ours: sampleOf(perSecond), bare: [] },
  ];
}

const startWith = (data: string, services: readonly ReturnType<typeof service>[], metrics: Metrics): Promise<Running> =>
  start(system("bench", { services }), { data, port: 0, mode: "production", metrics, logger: troubleLogger });

async function publish(data: string, messages: number): Promise<void> {
  await using running = await startWith(data, [service("sources", [source])], new Metrics());
  let next = 0;
  const writer = async (): Promise<void> => {
    for (let n = next++; n < messages; n = next++) await running.at(Source, `k${n % sources}`).say({ n });
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

/** Messages per second from the start of the system until everything is done with. */
async function deliver(data: string, messages: number, reader: ReturnType<typeof service>): Promise<number> {
  const metrics = new Metrics();
  await using _ = await startWith(data, [service("sources", [source]), reader], metrics);
  const startMs = performance.now();
  const isDone = (): boolean => /^atoll_subscription_lag_records\{.*\} 0$/m.test(metrics.render());
  while (!isDone()) await pause(2);
  return (messages / (performance.now() - startMs)) * 1_000;
}
