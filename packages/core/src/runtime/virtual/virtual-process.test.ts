import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionError } from "../../base/assert.ts";
import { Failure } from "../../base/failure.ts";
import type { Runtime } from "../runtime.ts";
import { VirtualWorld } from "./index.ts";

const handOver = ({ scheduler, timers }: Runtime, task: (what: string) => void): void => {
  scheduler.soon(() => task("soon"));
  scheduler.endOfTurn(() => task("endOfTurn"));
  timers.after(0, () => task("due"));
  timers.after(50, () => task("timer"));
};
const sorted = (texts: readonly string[]): readonly string[] => texts.toSorted((a, b) => a.localeCompare(b));
const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof Failure && error.code === code;

test("virtual process: a crash discards everything it had handed over, and nothing of others", async () => {
  const world = new VirtualWorld({ seed: 1 });
  const ran: string[] = [];
  const a = world.process("a");
  handOver(a, (what) => ran.push(`a ${what}`));
  handOver(world.process("b"), (what) => ran.push(`b ${what}`));
  a.crash();
  a.crash();
  await world.run();
  assert.deepEqual(sorted(ran), ["b due", "b endOfTurn", "b soon", "b timer"]);
});

test("virtual process: what a crashed process still hands over has no effect, and its promises never settle", async () => {
  const world = new VirtualWorld({ seed: 2 });
  const a = world.process("a");
  const reached: string[] = [];
  const work = async (): Promise<void> => {
    reached.push("before");
    a.crash();
    handOver(a, (what) => reached.push(what));
    reached.push("to the end of its step");
    await new Promise<void>((resolve) => a.scheduler.soon(resolve));
    reached.push("after");
  };
  a.scheduler.soon(() => void work());
  await world.runFor(1_000);
  assert.deepEqual(reached, ["before", "to the end of its step"]);
  a.timers.after(1, () => {}).cancel();
  a.timers.after(5_000, () => reached.push("late"));
  await world.run();
  assert.equal(world.timeMs, 1_000, "time does not pass for the dead");
});

test("virtual process: an answer that comes through the port of a crashed process does not arrive", async () => {
  const world = new VirtualWorld({ seed: 3, fetch: () => Promise.resolve(new Response("late")) });
  const a = world.process("a");
  let answered = false;
  const ask = async (): Promise<void> => {
    await a.network.fetch("http://bank.test/");
    answered = true;
  };
  void ask();
  await world.run(() => world.steps === 1);
  a.crash();
  await world.run();
  assert.equal(answered, false);
});

test("virtual process: a name is taken while its process lives; the next one is another incarnation with other ids", async () => {
  const world = new VirtualWorld({ seed: 4 });
  const first = world.process("a");
  assert.throws(() => world.process("a"), AssertionError);
  const id = first.random.id();
  first.crash();
  const second = world.process("a");
  assert.deepEqual([first.label, second.label, second.state], ["a#1", "a#2", "running"]);
  assert.notEqual(second.random.id(), id);
});

test("virtual process: what one process draws does not change what another gets", () => {
  const [untouched, drawn] = [0, 100].map((others) => {
    const world = new VirtualWorld({ seed: 5 });
    const a = world.process("a");
    for (let i = 0; i < others; i++) a.random.id();
    return world.process("b").random.id() + world.random.id();
  });
  assert.equal(untouched, drawn);
});

test("virtual process: while it is paused its events wait and time goes on; then they all run", async () => {
  const world = new VirtualWorld({ seed: 6 });
  const a = world.process("a");
  const ran: string[] = [];
  handOver(a, (what) => ran.push(`${what} at ${world.timeMs}`));
  a.pause();
  await world.runFor(200);
  assert.deepEqual(ran, []);
  a.resume();
  await world.run();
  assert.deepEqual(sorted(ran), ["due at 200", "endOfTurn at 200", "soon at 200", "timer at 200"]);
});

test("virtual process: timers of paused processes alone do not move time", async () => {
  const world = new VirtualWorld({ seed: 7 });
  const a = world.process("a");
  a.timers.after(10, () => {});
  a.pause();
  await world.run();
  assert.equal(world.timeMs, 0);
  a.crash();
  assert.throws(() => a.resume(), AssertionError);
  await world.run();
  assert.equal(world.timeMs, 0);
});

