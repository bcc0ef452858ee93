// Scenarios 3 and 4 of the architecture on several nodes of one service: owners that are paused, taken over from and continued, and
// partitions that move under load while links are cut. The production code, unchanged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceName } from "./ledger-world.ts";
import { keys, nodesIn, pick, run, under } from "./ring-scenario.ts";
import { clients, RingWorld } from "./ring-world.ts";
import { eachSeed } from "./seeds.ts";

/** What it knew when it was stopped is asked for at once when it goes on. */
async function pausing(ring: RingWorld, node: string, ms: number): Promise<void> {
  ring.pauseNode(node);
  await ring.pause(ms);
  if (!ring.isPaused(node)) return;
  ring.resumeNode(node);
  await Promise.all(keys.map((key) => ring.askAt(node, "count", key)));
}

test("ring, scenario 3: of an owner that is paused, taken over from and continued nothing is accepted, and no answer of its is older than its question", () =>
  eachSeed("ring, scenario 3", 60, ["silent", "zombie is back", "host killed"], async (seed) => {
    const ring = new RingWorld(seed, { lossChance: 0.0005, duplicateChance: 0.01 });
    const { random } = ring.world;
    return run(ring, nodesIn(seed), () =>
      under(ring, 6, 2_000, () => {
        const node = pick(ring, ring.running);
        if (node === undefined) return;
        void pausing(ring, node, random.next() * 9_000);
      }),
    );
  }));

test("ring, scenario 3: what is on its way to an owner that stops goes to the one that takes its place, in its order, before its link is found to be lost", () =>
  eachSeed("ring, scenario 3: what is on its way", 20, ["link.written_off", "silent"], async (seed) => {
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
    pipelines.push(await ring.pipeline(pick(ring, keys), 6, ring.world.random.next() < 0.5 ? 0 : 60));
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

test("ring, scenario 4: partitions that move under load, through links that are cut, keep the order and apply everything once", () =>
  eachSeed("ring, scenario 4", 60, ["drained", "partition.released", "partition.acquired", "pipelined"], async (seed) => {
    const ring = new RingWorld(seed, { lossChance: 0.001, duplicateChance: 0.02, reorderChance: 0.0005 });
    const { random } = ring.world;
    let added = 10;
    return run(ring, nodesIn(seed), async () => {
      const pipelined = pipelining(ring, 12);
      await under(ring, 14, 600, () => {
        const way = random.next();
        const node = pick(ring, ring.running);
        if (node === undefined) return;
        if (way < 0.6) return ring.move(Math.floor(random.next() * ring.partitions), node);
        if (way < 0.75) return void ring.drain(node);
        if (way < 0.85) return ring.add(`ledgers-${(added += 1)}`);
        const other = pick(ring, [...ring.running, ...clients]);
        if (other === undefined || other === node) return;
        ring.network.cut(node, other, random.next() < 0.5 ? "both" : "there");
        void ring.pause(random.next() * 4_000).then(() => ring.network.heal(node, other));
      });
      await pipelined;
    });
  }));
