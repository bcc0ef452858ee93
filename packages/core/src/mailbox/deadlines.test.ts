import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { contract } from "../contract/index.ts";
import type { Failure } from "../base/failure.ts";
import { VirtualWorld } from "../runtime/virtual/index.ts";
import { Deadlines, deadlineTickMs } from "./deadlines.ts";
import { Inbox, Message, type MessageAnswer } from "./message.ts";

const Any = contract("any", { version: 1, queries: { ask: {} } });

function message(inbox: Inbox, withinMs: number, resolve: (answer: MessageAnswer) => void, reject: (failure: Failure) => void): Message {
  return new Message(
    {
      to: Any.ask,
      key: "",
      input: undefined,
      caller: "test",
      id: "",
      minted: 0,
      timeless: false,
      withinMs,
      read: "strong",
      session: undefined,
    },
    inbox,
    resolve,
    reject,
  );
}

test("deadlines: each message fails with DEADLINE not before its time and at most three ticks after it, however many wait", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 0, max: 30_000 })), { maxLength: 30 }),
      async (waits) => {
        const world = new VirtualWorld({ seed: 1 });
        const deadlines = new Deadlines(world.outside);
        const inbox = new Inbox({ add: () => assert.fail("nobody answers") });
        for (const [withinMs, startMs] of waits) {
          world.outside.timers.after(startMs, () => {
            const startedMs = world.timeMs;
            deadlines.watch(
              message(
                inbox,
                withinMs,
                () => assert.fail("nobody answers"),
                (failure) => {
                  const passedMs = world.timeMs - startedMs;
                  assert.equal(failure.code, "DEADLINE");
                  assert.ok(passedMs >= withinMs && passedMs <= withinMs + 3 * deadlineTickMs, `${withinMs} ms ended after ${passedMs} ms`);
                },
              ),
            );
          });
        }
        await world.run();
        assert.equal(inbox.waiting, 0);
        assert.deepEqual(world.failures, []);
      },
    ),
    { numRuns: 60 },
  ));

test("deadlines: a message that is answered leaves the wheel, and its deadline says nothing any more", async () => {
  const world = new VirtualWorld({ seed: 1 });
  const deadlines = new Deadlines(world.outside);
  let late = 0;
  const inbox = new Inbox({ add: (amount) => (late += amount) });
  const heard: string[] = [];
  const asked = message(
    inbox,
    100,
    () => heard.push("answer"),
    () => heard.push("failure"),
  );
  deadlines.watch(asked);
  asked.answer({ kind: "reply", given: undefined, value: undefined, replayed: false });
  asked.answer({ kind: "reply", given: undefined, value: undefined, replayed: false });
  await world.run();
  assert.deepEqual(heard, ["answer"]);
  assert.equal(late, 1, "the second answer is dropped and counted");
});

test("deadlines: what is left is all of a message's time until its clock starts, and then what the clock has left", async () => {
  const world = new VirtualWorld({ seed: 1 });
  const deadlines = new Deadlines(world.outside);
  const inbox = new Inbox({ add: () => undefined });
  const within = (ms: number): Message =>
    message(
      inbox,
      ms,
      () => undefined,
      () => undefined,
    );
  const [waits, unwatched, endless] = [within(1_000), within(1_000), within(Number.POSITIVE_INFINITY)];
  deadlines.watch(waits);
  deadlines.watch(endless);
  await world.runFor(700);
  const left = deadlines.leftMs(waits);
  assert(left > 300 - deadlineTickMs && left <= 300 + deadlineTickMs, `${left}`);
  assert.deepEqual([deadlines.leftMs(unwatched), deadlines.leftMs(endless)], [1_000, Number.POSITIVE_INFINITY]);
});
