// What a part of kind "readModel" is given: events and messages of logs, in order, once, upcast and validated, across crashes.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, Failure, service, system, type Implementation } from "@atoll/core";
import type { EventSource, ExtensionPart, ServiceRoom, SourceItem } from "@atoll/core/extension";
import type { System } from "@atoll/core/system";
import { virtually, type VirtualSystem } from "../../test/virtual-system.ts";

const Meter = contract("meter", {
  version: 1,
  key: z.string(),
  commands: { count: { in: z.object({ n: z.int() }), rejects: { Negative: z.object({}) } } },
  topics: { sums: z.object({ sum: z.int(), unit: z.string().default("m") }), private: z.object({}) },
  access: { sums: ["reports"] },
});
const meterOf = (version: 1 | 2) =>
  entity(Meter, {
    state: z.object({ sum: z.int() }),
    initial: { sum: 0 },
    events: { Counted: version === 1 ? z.object({ n: z.int() }) : z.object({ by: z.int() }) } as { Counted: z.ZodObject<{ n: z.ZodInt }> },
    ...(version === 2 ? { upcast: { Counted: [({ n }: { readonly n: number }) => ({ by: n })] } } : {}),
    decide: { count: (_, { n }, turn) => (n < 0 ? turn.reject("Negative", {}) : turn.emit("Counted", { n }).emit("Counted", { n: 0 })) },
    evolve: { Counted: (s, e) => ({ sum: s.sum + (e.n ?? 0) }) },
    publish: { sums: { Counted: (e, s) => (e.n === 0 ? undefined : { sum: s.sum }) }, private: {} },
  });
const meter = meterOf(1);
const Report = contract("report", { version: 1, queries: { lines: { out: z.array(z.string()) } }, access: { lines: "any" } });

/** A read model of the test's own: it answers with what it was given. */
function report(from: (room: ServiceRoom) => Promise<EventSource>, events: string[] = []): ExtensionPart {
  return {
    kind: "readModel",
    contract: Report,
    async open(room) {
      const source = await from(room);
      const items: SourceItem[] = [];
      const readers = Array.from({ length: source.log.partitions }, (_, p) => source.read(p, 0));
      const reading = readers.map(async (reader) => {
        for (let next = 0; ;) {
          const page = await reader.next(200);
          if (page.next <= next) return;
          items.push(...page.items);
          next = page.next;
        }
      });
      return Promise.resolve({
        receive: (message) =>
          message.answer({
            kind: "reply",
            given: undefined,
            value: items.map(
              ({ name, at, offset, index, data, error }) =>
                `${at.key}#${at.version} ${offset}.${index} ${name} ${error ? `error: ${error.message}` : JSON.stringify(data)}`,
            ),
            replayed: false,
          }),
        async close() {
          for (const reader of readers) reader.close();
          await Promise.all(reading);
          events.push("closed");
        },
      });
    },
  };
}

const meters = (reports: readonly Implementation[], own: readonly Implementation[] = [], of = meter): System =>
  system("meters", {
    services: [
      service("meters", [of, ...own], { limits: { partitions: 1 } }),
      ...(reports.length > 0 ? [service("reports", reports)] : []),
    ],
  });

const linesOf = (running: VirtualSystem): Promise<readonly string[]> =>
  running.inside(async () => [...(await running.booted.at(Report).lines())]);

test("extension: an own entity is read event by event, with the moment of each, from the first record to those that come", () =>
  virtually(meters([], [report((room) => room.source(meter))]), async (running) => {
    const at = running.booted.at;
    await running.inside(() => at(Meter, "a").count({ n: 5 }));
    await running.inside(() => at(Meter, "b").count({ n: -1 }));
    await running.pause(10);
    const lines = [`a#1 0.0 Counted {"n":5}`, `a#2 0.1 Counted {"n":0}`];
    assert.deepEqual(await linesOf(running), lines);
    const again = await running.restart();
    await again.inside(() => again.booted.at(Meter, "b").count({ n: 7 }));
    await again.pause(10);
    assert.deepEqual(await linesOf(again), [...lines, `b#1 2.0 Counted {"n":7}`, `b#2 2.1 Counted {"n":0}`]);
  }));

test("extension: events of an older version come upcast, and one that cannot be read comes with its error", () =>
  virtually(meters([]), async (running) => {
    await running.inside(() => running.booted.at(Meter, "a").count({ n: 5 }));
    const newer = await running.restart(meters([], [report((room) => room.source(meter))], meterOf(2)));
    await newer.pause(10);
    assert.deepEqual(await linesOf(newer), [`a#1 0.0 Counted {"by":5}`, `a#2 0.1 Counted {"by":0}`]);
    const older = await newer.restart();
    const broken = { ...meter, how: { ...meter.how, events: {} } };
    const unread = await older.restart(meters([], [report((room) => room.source(broken))], broken));
    await unread.pause(10);
    const [line = ""] = await linesOf(unread);
    assert.match(line, /^a#1 0\.0 Counted error: .*"Counted" that this version does not declare/);
  }));

test("extension: a topic of another service is read message by message, in the form of its schema", () =>
  virtually(meters([report((room) => room.source(Meter.sums))]), async (running) => {
    const at = running.booted.at;
    for (const n of [5, 6]) await running.inside(() => at(Meter, "a").count({ n }));
    await running.pause(10);
    assert.deepEqual(await linesOf(running), [`a#2 0.0 sums {"sum":5,"unit":"m"}`, `a#4 1.0 sums {"sum":11,"unit":"m"}`]);
  }));

const refusal = async (definition: System, given: object = {}): Promise<string> => {
  const error: unknown = await virtually(definition, () => Promise.resolve(undefined), given).catch((cause: unknown) => cause);
  assert(error instanceof Failure && error.code === "INVALID_DEFINITION", String(error));
  return error.message;
};

test("extension: what a service may not see is refused at start: others' entities, topics not for it, other versions", async () => {
  const Newer = contract("meter", { version: 2, key: z.string(), topics: { sums: z.object({}) } });
  const Nobody = contract("nobody", { version: 1, key: z.string(), topics: { said: z.object({}) } });
  assert.match(await refusal(meters([report((room) => room.source(meter))])), /belongs to service "meters": others read a topic/);
  assert.match(await refusal(meters([report((room) => room.source(Meter.private))])), /list "reports" under `access\.private`/);
  assert.match(await refusal(meters([report((room) => room.source(Newer.sums))])), /implements version 1 .* not 2/);
  assert.match(await refusal(meters([report((room) => room.source(Nobody.said))])), /no entity of this system publishes nobody\.said/);
});

test("extension: without tables a system that needs some does not start", async () => {
  assert.match(await refusal(meters([report((room) => room.source(Meter.sums))]), { tables: false }), /this platform has none/);
});

test("extension: it is closed when the system stops, before the logs are", () => {
  const events: string[] = [];
  return virtually(meters([report((room) => room.source(Meter.sums), events)]), async (running) => {
    await running.inside(() => running.booted.stop(1_000));
    assert.deepEqual(events, ["closed"]);
  });
});
