// Feeds on the log of the system itself, in a virtual world: what entities publish, across crashes. What clients can do to a feed
// is in feed.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, Failure, system } from "@atoll/core";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld } from "@atoll/core/runtime/virtual";
import { boot } from "@atoll/core/system";
import * as z from "zod";
import type { FeedEvent } from "../test/feed-client.ts";
import { Parcel, Stock, trialSystem } from "../test/trial-system.ts";
import { virtually } from "../test/virtual-gateway.ts";
import { feed } from "./feed.ts";
import { gateway as gatewayOf } from "./gateway.ts";

const numbers = (events: readonly FeedEvent[]): readonly number[] => events.map(({ data }) => Number(data["n"]));
const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);

test("feed: on the system's own log, the past of a key, what comes, and every message of a record", () =>
  virtually(async (gateway) => {
    const travel = (id: string, ...stops: readonly string[]) => gateway.post(`/parcels/${id}/moves`, { stops });
    for (let i = 0; i < 5; i++) for (const id of ["a", "b", "c"]) await travel(id, "x", "y");
    await travel("a");
    const client = await gateway.feed("/parcels/a/moves");
    const all = await gateway.feed("/moves?from=start");
    const past = await client.take(10);
    assert.deepEqual(numbers(past), range(1, 11));
    assert.equal((await all.take(30)).length, 30);
    const coming = client.take(3);
    await travel("b", "z");
    await travel("a", "p", "q", "r");
    assert.deepEqual((await coming).map(({ data }) => data), [{ n: 11, to: "p" }, { n: 12, to: "q" }, { n: 13, to: "r" }]); // prettier-ignore
    assert.deepEqual(
      numbers(await all.take(4)).toSorted((a, b) => a - b),
      [11, 11, 12, 13],
    );
    const resumed = await gateway.feed("/parcels/a/moves", { "last-event-id": past.at(-2)?.id ?? "" });
    assert.deepEqual(numbers(await resumed.take(4)), [10, 11, 12, 13]);
  }));

test("feed: across crashes a client resumes with the id that it has seen, and misses nothing", async () => {
  let cut = 0;
  for (let seed = 1; seed <= 25; seed++) {
    await virtually(
      async (first) => {
        const { random } = first.world;
        let gateway = first;
        const seen: FeedEvent[] = [];
        let acknowledged = 0;
        for (let life = 0; life < 4; life++) {
          const id = seen.at(-1)?.id;
          const client = await gateway.feed("/parcels/a/moves", id === undefined ? {} : { "last-event-id": id });
          const reading = (async () => {
            for (let event = await client.next(); event; event = await client.next()) seen.push(event);
          })().catch(() => undefined);
          const posting = (async () => {
            for (;;) {
              const { status, json } = await gateway.post("/parcels/a/moves", {
                stops: ["x", "y"].slice(0, 1 + Math.floor(random.next() * 2)),
              });
              assert.equal(status, 200);
              acknowledged = Number(json["moves"]);
            }
          })().catch(() => undefined);
          await gateway.pause(10 + random.next() * 60);
          if (seen.length < acknowledged) cut += 1;
          gateway = await gateway.crash();
          void reading;
          void posting;
        }
        const last = await gateway.feed("/parcels/a/moves", seen.length === 0 ? {} : { "last-event-id": seen.at(-1)?.id ?? "" });
        const { json } = await gateway.post("/parcels/a/moves", { stops: ["end"] });
        const total = Number(json["moves"]);
        seen.push(...(await last.take(total - seen.length)));
        assert.deepEqual(numbers(seen), range(1, total + 1), `seed ${seed}`);
        assert.ok(total > acknowledged, `seed ${seed}`);
      },
      {},
      seed,
    );
  }
  assert.ok(cut > 0, "no crash came between a message and its client");
});

test("feed: a topic that is not for the gateway, or that nobody publishes, is refused when the system starts", async () => {
  const Other = contract("other", { version: 1, key: z.string(), topics: { t: z.object({}) }, access: { t: "any" } });
  for (const one of [feed("GET /a", Parcel.secret, { key: "any" }), feed("GET /a", Other.t, { key: "any" })]) {
    const world = new VirtualWorld({ seed: 1 });
    const runtime = world.process("node");
    const journals = new SimulatedJournalStore(new SimulatedDisk(world.outside), runtime, { process: "node" });
    const { services } = trialSystem({ runs: 0, ids: [], mended: false, log: undefined, wait: () => Promise.resolve() });
    const refused = system("refused", { services, gateway: gatewayOf([one]) });
    await assert.rejects(
      world.runUntil(runtime.enter(world.outside, () => boot(refused, { runtime, journals, config: {} }))),
      (error: unknown) => error instanceof Failure && error.code === "INVALID_DEFINITION",
    );
  }
});

test("feed: what cannot be meant is refused when it is defined", () => {
  const invalid = (define: () => unknown): void =>
    assert.throws(define, (error: unknown) => error instanceof Failure && error.code === "INVALID_DEFINITION");
  invalid(() => feed("GET /a", Parcel.moved, undefined as never));
  invalid(() => feed("GET /a", Parcel.moved, { key: "all" } as never));
  invalid(() => feed("GET /a", Stock.level as never, { key: "any" }));
  invalid(() => feed("POST /a" as never, Parcel.moved, { key: "any" }));
  invalid(() => feed("GET /a", Parcel.moved, { key: "any", from: "start" } as never));
});
