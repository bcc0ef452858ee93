import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { emptyBulkhead, stepBulkhead, type BulkheadInput, type BulkheadState } from "./bulkhead.ts";

test("bulkhead: calls start up to the concurrency, wait up to the bound, are refused beyond, and start as others end", () => {
  const policy = { concurrency: 2, waiting: 1 };
  const expected: readonly (readonly [BulkheadInput, string, BulkheadState])[] = [
    ["arrive", "start", { running: 1, waiting: 0 }],
    ["arrive", "start", { running: 2, waiting: 0 }],
    ["arrive", "wait", { running: 2, waiting: 1 }],
    ["arrive", "refuse", { running: 2, waiting: 1 }],
    ["end", "next", { running: 2, waiting: 0 }],
    ["arrive", "wait", { running: 2, waiting: 1 }],
    ["leave", "nothing", { running: 2, waiting: 0 }],
    ["end", "nothing", { running: 1, waiting: 0 }],
    ["end", "nothing", { running: 0, waiting: 0 }],
  ];
  let state = emptyBulkhead;
  for (const [input, effect, after] of expected) {
    const [next, said] = stepBulkhead(policy, state, input);
    assert.deepEqual([said, next], [effect, after], input);
    state = next;
  }
});

test("bulkhead: with no waiting allowed, who finds no place is refused at once", () => {
  const policy = { concurrency: 1, waiting: 0 };
  const [full] = stepBulkhead(policy, emptyBulkhead, "arrive");
  assert.deepEqual(stepBulkhead(policy, full, "arrive"), [full, "refuse"]);
});

test("bulkhead: in any history the bounds hold, nobody waits while there is room, and every arrival is accounted for (H1, H2, H3)", () => {
  const inputs = fc.array(fc.constantFrom<BulkheadInput>("arrive", "arrive", "arrive", "end", "end", "leave"), { maxLength: 200 });
  const policies = fc.record({ concurrency: fc.integer({ min: 1, max: 4 }), waiting: fc.integer({ min: 0, max: 4 }) });
  fc.assert(
    fc.property(policies, inputs, (policy, history) => {
      let state = emptyBulkhead;
      let accepted = 0;
      for (const input of history) {
        if ((input === "end" && state.running === 0) || (input === "leave" && state.waiting === 0)) continue;
        const before = state;
        const [next, effect] = stepBulkhead(policy, state, input);
        state = next;
        if (input !== "arrive") accepted -= 1;
        else if (effect === "refuse") assert.deepEqual([before.running, before.waiting], [policy.concurrency, policy.waiting]);
        else accepted += 1;
        assert.ok(state.running >= 0 && state.running <= policy.concurrency);
        assert.ok(state.waiting >= 0 && state.waiting <= policy.waiting);
        assert.ok(state.waiting === 0 || state.running === policy.concurrency, "somebody waits beside a free place");
        assert.equal(state.running + state.waiting, accepted);
      }
    }),
    { seed: 16, numRuns: 500 },
  );
});
