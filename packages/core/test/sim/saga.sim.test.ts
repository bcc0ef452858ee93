// Sagas under crashes: at every single write of their journal, in every phase, and with failing disks. Each ends done, undone, or is
// parked and listed until somebody has dealt with it. The production code, unchanged.
import { test } from "node:test";
import type { Failure } from "@atoll/core";
import { BrokenLaw } from "@atoll/core/journal/simulated";
import { Checkout } from "../checkout.ts";
import { checkSagas, sagasOf } from "./saga-laws.ts";
import { SagaWorld, type Order } from "./saga-world.ts";
import { eachSeed } from "./seeds.ts";

type Mood = SagaWorld["books"]["mood"];

interface Scenario {
  readonly name: string;
  readonly order: Omit<Order, "key">;
  readonly mood?: (sagas: SagaWorld) => Mood;
  /** Nobody waits for it: what brings it back after a crash is its alarm. */
  readonly left?: true;
  /** What keeps it from going on must be mended by hand. */
  readonly parks?: true;
  /** While the orders run. */
  readonly meanwhile?: (sagas: SagaWorld, keys: readonly string[]) => Promise<void>;
}

const tea = { sku: "tea", qty: 1, cents: 500 };
const scenarios: readonly Scenario[] = [
  { name: "done", order: tea },
  { name: "sold out", order: { ...tea, qty: 50 } },
  { name: "declined", order: tea, mood: () => (what) => (what === "charge" ? "declines" : "works") },
  { name: "budget spent", order: tea, mood: () => (what) => (what === "charge" ? "fails after" : "works") },
  {
    name: "answers lost",
    order: tea,
    mood:
      ({ world }) =>
      () =>
        world.random.next() < 0.5 ? "fails after" : "works",
  },
  { name: "asleep", order: { ...tea, rest: "1m" } },
  { name: "left alone", order: { ...tea, rest: "1m" }, left: true },
  {
    name: "parked, listed and retried",
    order: tea,
    mood: (sagas) => (what) => (what === "charge" && !sagas.mended ? "is denied" : "works"),
    parks: true,
  },
  { name: "approved", order: { ...tea, qty: 3 }, meanwhile: (sagas, keys) => signal(sagas, keys, "approve") },
  { name: "cancelled", order: { ...tea, rest: "1h" }, meanwhile: (sagas, keys) => signal(sagas, keys, "cancel") },
];

async function signal(sagas: SagaWorld, keys: readonly string[], what: "approve" | "cancel"): Promise<void> {
  await sagas.pause(40 + sagas.world.random.next() * 300);
  for (const key of keys) {
    for (;;) {
      const heard = await sagas
        .insist((booted) => booted.at(Checkout, key)[what]({ by: "anna" }, { commandId: `${what} ${key}` }))
        .then(
          () => "heard",
          (error: unknown) => String(error),
        );
      if (!heard.includes("has not been started")) break;
      await sagas.pause(50);
    }
  }
}

/** Starts them, sees them parked and listed whatever crashes, mends what was wrong, and retries them. */
async function parkAndRetry(sagas: SagaWorld, placed: readonly Order[]): Promise<void> {
  const phases = (): readonly string[] => placed.map(({ key }) => sagasOf(sagas).get(key)?.state.phase ?? "none");
  while (phases().includes("none")) {
    await Promise.all(placed.map((one) => sagas.leave(one)));
    await sagas.pause(50);
  }
  while (phases().some((phase) => phase !== "parked")) await sagas.pause(100);
  await sagas.pause(sagas.world.random.next() * 500); // a crash that falls on its last write comes now
  const { entries } = await sagas.insist((booted) => booted.sagas.list({ state: "parked" }));
  const listed = entries.map(({ key, detail }) => `${key}: ${detail.includes("charge") ? "charge" : detail}`).toSorted();
  const wanted = placed.map(({ key }) => `${key}: charge`).toSorted();
  if (listed.join() !== wanted.join()) throw new BrokenLaw("parked and listed", `listed are ${listed.join()}, and parked ${wanted.join()}`);
  sagas.world.reach("parked and listed");
  sagas.mended = true;
  for (const { key } of placed) {
    await sagas.insist((booted) =>
      booted.sagas.retry("orders", key).catch((error: unknown) => {
        // It had been heard before the crash.
        if ((error as Failure).code !== "SAGA_NOT_RUNNING") throw error;
      }),
    );
  }
}

