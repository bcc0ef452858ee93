// Scenarios 3 and 4 of the architecture, and the others, on several nodes of one service: owners that are paused, taken over from and
// continued, partitions that move under load, hosts that die, networks that lose and cut. The production code, unchanged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Asked, serviceName } from "./ledger-world.ts";
import { checkLaws } from "./laws.ts";
import { RingWorld } from "./ring-world.ts";
import { eachSeed } from "./seeds.ts";

const keys = ["a", "b", "c", "d", "e"] as const;
const operations: readonly Asked["operation"][] = ["put", "put", "put", "clear", "touch", "count", "count"];

const pick = <T>({ world }: RingWorld, of: readonly T[]): T => of[Math.floor(world.random.next() * of.length)] as T;

/** Clients that ask one thing after another, each with an id of its own and no retry. */
async function load(ring: RingWorld, clients: number, each: number): Promise<void> {
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let i = 0; i < each; i++) {
        const operation = pick(ring, operations);
        await ring.ask(operation, pick(ring, keys), operation === "count" ? "" : ring.freshId());
        await ring.pause(ring.world.random.next() * 300);
      }
    }),
  );
}

/** Everything heals, and then every account must answer: the liveness phase. */
async function heal(ring: RingWorld): Promise<void> {
  const { disk } = ring;
  ring.heal();
  disk.faults = { ...disk.faults, slow: 0, failed: 0, full: 0, ambiguous: 0, late: 0, hang: 0 };
  for (const key of keys) {
    const answered = await ring.insist("touch", key, ring.freshId());
    if (answered.kind !== "reply")
      throw new Error(`after healing, ${key} answers ${answered.kind === "failure" ? answered.failure.message : answered.kind}`);
    await ring.ask("count", key);
  }
  ring.world.note("healed");
}

async function run(ring: RingWorld, nodes: number, scenario: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
  const { world } = ring;
  await world.runUntil(
    (async () => {
      await ring.start(nodes);
      await scenario();
      await heal(ring);
      await ring.stop();
    })(),
  );
  checkLaws(ring);
  return world.trace.marks;
}

/** Something happens every now and then while clients ask. */
async function under(ring: RingWorld, times: number, everyMs: number, happen: () => void): Promise<void> {
  const loading = load(ring, 5, 12);
  for (let i = 0; i < times; i++) {
    await ring.pause(ring.world.random.next() * everyMs);
    happen();
  }
  await loading;
}

/** What it knew when it was stopped is asked for at once when it goes on. */
async function pausing(ring: RingWorld, node: string, ms: number): Promise<void> {
  ring.pauseNode(node);
  await ring.pause(ms);
  if (!ring.isPaused(node)) return;
  ring.resumeNode(node);
  await Promise.all(keys.map((key) => ring.askAt(node, "count", key)));
}

test("scenario 3: of an owner that is paused, taken over from and continued nothing is accepted, and no answer of its is older than its question", () =>
  eachSeed("scenario 3", 100, ["silent", "zombie is back", "host killed"], async (seed) => {
    const ring = new RingWorld(seed, { lossChance: 0.0005, duplicateChance: 0.01 });
    const { random } = ring.world;
    return run(ring, 3 + (seed % 3), () =>
      under(ring, 6, 2_000, () => {
        const node = pick(ring, ring.running);
        if (node === undefined) return;
        void pausing(ring, node, random.next() * 9_000);
      }),
    );
  }));

test("scenario 3: what is on its way to an owner that stops goes to the one that takes its place, in its order, before its link is found to be lost", () =>
  eachSeed("stopped owner", 20, ["link.written_off", "silent"], async (seed) => {
    const ring = new RingWorld(seed, {});
    return run(ring, 3, async () => {
      let owner: string | undefined;
      const key = (): string => keys.find((one) => (owner = ring.guestOwnerOf(one)) !== undefined) ?? "";
      while (key() === "" || ring.running.length < 3) await ring.pause(50);
      await ring.pause(2_000);
      const of = key();
      assert(owner !== undefined);
      await ring.ask("touch", of, ring.freshId());
      ring.pauseNode(owner);
      const ids = await ring.pipeline(of, 4);
      assert(ring.isPaused(owner), "it has not gone on meanwhile");
      const heard = ring.history.filter(({ id }) => ids.includes(id)).map((asked) => asked.heard?.kind);
      assert(!heard.includes("failure"), heard.join(", "));
      const order = logged(ring).filter((id) => ids.includes(id));
      assert.deepEqual(order, ids);
      await ring.pause(5_000);
    });
  }));

