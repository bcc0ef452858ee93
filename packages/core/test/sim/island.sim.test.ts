// Scenarios 1, 2 and 5 (without restore) of the architecture: ambiguous commits at every point, speculation under failing
// commits, crashes at every journal operation with lagging indexes and jumping clocks. The production code, unchanged.
import { test } from "node:test";
import { plannedFaults, type Fault } from "@atoll/core/journal/simulated";
import { IslandWorld } from "./island-world.ts";
import type { Asked } from "./ledger-world.ts";
import { checkLaws } from "./laws.ts";
import { eachSeed } from "./seeds.ts";

const keys = ["a", "b", "c", "d"] as const;
const operations: readonly Asked["operation"][] = ["put", "put", "put", "clear", "touch", "count", "count"];

const pick = <T>(island: IslandWorld, of: readonly T[]): T => of[Math.floor(island.world.random.next() * of.length)] as T;

/** Clients that ask one thing after another, each with an id of its own and no retry. */
async function load(island: IslandWorld, clients: number, each: number, ofKeys: readonly string[] = keys): Promise<void> {
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let i = 0; i < each; i++) {
        const operation = pick(island, operations);
        await island.ask(operation, pick(island, ofKeys), operation === "count" ? "" : island.freshId());
        if (island.world.random.next() < 0.2) await island.pause(island.world.random.next() * 30);
      }
    }),
  );
}

/** Everything heals, and then every account must answer: the liveness phase. */
async function heal(island: IslandWorld): Promise<void> {
  const { world, disk } = island;
  disk.faults = { ...disk.faults, slow: 0, failed: 0, full: 0, ambiguous: 0, late: 0, hang: 0 };
  island.plan = undefined;
  for (const key of keys) {
    let answered = await island.insist("touch", key, island.freshId());
    if (answered.kind === "failure" && answered.failure.code === "TOO_OLD") {
      // Clock skew costs availability: until the clock is where it was when the forgotten ids were minted.
      island.process?.jumpClock(10 * 86_400_000);
      answered = await island.insist("touch", key, island.freshId());
    }
    if (answered.kind !== "reply")
      throw new Error(`after healing, ${key} answers ${answered.kind === "failure" ? answered.failure.message : answered.kind}`);
    await island.ask("count", key);
  }
  world.note("healed");
}

async function run(island: IslandWorld, scenario: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
  const { world } = island;
  await world.runUntil(
    (async () => {
      await island.restart();
      await scenario();
      await heal(island);
      await island.stop();
    })(),
  );
  checkLaws(island);
  return world.trace.marks;
}

test("scenario 1: an ambiguous commit at any point is settled by a newer epoch and a reread, and nobody told no is in the log", async () => {
  const kinds: readonly Fault[] = [
    { kind: "fail-after" },
    { kind: "late", until: "on-release" }, // never applied
    { kind: "late", until: { calls: 0 } },
    { kind: "late", until: { calls: 2 } }, // after the reread, if nothing newer fences it
    { kind: "late", until: { delayMs: 5_000 } },
    { kind: "hang", done: true },
    { kind: "hang", done: false },
  ];
  await eachSeed(
    "scenario 1",
    1_000,
    ["journal.commit_ambiguous", "journal.doubt_resolved", "told not delivered", "ghost after restart"],
    async (seed) => {
      const island = new IslandWorld(seed);
      const { random } = island.world;
      const k = 1 + Math.floor(random.next() * 12);
      // Several in a row, so that a command's tries end and it must be told the truth.
      const tries = 1 + Math.floor(random.next() * 4);
      const fault = pick(island, kinds);
      const ghost = random.next() < 0.3;
      return run(island, async () => {
        const schedule = Array.from({ length: tries }, (_, i) => ({ operation: "append" as const, call: k + i, fault }));
        island.crash();
        island.plan = plannedFaults(schedule);
        await island.restart();
        const loading = load(island, 4, 8);
        if (ghost) {
          await island.pause(random.next() * 40);
          island.crash();
          island.plan = undefined;
          island.world.reach("ghost after restart");
          await island.restart();
        }
        await loading;
        if (island.history.some(({ heard }) => heard?.kind === "failure" && heard.failure.code === "JOURNAL_FAILED"))
          island.world.reach("told not delivered");
      });
    },
  );
});

