// What a record is made of: what the kernel says of a command besides events and answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { Failure } from "../base/failure.ts";
import { contract } from "../contract/index.ts";
import { entity, type AnyEntity } from "./definition.ts";
import { EntityKernel, type Question, type Verdict } from "./kernel.ts";

const Meter = contract("meter", {
  version: 1,
  key: z.string(),
  commands: { count: { in: z.object({ steps: z.array(z.int()) }), rejects: { Nothing: z.object({}) } } },
  topics: { sums: z.object({ sum: z.int(), unit: z.string().default("m") }), big: z.object({ key: z.string() }) },
});

const meter = entity(Meter, {
  state: z.object({ sum: z.int() }),
  initial: { sum: 0 },
  events: { Counted: z.object({ n: z.int() }), Reset: z.object({}) },
  decide: {
    count: (_, { steps }, turn) => {
      const [first, ...others] = steps;
      if (first === undefined) return turn.reject("Nothing", {});
      let emitted = turn.emit("Counted", { n: first });
      for (const n of others) emitted = n === 0 ? emitted.emit("Reset", {}) : emitted.emit("Counted", { n });
      return emitted;
    },
  },
  evolve: { Counted: (s, e) => ({ sum: s.sum + e.n }), Reset: () => ({ sum: 0 }) },
  publish: {
    sums: { Counted: (e, s) => (e.n < 0 ? undefined : { sum: s.sum }), Reset: () => ({ sum: 0, unit: "reset" }) },
    big: { Counted: (_, s, at) => (s.sum > 100 ? { key: `${at.key}@${at.version}` } : undefined) },
  },
});

function decide(part: AnyEntity, sum: number, steps: readonly number[], version = 7): Verdict {
  return new EntityKernel(part, true).decide({ sum }, version, { name: "count", input: { steps }, key: "k", now: 1, caller: "test" });
}

const change = (how: object): AnyEntity => ({ ...meter, how: { ...meter.how, ...how } });

test("publish: each event says what it publishes of the state after it, in order, in the input form of the topic", () => {
  assert.deepEqual(decide(meter, 90, [5, -1, 20, 0]).topics, [
    ["sums", { sum: 95 }],
    ["sums", { sum: 114 }],
    ["big", { key: "k@10" }],
    ["sums", { sum: 0, unit: "reset" }],
  ]);
  assert.deepEqual(decide(meter, 0, []).topics, [], "a rejection publishes nothing");
});

test("publish: a message that the topic's schema refuses is a defect, and the command has no effect", () => {
  const publish = { ...meter.how.publish, big: { Counted: () => ({ key: 7 }) } };
  assert.throws(
    () => decide(change({ publish }), 0, [1]),
    (error) => error instanceof Failure && error.code === "DEFECT" && /meter\/k\.count.*meter\.big.*\/key/s.test(error.message),
  );
});

const alarmOf = (alarm: (state: { readonly sum: number }) => number | undefined, sum: number, steps: readonly number[], version = 7) =>
  decide(change({ alarm }), sum, steps, version).alarm;

test("alarm: a record holds what changes between the state before and the state after, and nothing else", () => {
  assert.equal(decide(meter, 0, [1]).alarm, undefined);
  const when = ({ sum }: { readonly sum: number }): number | undefined => (sum > 10 ? sum * 1_000 : undefined);
  assert.equal(alarmOf(when, 0, [5]), undefined);
  assert.equal(alarmOf(when, 0, [20]), 20_000);
  assert.equal(alarmOf(when, 20, [1]), 21_000);
  assert.equal(alarmOf(when, 20, [1, -1]), undefined, "set and taken back in one command");
  assert.equal(alarmOf(when, 20, [-19]), null);
  assert.equal(alarmOf(when, 20, []), undefined, "a rejection changes nothing");
});

test("alarm: before its first event an entity has none, whatever its initial state says", () => {
  assert.equal(
    alarmOf(() => 5, 0, [1], 0),
    5,
  );
  assert.equal(
    alarmOf(() => undefined, 0, [1], 0),
    undefined,
  );
});

test("alarm: it is a whole number of milliseconds, never before the moment asked for; what is no moment is a defect", () => {
  assert.equal(
    alarmOf(() => 10.2, 0, [1], 0),
    11,
  );
  assert.equal(
    alarmOf(() => -5, 0, [1], 0),
    0,
  );
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])
    assert.throws(
      () => alarmOf(() => wrong, 0, [1], 0),
      (error) => error instanceof Failure && error.code === "DEFECT" && /no moment/.test(error.message),
    );
});

const Shelf = contract("shelf", {
  version: 1,
  key: z.string(),
  queries: {
    moments: { out: z.array(z.number()) },
    place: { out: z.object({ key: z.string(), version: z.int(), caller: z.string() }) },
    find: { in: z.object({ sku: z.string() }), out: z.object({ room: z.int() }), rejects: { Unknown: z.object({ sku: z.string() }) } },
  },
});
const shelf = entity(Shelf, {
  state: z.object({ room: z.int() }),
  initial: { room: 3 },
  events: {},
  decide: {},
  evolve: {},
  queries: {
    moments: (_, __, q) => [q.now, q.now],
    place: (_, __, { key, version, caller }) => ({ key, version, caller }),
    find: (state, { sku }, { reject }) => (sku === "tea" ? state : reject("Unknown", { sku })),
  },
}) as unknown as AnyEntity;
const kernel = new EntityKernel(shelf, true);

const ask = (name: string, input?: unknown, now: () => number = () => assert.fail("nobody asked for the time")) => {
  const question: Question = {
    name,
    input,
    key: "k",
    caller: "desk",
    get now() {
      return now();
    },
  };
  return kernel.query(kernel.initial(), 7, question);
};

test("kernel: a query has one moment, however often it looks at it, and none is read that it does not look at", () => {
  let reads = 0;
  assert.deepEqual(ask("moments", undefined, () => (reads += 1)).taken, [1, 1]);
  assert.equal(reads, 1);
  assert.deepEqual(ask("place").taken, { key: "k", version: 7, caller: "desk" });
});

test("kernel: a query's reject needs nothing but itself, and is the answer only where it is returned", () => {
  assert.deepEqual(ask("find", { sku: "tea" }), { kind: "reply", given: { room: 3 }, taken: { room: 3 } });
  const rejected = { kind: "rejection", name: "Unknown", given: { sku: "milk" }, taken: { sku: "milk" } };
  assert.deepEqual(ask("find", { sku: "milk" }), rejected);
});
