// The counter under every fault that the simulator has: what was acknowledged is counted, once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate } from "@atoll/testkit";
import { Counter, hello } from "./hello.ts";

const keys = ["a", "b", "c"] as const;

test("hello: what was acknowledged is counted once, under all faults", async () => {
  await simulate(hello, { seeds: 100, faults: ["crash", "duplicate", "slow-disk", "failing-disk"] }, async ({ at, random, settle }) => {
    const sums = new Map<string, number>();
    const client = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) {
        const key = keys[Math.floor(random() * keys.length)] as string;
        const by = 1 + Math.floor(random() * 9);
        await at(Counter, key).add({ by });
        sums.set(key, (sums.get(key) ?? 0) + by);
      }
    };
    await Promise.all([client(), client(), client()]);
    await settle();
    for (const key of keys) assert.deepEqual(await at(Counter, key).total(), { total: sums.get(key) ?? 0 });
  });
});
