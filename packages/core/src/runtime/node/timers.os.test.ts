import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { nodeRuntime } from "./index.ts";
import { nodeTimers } from "./timers.ts";

test("node timers: when the machine's timer fires before the clock says so, the task waits for the clock", async () => {
  const hold = nodeRuntime().hold();
  const readings = [0, 1, 3, 4.9, 5];
  const clock = { now: () => 0, monotonic: () => readings.shift() ?? Number.NaN };
  const ran = new AbortController();
  nodeTimers(clock, assert.ifError).after(5, () => ran.abort());
  await once(ran.signal, "abort");
  hold[Symbol.dispose]();
  assert.deepEqual(readings, [], "it looked at the clock until it was time");
});
