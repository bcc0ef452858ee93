// A system whose parts speak by topics and tells, under every schedule and fault of the seeds: the laws of told-laws.ts hold
// for it, and find a subscription that is not what it must be.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, entity, handlers, service, subscription, system, type System } from "@atoll/core";
import * as z from "zod";
import { simulate, type Fault, type Scenario } from "../index.ts";

const Sale = z.object({ sku: z.string(), qty: z.int() });
const Till = contract("till", {
  version: 1,
  key: z.string(),
  commands: { sell: { in: Sale } },
  topics: { sold: Sale },
  access: { sold: "any" },
});
const till = entity(Till, {
  state: z.object({}),
  initial: {},
  events: { Sold: Sale },
  decide: { sell: (_, c, turn) => turn.emit("Sold", c) },
  evolve: { Sold: (s) => s },
  publish: { sold: { Sold: (e) => e } },
});

const Shelf = contract("shelf", {
  version: 1,
  key: z.string(),
  commands: { take: { in: z.object({ qty: z.int() }), rejects: { Empty: z.object({}) } }, refill: { in: z.object({ qty: z.int() }) } },
  queries: { left: { out: z.object({ left: z.int() }) } },
  access: { refill: ["desk"], left: "any" },
});
const shelf = entity(Shelf, {
  state: z.object({ left: z.int() }),
  initial: { left: 0 },
  events: { Taken: z.object({ qty: z.int() }), Filled: z.object({ qty: z.int() }) },
  decide: {
    take: (s, { qty }, turn) => (s.left + 50 < qty ? turn.reject("Empty", {}) : turn.emit("Taken", { qty })),
    refill: (_, { qty }, turn) => turn.emit("Filled", { qty }),
  },
  evolve: { Taken: (s, { qty }) => ({ left: s.left - qty }), Filled: (s, { qty }) => ({ left: s.left + qty }) },
  queries: { left: (s) => s },
});

const Desk = contract("desk", { version: 1, access: { order: "any" }, commands: { order: { in: Sale } } });
const desk = handlers(Desk, { handle: { order: async ({ sku, qty }, cx) => await cx.tell(Shelf, sku).refill({ qty }) } });

const limits = { partitions: 2, entities: { residentsMax: 3, snapshotEvery: 2 } };
const storeOf = (take: Parameters<typeof subscription<typeof Till.$.definition, z.infer<typeof Sale>>>[2]): System =>
  system("store", {
    services: [
      service("tills", [till], { limits }),
      service("shelves", [shelf, subscription("take", Till.sold, take)], { limits }),
      service("desk", [desk], { limits: { partitions: 2 } }),
    ],
  });
const store = storeOf(({ sku, qty }, tell) => tell(Shelf, sku).take({ qty }));

const skus = ["tea", "milk", "rice", "salt"];
const scenario: Scenario = async (world) => {
  const expected = new Map(skus.map((sku) => [sku, 0]));
  await Promise.all(
    skus.flatMap((sku, i) =>
      [1, 2].map(async (qty) => {
        await world.at(Till, `till-${i % 3}`).sell({ sku, qty }, { within: "5m" });
        await world.at(Desk).order({ sku, qty: qty * 10 }, { within: "5m" });
        expected.set(sku, (expected.get(sku) ?? 0) + 9 * qty);
      }),
    ),
  );
  await world.settle();
  for (const sku of skus) assert.equal((await world.at(Shelf, sku).left()).left, expected.get(sku), sku);
};
const faults: readonly Fault[] = ["crash", "duplicate", "slow-disk", "failing-disk"];

test("tells: what topics and handlers say arrives once, under all faults", () => simulate(store, { seeds: 60, faults }, scenario));

test("tells: what the world tells arrives once and in order, without anybody waiting for it, under all faults", () =>
  simulate(store, { seeds: 40, faults }, async (world) => {
    for (const sku of skus) {
      void world.tell(Shelf, sku).refill({ qty: 100 });
      void world.tell(Shelf, sku).take({ qty: 150 }); // there are as many only if the refill came first
      await world.tell(Shelf, sku).take({ qty: 1_000 }); // a rejection is an answer
    }
    await world.pause("1ms");
    await world.settle();
    for (const sku of skus) assert.equal((await world.at(Shelf, sku).left()).left, -50, sku);
  }));

test("tells: what the world tells and can never be delivered fails the run", async () => {
  const telling = simulate(store, { seeds: 1, faults: [] }, async (world) => {
    void world.tell(Shelf, "tea").refill({ qty: 0.5 });
    await world.at(Shelf, "tea").left();
  });
  await assert.rejects(telling, (error) => error instanceof assert.AssertionError && /INVALID_INPUT|refill/.test(error.message));
});

test("tells: a react that is not pure is found, by what it told against what it tells when it is asked again", async () => {
  let runs = 0;
  const fickle = storeOf(({ sku, qty }, tell) => tell(Shelf, (runs += 1) % 5 === 0 ? "elsewhere" : sku).take({ qty }));
  await assert.rejects(
    simulate(fickle, { seeds: 3, faults: [] }, async (world) => {
      for (let i = 0; i < 7; i++) await world.at(Till, "till").sell({ sku: "tea", qty: 1 });
      await world.settle();
    }),
    (error) => error instanceof assert.AssertionError && /nothing told is lost: |told what was published: /.test(error.message),
  );
});