/** The ids that are in the log, in the order of their first record. */
function logged({ disk }: RingWorld): readonly string[] {
  const records = disk.rows(serviceName).flatMap(({ body }) => body.split("\n").map((line) => (JSON.parse(line) as { id: string }).id));
  return [...new Set(records)];
}

/** What one client asks of one key without waiting takes effect in the order in which it asked. */
async function pipelining(ring: RingWorld, times: number): Promise<void> {
  const pipelines: (readonly string[])[] = [];
  for (let i = 0; i < times; i++) {
    pipelines.push(await ring.pipeline(pick(ring, keys), 4));
    await ring.pause(ring.world.random.next() * 500);
  }
  const order = logged(ring);
  for (const ids of pipelines) {
    const places = ids.map((id) => order.indexOf(id)).filter((place) => place >= 0);
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      `${ids.join(", ")} took effect in another order`,
    );
    if (places.length > 1) ring.world.reach("pipelined");
  }
}

test("scenario 4: partitions that move under load, through links that are cut, keep the order and apply everything once", () =>
  eachSeed("scenario 4", 100, ["drained", "partition.released", "partition.acquired", "pipelined"], async (seed) => {
    const ring = new RingWorld(seed, { lossChance: 0.001, duplicateChance: 0.02, reorderChance: 0.0005 });
    const { random } = ring.world;
    let added = 10;
    return run(ring, 3, async () => {
      const pipelined = pipelining(ring, 12);
      await under(ring, 14, 600, () => {
        const way = random.next();
        const node = pick(ring, ring.running);
        if (node === undefined) return;
        if (way < 0.6) return ring.move(Math.floor(random.next() * ring.partitions), node);
        if (way < 0.75) return void ring.drain(node);
        if (way < 0.85) return ring.add(`ledgers-${(added += 1)}`);
        const other = pick(ring, ring.running);
        if (other === node) return;
        ring.network.cut(node, other, random.next() < 0.5 ? "both" : "there");
        void ring.pause(random.next() * 4_000).then(() => ring.network.heal(node, other));
      });
      await pipelined;
    });
  }));

test("scenario 5: nodes that crash at any moment, host or not, lose nothing that was acknowledged", () =>
  eachSeed("scenario 5 of several nodes", 100, ["journal.doubt_resolved"], async (seed) => {
    const ring = new RingWorld(seed, { lossChance: 0.0005 });
    const { random } = ring.world;
    return run(ring, 3 + (seed % 4), () =>
      under(ring, 10, 900, () => {
        const node = pick(ring, ring.running);
        if (node !== undefined) ring.crash(node, random.next() < 0.5 ? "process" : "machine");
      }),
    );
  }));

test("scenario 2: under failing commits of several nodes rejections, queries and duplicates stay linearizable", () =>
  eachSeed("scenario 2 of several nodes", 100, ["journal.commit_failed", "duplicate"], async (seed) => {
    const ring = new RingWorld(seed, {});
    const { world, disk } = ring;
    return run(ring, 3, async () => {
      const rate = world.random.next() * 0.3;
      disk.faults = { ...disk.faults, failed: rate * 0.5, full: rate * 0.3, slow: rate };
      const duplicated = ring.freshId();
      const [heard] = await Promise.all([
        Promise.all([0, 1, 2].map(() => ring.insist("put", "a", duplicated))),
        under(ring, 3, 500, () => ring.move(Math.floor(world.random.next() * ring.partitions), pick(ring, ring.running))),
      ]);
      assert.equal(new Set(heard.map((one) => (one.kind === "failure" ? one.failure.code : `${one.kind} ${one.count}`))).size, 1);
      world.reach("duplicate");
    });
  }));

test("scenario 1: ambiguous and failing commits of several nodes are settled, and nobody told no is in the log", () =>
  eachSeed("scenario 1 of several nodes", 100, ["journal.commit_ambiguous", "journal.doubt_resolved"], async (seed) => {
    const ring = new RingWorld(seed, {});
    return run(ring, 3, () => {
      const rate = ring.world.random.next() * 0.3;
      ring.disk.faults = { ...ring.disk.faults, failed: rate * 0.4, full: rate * 0.3, ambiguous: rate * 0.2, late: rate * 0.1, slow: rate };
      return under(ring, 0, 1, () => undefined);
    });
  }));