/** A step leaves only when what its saga was told before is on disk (S2): the bank looks at the disk whenever it is asked. */
function watched(sagas: SagaWorld, mood: Mood): Mood {
  return (what, key) => {
    const { events, state } = sagasOf(sagas).get(key) ?? { events: [], state: undefined };
    const has = (kind: string, step?: string): boolean =>
      events.some((event) => event.kind === kind && (step === undefined || ("step" in event && event.step === step)));
    if (what === "charge" && !has("Done", "reserve"))
      throw new BrokenLaw("durable before the next", `${key} is charged, and its reservation is not in its journal`);
    if (what === "refund" && !state?.cause)
      throw new BrokenLaw("durable before the next", `${key} is refunded, and has not turned in its journal`);
    return mood(what, key);
  };
}

async function run(sagas: SagaWorld, { order, mood, meanwhile, left, parks }: Scenario, orders: number): Promise<void> {
  const { world, books } = sagas;
  const broken = Promise.withResolvers<never>();
  const look = watched(sagas, mood?.(sagas) ?? (() => "works"));
  books.mood = (what, key) => {
    try {
      return look(what, key);
    } catch (error) {
      broken.reject(error);
      throw error;
    }
  };
  const scenario = async (): Promise<void> => {
    await sagas.start();
    await sagas.deliver();
    const placed = Array.from({ length: orders }, (_, i): Order => ({ key: `o${i}`, ...order }));
    const keys = placed.map(({ key }) => key);
    if (parks) await parkAndRetry(sagas, placed);
    else await Promise.all([...placed.map((one) => (left ? sagas.leave(one) : sagas.order(one))), meanwhile?.(sagas, keys)]);
    await sagas.settle();
    for (const [key, { state }] of sagasOf(sagas))
      if (state.phase !== "ended") throw new BrokenLaw("a saga ends", `saga ${key}: it is ${state.phase} when everything is at rest`);
    if (left || parks) await Promise.all(placed.map((one) => sagas.order(one)));
  };
  await world.runUntil(Promise.race([scenario(), broken.promise]));
  for (const { error } of world.failures) throw error;
  checkSagas(sagas);
}

for (const scenario of scenarios) {
  test(`sagas: ${scenario.name}: a crash at any write of the journal, with the write or without, changes nothing of the outcome`, async () => {
    const calm = new SagaWorld(1);
    await run(calm, scenario, 1);
    const expected = JSON.stringify([...calm.heard.values()]);
    for (let at = 1; at <= calm.writes; at++) {
      for (const written of [true, false]) {
        for (const seed of [1, 2]) {
          const sagas = new SagaWorld(seed);
          sagas.death = { at, written };
          await run(sagas, scenario, 1);
          if (sagas.writes < at) throw new BrokenLaw("reach", `write ${at} never came`);
          const heard = JSON.stringify([...sagas.heard.values()]);
          if (heard !== expected && scenario.name !== "cancelled")
            throw new BrokenLaw(
              "same outcome",
              `with a crash at write ${at} ${written ? "with" : "without"} it, seed ${seed}: ${heard} instead of ${expected}`,
            );
        }
      }
    }
  });
}

test("sagas: many at a time, under crashes and a failing disk, each ends done or undone, once in its effects, in order", async () => {
  await eachSeed(
    "sagas",
    150,
    ["crashed", "died after a write", "died before a write", "journal.commit_ambiguous", "parked and listed"],
    async (seed) => {
      const sagas = new SagaWorld(seed);
      const { world, disk } = sagas;
      const { random } = world;
      const scenario = scenarios[Math.floor(random.next() * scenarios.length)] as Scenario;
      if (random.next() < 0.5) disk.faults = { ...disk.faults, failed: 0.03, ambiguous: 0.03, late: 0.02, slow: 0.1 };
      sagas.death = { at: 2 + Math.floor(random.next() * 12), written: random.next() < 0.5 };
      await run(sagas, scenario, 1 + Math.floor(random.next() * 5));
      return world.trace.marks;
    },
  );
});
