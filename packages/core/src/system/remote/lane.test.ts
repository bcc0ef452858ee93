// The order of one lane, and when it turns to another owner (L1 to L3).
import assert from "node:assert/strict";
import { test } from "node:test";
import { Lane, type Queued } from "./lane.ts";

interface Item extends Queued {
  settled: boolean;
}

const goal = { kind: "owner", contract: "shelf", key: "a" } as const;
const item = (order: number): Item => ({ order, settled: false, epoch: 0 });
const everything = { deliver: (): boolean => true };
const nothing = { deliver: (): boolean => false };

function drain(lane: Lane<Item>): readonly number[] {
  const orders: number[] = [];
  for (let oldest = lane.take(); oldest; oldest = lane.take()) orders.push(oldest.order);
  return orders;
}

test("lane L1: what comes back leaves before what waits, the oldest first, in whatever order it comes back", () => {
  const lane = new Lane<Item>(goal, 0);
  for (const order of [4, 5]) lane.push(item(order));
  for (const order of [2, 3, 1]) lane.takeBack(item(order), false);
  assert.deepEqual(drain(lane), [1, 2, 3, 4, 5]);
  assert(lane.idle);
});

test("lane L1: those that nobody waits for are left out, few or many, and the others keep their order", () => {
  const lane = new Lane<Item>(goal, 0);
  const items = Array.from({ length: 400 }, (_, order) => item(order));
  for (const one of items.slice(200)) lane.push(one);
  for (const one of items.slice(0, 200)) lane.takeBack(one, false);
  for (const one of items.filter(({ order }) => order % 4 !== 0)) {
    one.settled = true;
    lane.died();
  }
  assert.deepEqual(
    drain(lane),
    items.filter(({ settled }) => !settled).map(({ order }) => order),
  );
});

test("lane L2: under another epoch nothing is admitted before all that is on its way has ended", () => {
  const lane = new Lane<Item>(goal, 0);
  assert(lane.give(item(1), everything, 1) && lane.give(item(2), everything, 1));
  assert(lane.admits(1) && !lane.admits(2));
  lane.ended();
  assert(!lane.admits(2));
  lane.ended();
  assert(lane.admits(2));
});

test("lane L2: what a target does not take is not on its way, and turns the lane to nobody", () => {
  const lane = new Lane<Item>(goal, 0);
  const fails = {
    deliver: (): boolean => {
      throw new RangeError("too large");
    },
  };
  lane.give(item(1), everything, 1);
  assert.equal(lane.give(item(2), nothing, 1), false);
  assert.throws(() => lane.give(item(3), fails, 1), RangeError);
  lane.ended();
  assert(lane.idle && lane.admits(2));
});

test("lane L3: after one has come back as moved nothing is admitted under its epoch or a lower one; after a lost link the same one will do", () => {
  const lane = new Lane<Item>(goal, 0);
  const one = item(1);
  lane.give(one, everything, 3);
  lane.ended();
  lane.takeBack(one, false);
  assert(lane.admits(3));
  lane.take();
  lane.give(one, everything, 3);
  lane.ended();
  lane.takeBack(one, true);
  assert.deepEqual(
    [2, 3, 4].map((epoch) => lane.admits(epoch)),
    [false, false, true],
  );
});
