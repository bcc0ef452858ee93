import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as roundOfTheLoop } from "node:timers/promises";
import { Failure } from "../../base/failure.ts";
import type { Runtime } from "../runtime.ts";
import { SimulationError, VirtualWorld } from "./index.ts";

const isSimulationError =
  (kind: SimulationError["kind"], ...parts: readonly string[]) =>
  (error: unknown): boolean =>
    error instanceof SimulationError && error.kind === kind && parts.every((part) => error.message.includes(part));

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, seed) => seed);

/** A small program that uses every port: workers that pass tokens on, wait, batch, log and crash once. */
async function programme(seed: number): Promise<VirtualWorld> {
  const world = new VirtualWorld({ seed });
  const worker = (runtime: Runtime, rounds: number): void => {
    if (rounds === 0) return;
    const again = (): void => worker(runtime, rounds - 1);
    const way = Math.floor(runtime.random.next() * 4);
    if (way === 0) runtime.timers.after(runtime.random.next() * 10, again);
    else if (way === 1) runtime.scheduler.endOfTurn(again);
    else if (way === 2) runtime.scheduler.soon(() => void Promise.resolve().then(again));
    else {
      runtime.logger.log("info", "test.round", { rounds, id: runtime.random.id() });
      runtime.scheduler.soon(again);
    }
  };
  const a = world.process("a");
  const b = world.process("b");
  for (let i = 0; i < 4; i++) worker(a, 20);
  for (let i = 0; i < 4; i++) worker(b, 20);
  world.outside.timers.after(12, () => {
    a.crash();
    worker(world.process("a"), 10);
  });
  await world.run();
  return world;
}

test("virtual world: a seed gives the same trace hash on any machine", async () => {
  const hashes: string[] = [];
  for (const seed of [1, 2, 3]) hashes.push((await programme(seed)).trace.hash);
  assert.deepEqual(hashes, ["5bdb7cc99d5efe24", "4c683ce14bc5e720", "2ab32017b05b17cc"]);
});

test("virtual world: worlds driven at the same time do not disturb each other's traces", async () => {
  const together = await Promise.all(seeds(5).map(programme));
  for (const [seed, world] of together.entries()) assert.equal((await programme(seed)).trace.hash, world.trace.hash);
});

test("virtual world: seeds differ in their traces", async () => {
  const hashes = new Set<string>();
  for (const seed of seeds(50)) hashes.add((await programme(seed)).trace.hash);
  assert.equal(hashes.size, 50);
});

test("virtual world: the seeds explore every order of hand-overs", async () => {
  const orders = new Set<string>();
  for (const seed of seeds(100)) {
    const world = new VirtualWorld({ seed });
    let order = "";
    for (const name of "abc") world.outside.scheduler.soon(() => void (order += name));
    await world.run();
    orders.add(order);
  }
  assert.deepEqual([...orders].toSorted(), ["abc", "acb", "bac", "bca", "cab", "cba"]);
});

test("virtual world: timers that are due together run in any order, and never before an earlier one", async () => {
  const orders = new Set<string>();
  for (const seed of seeds(50)) {
    const world = new VirtualWorld({ seed });
    let order = "";
    for (const name of ["2a", "1", "2b"]) world.outside.timers.after(Number(name[0]), () => void (order += `${name} `));
    await world.run();
    orders.add(order);
  }
  assert.deepEqual([...orders].toSorted(), ["1 2a 2b ", "1 2b 2a "]);
});

test("virtual world: the end of a turn comes last with most seeds, and early with some", async () => {
  const positions: number[] = [];
  for (const seed of seeds(200)) {
    const world = new VirtualWorld({ seed });
    const order: string[] = [];
    world.outside.scheduler.endOfTurn(() => order.push("end"));
    for (let i = 0; i < 9; i++) world.outside.scheduler.soon(() => order.push("soon"));
    await world.run();
    positions.push(order.indexOf("end"));
  }
  const last = positions.filter((position) => position === 9).length;
  assert.ok(last > 100 && last < 200, `last in ${last} of 200`);
});

test("virtual world: the end of one process's turn does not wait for another process", async () => {
  const firsts = new Set<string>();
  for (const seed of seeds(50)) {
    const world = new VirtualWorld({ seed });
    const order: string[] = [];
    world.process("a").scheduler.endOfTurn(() => order.push("end of a"));
    const b = world.process("b");
    for (let i = 0; i < 5; i++) b.scheduler.soon(() => order.push("soon of b"));
    await world.run();
    firsts.add(order[0] as string);
  }
  assert.equal(firsts.size, 2);
});

test("virtual world: all promise work of an event is done before the next event runs", async () => {
  for (const seed of seeds(20)) {
    const world = new VirtualWorld({ seed });
    let busy = 0;
    let overlaps = 0;
    const event = async (): Promise<void> => {
      overlaps += busy;
      busy += 1;
      for (let i = 0; i < 30; i++) await Promise.resolve();
      busy -= 1;
    };
    for (let i = 0; i < 50; i++) world.outside.scheduler.soon(() => void event());
    await world.run();
    assert.deepEqual([busy, overlaps], [0, 0]);
  }
});

test("virtual world: time moves only when nothing is ready, and then to the next timer", async () => {
  const world = new VirtualWorld({ seed: 4 });
  const seen: number[] = [];
  let left = 100;
  const busy = (): void => {
    seen.push(world.timeMs);
    if ((left -= 1) > 0) world.outside.scheduler.soon(busy);
  };
  world.outside.timers.after(1, () => seen.push(world.timeMs));
  world.outside.timers.after(5_000, () => seen.push(world.timeMs));
  world.outside.scheduler.soon(busy);
  await world.run();
  assert.deepEqual(seen, [...Array.from({ length: 100 }, () => 0), 1, 5_000]);
});

