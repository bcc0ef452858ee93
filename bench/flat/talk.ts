// What is disturbed: somebody who talks, durably and on a topic, and three who listen: feeds, a subscription, a read model. Every
// message of a key carries the number that follows the one before it, so that each listener can tell what it has missed and what it
// has heard twice.
import { contract, entity, service, start, subscription, system, type Running, type StartOptions } from "@atoll/core";
import type { Metrics } from "@atoll/core/runtime";
import { defaultLimits, feed, gateway } from "@atoll/gateway";
import { readModel, tables } from "@atoll/read-model";
import * as z from "zod";
import { troubleLogger } from "../trouble-logger.ts";

/** What is said because a subscriber is away. */
const expected = new Set(["tell.failed", "breaker.forced_open"]);
const logger: NonNullable<StartOptions["logger"]> = {
  log(level, event, fields) {
    if (!expected.has(event)) troubleLogger.log(level, event, fields);
  },
};

const Said = z.object({ from: z.string(), n: z.int(), text: z.string() });

export const Talker = contract("talker", {
  version: 1,
  key: z.string(),
  access: { say: "any", said: "any" },
  commands: { say: { in: z.object({ text: z.string() }), out: z.object({ n: z.int() }) } },
  topics: { said: Said },
});

const talker = entity(Talker, {
  state: z.object({ n: z.int() }),
  initial: { n: 0 },
  events: { Said: z.object({ text: z.string() }) },
  decide: { say: (_, { text }, turn) => turn.emit("Said", { text }).reply((after) => after) },
  evolve: { Said: ({ n }) => ({ n: n + 1 }) },
  publish: { said: { Said: ({ text }, { n }, { key }) => ({ from: key, n, text }) } },
});

/** How far something was heard, and how often a number came that was not the next. */
const Heard = z.object({ last: z.int(), wrong: z.int() });

export const Listener = contract("listener", {
  version: 1,
  key: z.string(),
  access: { hear: "any", heard: "any" },
  commands: { hear: { in: z.object({ n: z.int() }) } },
  queries: { heard: { out: Heard } },
});

const listener = entity(Listener, {
  state: Heard,
  initial: { last: 0, wrong: 0 },
  events: { Heard: z.object({ n: z.int() }) },
  decide: { hear: (_, { n }, turn) => turn.emit("Heard", { n }) },
  evolve: { Heard: ({ last, wrong }, { n }) => ({ last: n, wrong: n === last + 1 ? wrong : wrong + 1 }) },
  queries: { heard: (state) => state },
});

export const Minutes = contract("minutes", {
  version: 1,
  access: { all: "any" },
  queries: { all: { out: z.array(Heard.extend({ key: z.string() })) } },
});

const minutes = readModel(Minutes, {
  version: 1,
  tables: tables<{ heard: { key: string; last: number; wrong: number } }>((db) => [
    db.schema
      .createTable("heard")
      .addColumn("key", "text", (c) => c.primaryKey())
      .addColumn("last", "integer", (c) => c.notNull())
      .addColumn("wrong", "integer", (c) => c.notNull()),
  ]),
  from: { talker: Talker.said },
  on: {
    talker: (db, { from, n }) =>
      db
        .insertInto("heard")
        .values({ key: from, last: n, wrong: n === 1 ? 0 : 1 })
        .onConflict((c) =>
          c.column("key").doUpdateSet((eb) => ({
            last: n,
            wrong: eb
              .case()
              .when("heard.last", "=", n - 1)
              .then(eb.ref("heard.wrong"))
              .else(eb("heard.wrong", "+", 1))
              .end(),
          })),
        ),
  },
  queries: { all: (db) => db.selectFrom("heard").selectAll().execute() },
});

export const keys: readonly string[] = Array.from({ length: 64 }, (_, i) => `k${i}`);
export const partitions = 4;

/** Small enough to be reached before anything is measured: what entities remember is then no growth. */
const entities = { mailboxCapacity: 128, receiptsMax: 256 };
export const receiptsMax = entities.receiptsMax;
const limits = { partitions, entities };

export type Listening = "feed" | "subscriber" | "rebuild";

/** The service that subscribes, as an operator names it. */
export const subscriber = "audience";

/** The talker, and who of the three is to listen. */
export function startTalk(listening: Listening, data: string, metrics: Metrics): Promise<Running> {
  const talk = service("talk", listening === "rebuild" ? [talker, minutes] : [talker], { limits });
  const audience = service(
    subscriber,
    [subscription("hear", Talker.said, ({ from, n }, to) => to(Listener, from).hear({ n }), { from: "start" })],
    // Never cut off but by hand.
    { calls: [[Listener, { within: "60s", concurrency: 10_000, breaker: { failures: 10_000 } }]] },
  );
  const services = listening === "subscriber" ? [talk, service("listeners", [listener], { limits }), audience] : [talk];
  // Whoever does not read would be cut off after a minute; here they stay as long as it takes.
  const open = gateway([feed("GET /said", Talker.said, { key: "any" })], { limits: { stalledMs: 86_400_000 } });
  const options = { data, port: 0, mode: "production", metrics, logger } as const;
  return start(system("flat", { services, ...(listening === "feed" ? { gateway: open } : {}) }), options);
}

export const feedBufferBytesMax = defaultLimits.feedBufferBytesMax;
