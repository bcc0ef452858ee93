import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { TimerHeap } from "./timer-heap.ts";
import { VirtualEvent } from "./virtual-event.ts";
import { VirtualWorld } from "./virtual-world.ts";

const owner = new VirtualWorld({ seed: 0 }).outside;

test("timer heap: gives the earliest first, the older of two that are due together, under any pushes and removals", () => {
  const push = fc.record({ push: fc.nat(20) });
  const remove = fc.record({ remove: fc.nat() });
  fc.assert(
    fc.property(fc.array(fc.oneof(push, push, remove, fc.constant({ pop: true })), { maxLength: 200 }), (steps) => {
      const heap = new TimerHeap();
      let model: VirtualEvent[] = [];
      let id = 0;
      for (const step of steps) {
        if ("push" in step) {
          id += 1;
          const event = new VirtualEvent(id, owner, "timer", () => {}, step.push);
          heap.push(event);
          model.push(event);
          model.sort((a, b) => a.dueMs - b.dueMs || a.id - b.id);
        } else if (model.length > 0) {
          const event = "remove" in step ? (model[step.remove % model.length] as VirtualEvent) : (heap.peek() as VirtualEvent);
          heap.remove(event);
          heap.remove(event); // a second time changes nothing
          model = model.filter((other) => other !== event);
        }
        assert.equal(heap.peek(), model[0]);
        assert.equal(heap.length, model.length);
      }
    }),
  );
});

test("timer heap: all timers that match leave together, the order of the others stays", () => {
  const heap = new TimerHeap();
  for (let id = 1; id <= 100; id++) heap.push(new VirtualEvent(id, owner, "timer", () => {}, (id * 37) % 50));
  heap.removeAll((event) => event.id % 3 === 0);
  const left: VirtualEvent[] = [];
  for (let event = heap.peek(); event; event = heap.peek()) {
    heap.remove(event);
    left.push(event);
  }
  assert.equal(left.length, 67);
  assert.deepEqual(
    left,
    left.toSorted((a, b) => a.dueMs - b.dueMs || a.id - b.id),
  );
});
