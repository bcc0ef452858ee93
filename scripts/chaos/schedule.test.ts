import assert from "node:assert/strict";
import { test } from "node:test";
import { prng } from "../../packages/core/src/base/prng.ts";
import { scheduleOf, type Act, type ActKind } from "./schedule.ts";

const services = ["catalogue", "carts", "stock", "orders"];
const scaled = ["stock", "orders"];
const schedule = (seed: number, minutes: number): readonly Act[] =>
  scheduleOf({ random: prng(seed), lengthMs: minutes * 60_000, services, gateway: "gateway", scaled });
const of = <K extends ActKind>(acts: readonly Act[], kind: K): readonly Extract<Act, { kind: K }>[] =>
  acts.filter((act): act is Extract<Act, { kind: K }> => act.kind === kind);

test("chaos: the same seed gives the same schedule, another one another", () => {
  assert.deepEqual(schedule(1, 3), schedule(1, 3));
  assert.notDeepEqual(schedule(1, 3), schedule(2, 3));
});

test("chaos: a process is killed every two seconds, of every service and the gateway", () => {
  const kills = of(schedule(1, 10), "kill");
  assert.equal(kills.length, 299);
  assert.deepEqual([...new Set(kills.map(({ service }) => service))].sort(), [...services, "gateway"].sort());
});

test("chaos: in every minute each scaled service goes to three nodes and then to one, in a shorter run as well; only they are moved, and the gateway is never paused", () => {
  for (const minutes of [0.1, 1, 10]) {
    const acts = schedule(7, minutes);
    for (const service of scaled) {
      const to = of(acts, "scale").flatMap((act) => (act.service === service ? [act.to] : []));
      const cycles = Math.max(1, minutes);
      assert.deepEqual(to, Array.from({ length: cycles }, () => [3, 1]).flat());
    }
    assert(of(acts, "move").every(({ service }) => scaled.includes(service)));
    assert(of(acts, "pause").every(({ service, forMs }) => service !== "gateway" && forMs === 20_000));
    assert(acts.every(({ atMs }, i) => atMs >= (acts[i - 1]?.atMs ?? 0) && atMs < minutes * 60_000));
  }
});
