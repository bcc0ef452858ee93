// Registry, nodes, log and a caller together, in any course of events (test/cluster): G1 to G7, O1 to O6, and what they are for.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { events, happen, heal, type PlanEvent } from "../../test/cluster/plan-course.ts";
import { PlanWorld } from "../../test/cluster/plan-world.ts";

const partitions = 6;
const event: fc.Arbitrary<PlanEvent> = fc.tuple(fc.constantFrom(...events), fc.nat(20), fc.nat(partitions - 1));
/** Nodes that have come up, so that what follows does not only happen to beginners. */
const start = (count: number): PlanWorld => {
  const world = new PlanWorld(partitions);
  for (let n = 0; n < count; n++) world.join();
  if (count > 0) heal(world, partitions);
  return world;
};

/** Of all runs together, each more than `timesMin` times. */
const mustReach = ["first", "ended", "silent", "over", "acquired", "refused", "answer lost", "raised", "fenced", "here", "hold", "moved"];
const timesMin = 100;

test("plans: whatever happens, one node writes a partition, is replaced only with cause, and all of it comes to rest, settled", () => {
  const marks = new Map<string, number>();
  fc.assert(
    fc.property(fc.nat(4), fc.array(event, { maxLength: 300, size: "max" }), (nodes, course) => {
      const world = start(nodes);
      for (const each of course) happen(world, each);
      heal(world, partitions);
      for (const [mark, times] of [...world.log.marks, ...Object.entries(world.grants)]) marks.set(mark, (marks.get(mark) ?? 0) + times);
    }),
    { numRuns: 500 },
  );
  for (const mark of mustReach) assert((marks.get(mark) ?? 0) > timesMin, `${mark} was reached ${marks.get(mark) ?? 0} times`);
});