test("virtual world: run stops as soon as its condition holds, and a later run goes on from there", async () => {
  const world = new VirtualWorld({ seed: 5 });
  let count = 0;
  const tick = (): void => {
    count += 1;
    world.outside.timers.after(10, tick);
  };
  tick();
  await world.run(() => count === 7);
  assert.deepEqual([count, world.timeMs], [7, 60]);
  await world.runFor(30);
  assert.equal(world.timeMs, 90);
  assert.ok(count === 9 || count === 10, "the tick at the end of the time is one of the events ready then");
});

test("virtual world: runUntil gives what the promise gives, also its error", async () => {
  const world = new VirtualWorld({ seed: 6 });
  const after = (value: string): Promise<string> => new Promise((resolve) => void world.outside.timers.after(5, () => resolve(value)));
  assert.equal(await world.runUntil(after("done")), "done");
  await assert.rejects(world.runUntil(after("x").then(() => Promise.reject(new RangeError("planted")))), /planted/);
});

test("virtual world: waiting for what never comes is an error that shows the seed and the last events", async () => {
  const world = new VirtualWorld({ seed: 77 });
  world.outside.scheduler.soon(function lastThing() {});
  await assert.rejects(world.runUntil(new Promise(() => {})), isSimulationError("quiescent", "seed 77", "outside#1    soon lastThing"));
});

test("virtual world: a livelock ends with the step budget, and the error shows what went round", async () => {
  const world = new VirtualWorld({ seed: 8, stepsMax: 1_000 });
  const round = (): void => world.outside.scheduler.soon(round);
  round();
  await assert.rejects(world.run(), isSimulationError("steps", "outside#1    soon round"));
  assert.equal(world.steps, 1_000);
});

test("virtual world: a task that throws is kept with its process, and the others go on", async () => {
  const world = new VirtualWorld({ seed: 9 });
  let ran = false;
  world.process("a").scheduler.soon(() => {
    throw new RangeError("planted");
  });
  world.outside.timers.after(1, () => {
    ran = true;
  });
  await world.run();
  assert.equal(ran, true);
  assert.deepEqual(
    world.failures.map(({ process, error }) => [process, (error as Error).message]),
    [["a#1", "planted"]],
  );
});

async function hashOf(act: (world: VirtualWorld) => void): Promise<string> {
  const world = new VirtualWorld({ seed: 10 });
  act(world);
  await world.run();
  return world.trace.hash;
}

test("virtual world: marks and log events are counted, notes are in the trace, and all of them in the hash", async () => {
  const plain = await hashOf(() => {});
  const log = await hashOf(({ outside }) => outside.logger.log("warn", "disk.slow", { at: 1 }));
  assert.equal(new Set([plain, log, await hashOf((world) => world.reach("m")), await hashOf((world) => world.note("n"))]).size, 4);
  assert.equal(
    log,
    await hashOf(({ outside }) => outside.logger.log("warn", "disk.slow", { at: 2 })),
    "fields say what differs by machine",
  );

  const world = new VirtualWorld({ seed: 10 });
  world.reach("ambiguous commit");
  world.reach("ambiguous commit");
  world.outside.logger.log("warn", "disk.slow", { bytes: 5 });
  world.note("acknowledged 17");
  assert.deepEqual(
    [...world.trace.marks],
    [
      ["ambiguous commit", 2],
      ["disk.slow", 1],
    ],
  );
  assert.match(world.trace.last(10), /outside#1 +warn disk\.slow \{"bytes":5\}\n.*world +acknowledged 17$/);
});

test("virtual world: the trace keeps its last entries only", async () => {
  const world = new VirtualWorld({ seed: 11, traceCapacity: 5 });
  for (let i = 0; i < 12; i++) world.note(`note ${i}`);
  assert.deepEqual(
    world.trace
      .last(100)
      .split("\n")
      .map((line) => line.slice(-7)),
    [" note 7", " note 8", " note 9", "note 10", "note 11"],
  );
  assert.equal(world.trace.last(2).split("\n").length, 2);
});

test("virtual world: without a stand-in every fetch is refused with a typed failure, as an event", async () => {
  const world = new VirtualWorld({ seed: 12 });
  const answer = world.outside.network.fetch("http://bank.test/");
  await assert.rejects(
    world.runUntil(answer),
    (error) => error instanceof Failure && error.code === "UNAVAILABLE" && error.outcome === "not-delivered",
  );
});

test("virtual world: a stand-in for the network answers in events, and its errors arrive", async () => {
  const asked: string[] = [];
  const fetch = async (input: string | URL | Request): Promise<Response> => {
    asked.push(input as string);
    if (asked.length > 1) throw new TypeError("fetch failed");
    return new Response("42");
  };
  const world = new VirtualWorld({ seed: 13, fetch });
  const first = world.outside.network.fetch("http://bank.test/1");
  assert.deepEqual(asked, [], "not inside the call");
  assert.equal(await (await world.runUntil(first)).text(), "42");
  await assert.rejects(world.runUntil(world.outside.network.fetch("http://bank.test/2")), /fetch failed/);
  assert.equal(world.steps, 4);
});

test("virtual world: code that waits for one round of the real event loop is waited for before time moves", async () => {
  const world = new VirtualWorld({ seed: 14 });
  let seenMs = -1;
  const detour = async (): Promise<void> => {
    await roundOfTheLoop();
    await roundOfTheLoop();
    world.outside.scheduler.soon(() => (seenMs = world.timeMs));
  };
  world.outside.scheduler.soon(() => void detour());
  world.outside.timers.after(100, () => {});
  await world.run();
  assert.equal(seenMs, 0);
});
