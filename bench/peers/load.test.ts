import assert from "node:assert/strict";
import { test } from "node:test";
import { loadOn, WrongWork } from "./load.ts";

test("load L1: another outcome than that of three steps ends the measurement", async () => {
  for (const outcome of [undefined, { total: 3 }, { total: 4, more: 1 }]) {
    await assert.rejects(loadOn(() => Promise.resolve(outcome))({ round: 0, callers: 1, ms: 1 }), WrongWork);
  }
});

test("load L2: no key is asked twice, neither by callers side by side nor in later rounds", async () => {
  const keys: string[] = [];
  const load = loadOn((key) => {
    keys.push(key);
    return Promise.resolve({ total: 4 });
  });
  for (const round of [0, 1]) await load({ round, callers: 3, ms: 1 });
  assert.ok(keys.length >= 6);
  assert.equal(new Set(keys).size, keys.length);
});

test("load L3: a workflow that never answers ends the measurement once the time to drain is over", async () => {
  await assert.rejects(loadOn(() => new Promise(() => {}), { drainMs: 1 })({ round: 0, callers: 1, ms: 1 }), /has not answered 1 ms after/);
});