test("scenario 2: under failing commits rejections, queries and duplicates stay linearizable, and other partitions go on", async () => {
  const marks = ["journal.commit_failed", "journal.commit_ambiguous", "rejected", "duplicate", "refused alone"];
  await eachSeed("scenario 2", 1_000, marks, async (seed) => {
    const island = new IslandWorld(seed);
    const { disk, world } = island;
    return run(island, async () => {
      const rate = world.random.next() * 0.3;
      disk.faults = { ...disk.faults, failed: rate * 0.4, full: rate * 0.3, ambiguous: rate * 0.2, late: rate * 0.1, slow: rate };
      const poison = island.freshId();
      disk.refuses = (row) => row.body.includes(`"id":"${poison}"`);
      const duplicated = island.freshId();
      await Promise.all([
        load(island, 5, 8),
        ...[0, 1, 2].map(() => island.insist("put", "a", duplicated)),
        island.ask("put", "b", poison),
      ]);
      const poisoned = island.history.find(({ id }) => id === poison)?.heard;
      if (poisoned?.kind === "failure" && poisoned.failure.code === "COMMIT_REFUSED") world.reach("refused alone");
      const twice = island.history.filter(({ id, heard }) => id === duplicated && heard && heard.kind !== "failure");
      if (twice.length === 3) world.reach("duplicate");
      if (new Set(twice.map(({ heard }) => JSON.stringify(heard))).size > 1)
        throw new Error(`command ${duplicated} was answered differently: ${JSON.stringify(twice)}`);
      if (island.history.some(({ heard }) => heard?.kind === "full")) world.reach("rejected");
    });
  });
});

test("scenario 5: after a crash at any journal operation nothing acknowledged is lost, nothing is applied twice, and the index is the fold of the log", async () => {
  const marks = [
    "crashed in append",
    "crashed in index",
    "crashed in takeOver",
    "crashed in lookup",
    "clock jumped",
    "passivated",
    "boot failed",
  ];
  await eachSeed("scenario 5", 1_000, marks, async (seed) => {
    const island = new IslandWorld(seed);
    const { world, disk } = island;
    const { random } = world;
    const crashes = 1 + Math.floor(random.next() * 4);
    return run(island, async () => {
      let left = crashes;
      let next = 1 + Math.floor(random.next() * 60);
      if (random.next() < 0.3) disk.faults = { ...disk.faults, failed: 0.02, ambiguous: 0.02, late: 0.02, slow: 0.1 };
      island.onJournalCall = (call, operation) => {
        if (left === 0 || call < next) return;
        left -= 1;
        next = call + 1 + Math.floor(random.next() * 60);
        world.reach(`crashed in ${operation}`);
        const wasUp = island.up;
        island.crash();
        if (wasUp) void island.pause(random.next() * 500).then(() => island.restart()); // else whoever starts it starts it again
      };
      const many = [...keys, ...Array.from({ length: 8 }, (_, i) => `k${i}`)]; // more than may stay in memory
      world.reach("passivated");
      await Promise.all([
        ...Array.from({ length: 4 }, async () => {
          for (let i = 0; i < 6; i++) {
            const [operation, key, id] = [pick(island, ["put", "put", "clear", "touch"] as const), pick(island, many), island.freshId()];
            await island.insist(operation, key, id);
            if (random.next() < 0.2) {
              // A client that has lost the answer and comes back much later: from the receipts of a snapshot, or too old.
              await island.pause(random.next() * 5_000);
              await island.insist(operation, key, id);
              world.reach("asked again late");
            }
            if (random.next() < 0.1) {
              island.process?.jumpClock((random.next() - 0.5) * 2 * 86_400_000);
              world.reach("clock jumped");
            }
            if (random.next() < 0.1) await island.pause(random.next() * 3_000); // lets the index catch up, or not
          }
        }),
        load(island, 2, 6, many),
      ]);
      left = 0;
      while (!island.up) await island.pause(100);
    });
  });
});