test("virtual process: a jump of the wall clock moves neither monotonic nor timers, and the next incarnation has it too", async () => {
  const world = new VirtualWorld({ seed: 8 });
  const a = world.process("a");
  const dayMs = 86_400_000;
  const before = a.clock.now();
  a.jumpClock(-dayMs);
  assert.deepEqual([a.clock.now() - before, a.clock.monotonic()], [-dayMs, 0]);
  let firedMs = -1;
  a.timers.after(10, () => {
    firedMs = a.clock.monotonic();
  });
  a.jumpClock(3 * dayMs);
  await world.run();
  assert.equal(firedMs, 10);
  a.crash();
  const next = world.process("a");
  assert.equal(next.clock.now() - before, 2 * dayMs + 10);
  assert.equal(next.clock.monotonic(), 0, "it counts from its own start");
  assert.equal(world.process("b").clock.now() - before, 10);
});

test("virtual process: a call from another process is an event there, and its answer an event here", async () => {
  const world = new VirtualWorld({ seed: 9 });
  const a = world.process("a");
  let inside = false;
  const answer = a.enter(world.outside, () => {
    inside = true;
    return 42;
  });
  assert.equal(inside, false);
  assert.equal(await world.runUntil(answer), 42);
  assert.equal(world.steps, 2);
  const thrown = a.enter(world.outside, () => {
    throw new RangeError("planted");
  });
  await assert.rejects(world.runUntil(thrown), RangeError);
});

test("virtual process: a call to a process that crashes before it answers is unknown, to a crashed one not delivered", async () => {
  const world = new VirtualWorld({ seed: 10 });
  const a = world.process("a");
  const work = Promise.withResolvers<void>();
  const lost = a.enter(world.outside, () => work.promise);
  world.outside.timers.after(5, () => a.crash());
  await assert.rejects(world.runUntil(lost), hasCode("UNKNOWN_OUTCOME"));
  work.resolve(); // what the dead one's code still settles is nobody's answer
  await assert.rejects(world.runUntil(a.enter(world.outside, () => 1)), hasCode("UNAVAILABLE"));
  await world.run();
});

test("virtual process: a call to a paused process waits for it", async () => {
  const world = new VirtualWorld({ seed: 11 });
  const a = world.process("a");
  a.pause();
  world.outside.timers.after(30, () => a.resume());
  assert.equal(await world.runUntil(a.enter(world.outside, () => world.timeMs)), 30);
});

test("virtual process: it is in development mode unless the world says otherwise", () => {
  assert.equal(new VirtualWorld({ seed: 1 }).outside.mode, "development");
  assert.equal(new VirtualWorld({ seed: 1, mode: "production" }).process("a").mode, "production");
});

test("virtual process: a clock that drifts never goes back, its timers keep to it, and a successor has it", async () => {
  const world = new VirtualWorld({ seed: 4 });
  const a = world.process("a");
  const seen: number[] = [];
  const sample = (): void => void seen.push(a.clock.monotonic());
  await world.runFor(1_000);
  sample();
  a.drift(1.1);
  sample();
  const beganMs = a.clock.monotonic();
  let tookMs = 0;
  a.timers.after(1_100, () => {
    tookMs = a.clock.monotonic() - beganMs;
  });
  await world.runFor(1_000);
  assert.equal(tookMs, 0, "a thousand and some of the world's milliseconds");
  await world.runFor(1);
  assert.ok(tookMs >= 1_100 && tookMs < 1_102);
  sample();
  a.drift(0.9);
  sample();
  await world.runFor(10_000);
  sample();
  assert.deepEqual(
    seen,
    seen.toSorted((x, y) => x - y),
  );
  assert.ok(Math.abs(a.skewMs + 900) < 3, `100 ms gained, 1,000 lost: ${a.skewMs}`);
  const { skewMs } = a;
  a.crash();
  const successor = world.process("a");
  assert.deepEqual([successor.skewMs, successor.clock.monotonic(), successor.pace], [skewMs, 0, 0.9]);
});
