// The course of a node by itself: the laws P1 to P5, one after the other and for any order of what may happen.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Course, type Effect, type Input, newCourse, restartLimits, stateOf, step, successorOf } from "./course.ts";

const { earlyEndsMax, withinMs, steadyMs, backoff } = restartLimits;

/** A node, its clock, and what was asked for. */
class Trial {
  course: Course = newCourse;
  nowMs = 0;
  readonly effects: Effect[] = [];

  take(...inputs: readonly Input[]): this {
    for (const input of inputs) {
      const { course, effects } = step(this.course, input, this.nowMs);
      this.course = course;
      this.effects.push(...effects);
    }
    return this;
  }

  /** The present process comes up, and ends `afterMs` later. */
  upFor(afterMs: number): this {
    this.take({ kind: "running", process: this.course.process });
    this.nowMs += afterMs;
    return this.end();
  }

  end(): this {
    return this.take({ kind: "ended", process: this.course.process, how: "it was ended by SIGKILL", jitter: 1 });
  }

  due(): this {
    return this.take({ kind: "due", process: this.course.process });
  }

  kinds(): readonly string[] {
    return this.effects.splice(0).flatMap((effect) => (effect.kind === "tell" ? [] : [effect.kind]));
  }
}

const started = (): Trial => new Trial().take({ kind: "start" });

test("P1 P2: what ends is started again, after a pause, and counts as a restart", () => {
  const trial = started();
  assert.deepEqual([trial.kinds(), stateOf(trial.course)], [["spawn"], "starting"]);
  trial.upFor(60_000);
  assert.deepEqual([trial.kinds(), stateOf(trial.course), trial.course.restarts], [["pause"], "starting", 0]);
  trial.due();
  assert.deepEqual([trial.kinds(), stateOf(trial.course), trial.course.restarts], [["spawn"], "starting", 1]);
});

test("P2: the pause grows with starts in a row that have failed, up to its bound; what was running is started again after the shortest", () => {
  const trial = started();
  const pauses: number[] = [];
  const pause = (): void => {
    for (const effect of trial.effects.splice(0)) if (effect.kind === "pause") pauses.push(effect.ms);
    trial.nowMs += withinMs / earlyEndsMax; // too seldom to fail
    trial.due();
  };
  for (let i = 0; i < 7; i++) {
    trial.end();
    pause();
  }
  for (const upMs of [steadyMs, 0]) {
    trial.upFor(upMs);
    pause();
  }
  assert.deepEqual(pauses, [100, 200, 400, 800, 1_000, 1_000, 1_000, backoff.firstMs, backoff.firstMs]);
});

test("P3: one early end too many within the time, and the node has failed, with the reason that its process gave", () => {
  const trial = started();
  for (let i = 0; i < earlyEndsMax; i++) trial.upFor(steadyMs - 1).due();
  assert.equal(stateOf(trial.course), "starting");
  trial.effects.length = 0;
  trial.take({ kind: "refused", process: trial.course.process, why: "the log is damaged" }).end();
  assert.equal(stateOf(trial.course), "failed");
  const [tell, ...rest] = trial.effects;
  assert(tell?.kind === "tell" && tell.event === "node.failed" && rest.length === 0);
  assert.match(
    (tell.fields as { readonly reason: string }).reason,
    /^it has ended 11 times within 60 s, .*; the last time: the log is damaged$/,
  );
  assert.deepEqual(trial.due().take({ kind: "start" }).kinds(), []);
});

test("P3: early ends that are spread over more than the time, and ends of steady processes, are no failure", () => {
  const spread = started();
  for (let i = 0; i < 10 * earlyEndsMax; i++) {
    spread.nowMs += withinMs / earlyEndsMax;
    spread.end().due();
    assert.equal(stateOf(spread.course), "starting");
  }
  const steady = started();
  for (let i = 0; i < 10 * earlyEndsMax; i++) steady.upFor(steadyMs).due();
  assert.equal(stateOf(steady.course), "starting");
});

