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

test("plans: whatever happens, one node writes a partition, is replaced only with cause, and all of it comes to rest, settled", () => {
  const causes = { first: 0, ended: 0, silent: 0, over: 0 };
  let redirects = 0;
  fc.assert(
    fc.property(fc.nat(4), fc.array(event, { maxLength: 300, size: "max" }), (nodes, course) => {
      const world = start(nodes);
      for (const each of course) happen(world, each);
      heal(world, partitions);
      for (const cause of ["first", "ended", "silent", "over"] as const) causes[cause] += world.grants[cause];
      for (const message of world.caller.messages) redirects += message.redirects;
    }),
    { numRuns: 500 },
  );
  assert(
    Object.values(causes).every((count) => count > 100) && redirects > 100,
    `reached: ${JSON.stringify(causes)}, ${redirects} redirects`,
  );
});
