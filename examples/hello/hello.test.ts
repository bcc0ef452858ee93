import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal/simulated";
import { VirtualWorld } from "@atoll/core/runtime/virtual";
import { boot } from "@atoll/core/system";
import { given } from "@atoll/testkit";
import { Counter, counter, hello } from "./hello.ts";

test("hello: a counter adds what it is told, and answers with the total", () => {
  given(counter).asked("total").replies({ total: 0 });
  given(counter).had("Added", { by: 2 }).when("add", { by: 3 }).emits("Added", { by: 3 }).replies({ total: 5 });
});

test("hello: a request names a counter and what to add, and is answered with the total", async () => {
  await given(hello)
    .when("POST /counters/a", { body: { by: 2 } })
    .calls(Counter.add, "a", { by: 2 })
    .replies({ total: 5 })
    .responds(200, { body: { total: 5 } });
  await given(hello)
    .when("POST /counters/a", { body: { by: 0 } })
    .responds(422);
});

test("hello: over HTTP, counters count by themselves and survive a crash", async () => {
  const world = new VirtualWorld({ seed: 1 });
  const disk = new SimulatedDisk(world.outside);
  const ask = (requests: readonly Request[]): Promise<unknown[]> => {
    const process = world.process("hello");
    const journals = new SimulatedJournalStore(disk, process, { process: process.label });
    const answers = process.enter(world.outside, async () => {
      const { gateway } = await boot(hello, { runtime: process, journals, config: {} });
      const answered: unknown[] = [];
      for (const request of requests) answered.push(await (await gateway?.fetch(request))?.json());
      return answered;
    });
    return world.runUntil(answers).finally(() => {
      process.crash();
      journals.crash();
    });
  };
  const add = (id: string, by: number): Request =>
    new Request(`http://hello/counters/${id}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ by }),
    });
  const total = (id: string): Request => new Request(`http://hello/counters/${id}`);
  assert.deepEqual(await ask([add("a", 2), add("a", 3), add("b", 1), total("a")]), [
    { total: 2 },
    { total: 5 },
    { total: 1 },
    { total: 5 },
  ]);
  assert.deepEqual(await ask([total("a"), total("b"), total("c")]), [{ total: 5 }, { total: 1 }, { total: 0 }]);
});