test("P3: a restart gives a failed node all its tries again", () => {
  const trial = started();
  const failAll = (): void => {
    for (let i = 0; i <= earlyEndsMax; i++) trial.end().due();
  };
  failAll();
  assert.equal(stateOf(trial.course), "failed");
  trial.effects.length = 0;
  assert.deepEqual(trial.take({ kind: "restart" }).kinds(), ["spawn"]);
  failAll();
  assert.equal(stateOf(trial.course), "failed");
});

test("P1: a restart starts the next process when the one before has ended, without a pause", () => {
  const trial = started().take({ kind: "running", process: 1 }, { kind: "restart" }, { kind: "restart" });
  assert.deepEqual([trial.kinds(), stateOf(trial.course)], [["spawn", "drain"], "draining"]);
  assert.deepEqual([trial.end().kinds(), trial.course.process, trial.course.earlyEnds.length], [["spawn"], 2, 0]);
});

test("a successor has a course of its own, from its first process on, and counts as one restart more", () => {
  const trial = started().upFor(60_000).due();
  assert.equal(trial.course.restarts, 1);
  const successor = new Trial();
  successor.course = successorOf(trial.course);
  assert.deepEqual([successor.take({ kind: "start" }).kinds(), successor.course.process, successor.course.restarts], [["spawn"], 1, 2]);
  assert.deepEqual([successor.upFor(60_000).due().course.restarts, trial.course.restarts], [3, 1]);
});

test("P5: asked to stop, a node that is being restarted rests, and one that pauses is not started", () => {
  const restarting = started().take({ kind: "running", process: 1 }, { kind: "restart" }, { kind: "stop" });
  assert.deepEqual([restarting.end().kinds(), stateOf(restarting.course)], [["spawn", "drain"], "stopped"]);
  const pausing = started().end().take({ kind: "stop" }).due();
  assert.deepEqual([pausing.kinds(), stateOf(pausing.course)], [["spawn", "pause"], "stopped"]);
});

test("P1 P4 P5: whatever comes in whatever order, never two processes, nothing of former ones counts, nothing starts after stop", () => {
  const number = fc.nat({ max: 6 });
  const input: fc.Arbitrary<Input> = fc.oneof(
    fc.constantFrom<Input>({ kind: "restart" }, { kind: "start" }),
    fc.record({ kind: fc.constantFrom("running" as const, "due" as const), process: number }),
    fc.record({ kind: fc.constant("refused" as const), process: number, why: fc.constant("no") }),
  );
  const turn = fc.record({ input, advanceMs: fc.nat({ max: 20_000 }), ends: fc.boolean() });
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 200 }), fc.nat({ max: 200 }), (turns, stopAt) => {
      const trial = new Trial();
      let alive = 0;
      const look = (stopped: boolean): void => {
        for (const effect of trial.effects.splice(0)) {
          if (effect.kind !== "spawn") continue;
          assert.equal(stopped, false, "nothing is started after stop");
          assert.equal(alive, 0, "the one before has ended");
          alive = effect.process;
        }
      };
      trial.take({ kind: "start" });
      for (const [i, { input: next, advanceMs, ends }] of turns.entries()) {
        look(false);
        trial.nowMs += advanceMs;
        if (i === stopAt) {
          look(false);
          trial.take({ kind: "stop" });
          look(true);
        }
        if (ends && alive > 0) {
          const ended = alive;
          alive = 0;
          trial.take({ kind: "ended", process: ended, how: "gone", jitter: 0.5 });
        } else if (i < stopAt || next.kind !== "start") {
          const { course } = trial;
          trial.take(next);
          if ("process" in next && next.process !== course.process) assert.equal(trial.course, course);
        }
        look(i >= stopAt && stopAt < turns.length);
        assert.ok(trial.course.earlyEnds.length <= earlyEndsMax + 1);
      }
    }),
  );
});
