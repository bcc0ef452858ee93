import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@atoll/core/runtime/virtual";
import type { Schedule, ScheduledFault } from "./schedule.ts";
import { shrink } from "./shrink.ts";

const crash = (step: number, downMs = 0): ScheduledFault => ({ fault: "crash", step, downMs });
const stepsOf = (schedule: Schedule): readonly number[] => schedule.flatMap((entry) => (entry.fault === "crash" ? [entry.step] : []));
const many = (count: number): Schedule => Array.from({ length: count }, (_, i) => crash(i));

/** Fails while all of these are in it. */
const needing = (needed: readonly number[]) => (part: Schedule) =>
  Promise.resolve({ fails: needed.every((step) => stepsOf(part).includes(step)), steps: 1 });

test("shrink: of many faults exactly those are left that it takes, in their order", async () => {
  const random = seededRandom(1, "test");
  for (let i = 0; i < 200; i++) {
    const count = 1 + Math.floor(random.next() * 60);
    const needed = [...new Set(Array.from({ length: 1 + Math.floor(random.next() * 4) }, () => Math.floor(random.next() * count)))];
    const shrunk = await shrink(many(count), needing(needed), { runs: 5_000, steps: 5_000 });
    assert.deepEqual(
      stepsOf(shrunk.schedule),
      needed.toSorted((a, b) => a - b),
    );
    assert.ok(shrunk.smallest);
  }
});

test("shrink: what fails without any fault is shrunk to none, at once", async () => {
  const shrunk = await shrink(many(40), needing([]));
  assert.deepEqual(shrunk, { schedule: [], runs: 1, smallest: true });
});

test("shrink: nothing can be left out of the result, also where a part fails that its whole does not", async () => {
  // Fails with an odd number of faults: the worst case for halving.
  const odd = (part: Schedule) => Promise.resolve({ fails: part.length % 2 === 1, steps: 1 });
  const { schedule } = await shrink(many(31), odd);
  assert.equal(schedule.length, 1);
});

test("shrink: each fault that is left is made as mild as it may be", async () => {
  const schedule: Schedule = [
    crash(1, 300),
    { fault: "duplicate", command: 2, again: { afterMs: 900 } },
    { fault: "slow-disk", service: "s", call: 3, how: { kind: "slow", delayMs: 700 } },
    { fault: "failing-disk", service: "s", call: 4, how: { kind: "fail-after" } },
  ];
  const all = (part: Schedule) => Promise.resolve({ fails: part.length === 4, steps: 1 });
  assert.deepEqual((await shrink(schedule, all)).schedule, [
    crash(1, 0),
    { fault: "duplicate", command: 2, again: "at once" },
    { fault: "slow-disk", service: "s", call: 3, how: { kind: "slow", delayMs: 10 } },
    { fault: "failing-disk", service: "s", call: 4, how: { kind: "fail-after" } },
  ]);
  const long = (part: Schedule) =>
    Promise.resolve({ fails: part.length === 4 && part.some((f) => f.fault === "crash" && f.downMs > 0), steps: 1 });
  assert.deepEqual((await shrink(schedule, long)).schedule[0], crash(1, 300));
});

test("shrink: a fault is left out also where those after it then strike sooner", async () => {
  // Every crash before it delays the place that must be struck by 5 events.
  const delayed = (part: Schedule) => Promise.resolve({ fails: part.some((_, i) => stepsOf(part)[i] === 20 + 5 * i), steps: 1 });
  const { schedule } = await shrink([crash(3), crash(9), crash(30)], delayed);
  assert.deepEqual(schedule, [crash(20)]);
});

test("shrink: a crash while the system starts is left out where what it cost is the whole start", async () => {
  // A start takes 140 events; one that is broken off at event 120 costs 123, and the place to strike is 60 events into the work.
  const place = (part: Schedule) => (stepsOf(part)[0] === 120 ? [1, 123 + 200] : [0, 200]);
  const started = (part: Schedule) => {
    const [index, step] = place(part) as [number, number];
    return Promise.resolve({ fails: stepsOf(part)[index] === step, steps: 1 });
  };
  const { schedule } = await shrink([crash(120), crash(323)], started);
  assert.deepEqual(schedule, [crash(200)]);
});

test("shrink: runs and events are bounded, and what was found by then is given with that remark", async () => {
  const needed = [3, 50];
  const byRuns = await shrink(many(60), needing(needed), { runs: 5, steps: 1_000 });
  assert.equal(byRuns.runs, 5);
  const bySteps = await shrink(many(60), needing(needed), { runs: 1_000, steps: 5 });
  assert.equal(bySteps.runs, 5);
  for (const { schedule, smallest } of [byRuns, bySteps]) {
    assert.equal(smallest, false);
    assert.ok(needed.every((step) => stepsOf(schedule).includes(step)));
  }
});
