// Scenarios 1, 2 and 5 of the architecture on several nodes of one service: commits that fail or are ambiguous, and nodes that crash.
// The production code, unchanged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodesIn, pick, run, under } from "./ring-scenario.ts";
import { RingWorld } from "./ring-world.ts";
import { eachSeed } from "./seeds.ts";

test("ring, scenario 5: nodes that crash at any moment, host or not, lose nothing that was acknowledged", () =>
  eachSeed("ring, scenario 5", 60, ["journal.doubt_resolved"], async (seed) => {
    const ring = new RingWorld(seed, { lossChance: 0.0005 });
    const { random } = ring.world;
    return run(ring, nodesIn(seed), () =>
      under(ring, 10, 900, () => {
        const node = pick(ring, ring.running);
        if (node !== undefined) ring.crash(node, random.next() < 0.5 ? "process" : "machine");
      }),
    );
  }));

test("ring, scenario 2: under failing commits of several nodes rejections, queries and duplicates stay linearizable", () =>
  eachSeed("ring, scenario 2", 60, ["journal.commit_failed", "duplicate"], async (seed) => {
    const ring = new RingWorld(seed, {});
    const { world, disk } = ring;
    return run(ring, nodesIn(seed), async () => {
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

test("ring, scenario 1: ambiguous and failing commits of several nodes are settled, and nobody told no is in the log", () =>
  eachSeed("ring, scenario 1", 60, ["journal.commit_ambiguous", "journal.doubt_resolved"], async (seed) => {
    const ring = new RingWorld(seed, {});
    return run(ring, nodesIn(seed), () => {
      const rate = ring.world.random.next() * 0.3;
      ring.disk.faults = { ...ring.disk.faults, failed: rate * 0.4, full: rate * 0.3, ambiguous: rate * 0.2, late: rate * 0.1, slow: rate };
      return under(ring, 0, 1, () => undefined);
    });
  }));
