// Which lane something is in, and how long there is one (L4).
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Goal, Queued } from "./lane.ts";
import { Lanes } from "./lanes.ts";

const node = (n: number): Goal => ({ kind: "node", incarnation: String(n).padStart(32, "0") });
const item = (): Queued => ({ order: 1, settled: false, epoch: 0 });

test("lanes L4: the lane of an instance is forgotten once nothing is in it and another instance needs one; one with something in it stays", () => {
  const lanes = new Lanes<Queued>();
  const waits = lanes.of(node(1), 0);
  waits.push(item());
  const open = lanes.of(node(2), 0);
  open.give(item(), { deliver: () => true }, 0);
  const idle = lanes.of(node(3), 0);
  assert.equal(lanes.of(node(3), 0), idle);
  lanes.of(node(4), 0);
  assert.deepEqual([lanes.of(node(1), 0) === waits, lanes.of(node(2), 0) === open], [true, true]);
  assert.notEqual(lanes.of(node(3), 0), idle, "it was kept, as that of each instance that ever ran would be");
  waits.take();
  open.ended();
  lanes.of(node(5), 0);
  assert.notEqual(lanes.of(node(1), 0), waits);
  assert.notEqual(lanes.of(node(2), 0), open);
});

test("lanes L4: those of partitions, of the host and of any instance stay, whatever instances come and go", () => {
  const lanes = new Lanes<Queued>();
  const goals: readonly Goal[] = [{ kind: "host" }, { kind: "any" }, { kind: "owner", contract: "shelf", key: "a" }];
  const kept = goals.map((goal) => lanes.of(goal, 4));
  for (let n = 0; n < 10; n++) lanes.of(node(n), 4);
  assert.deepEqual(
    goals.map((goal, i) => lanes.of(goal, 4) === kept[i]),
    [true, true, true],
  );
});
