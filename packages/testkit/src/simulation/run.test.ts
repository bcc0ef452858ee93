// One run of one seed: that it is the same on every machine, and that faults do happen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Account, bank, Transfers } from "../../test/bank.ts";
import { firstDifference } from "./repetition.ts";
import { runSeed, type Run } from "./run.ts";
import { faultKinds, type Scenario } from "./world.ts";

const scenario: Scenario = async ({ at, http, settle }) => {
  for (const name of ["a", "b"]) await at(Account, name).deposit({ cents: 100 });
  await Promise.all([1, 2, 3].map((cents) => at(Transfers).transfer({ from: "a", to: "b", cents })));
  const headers = { "idempotency-key": "once" };
  await http(new Request("http://bank/deposits/c", { method: "POST", body: "1", headers })).catch(() => undefined);
  await settle();
  await at(Account, "a").balance();
};

const run = (seed: number): Promise<Run> =>
  runSeed({ seed, system: bank, scenario, faults: faultKinds, calmSteps: 150, config: {}, fetch: undefined, traceCapacity: 100_000 });

test("run: a seed gives the same run on every machine", async () => {
  // The hash covers every event, its time, every answer and every record. It changes with whatever changes the order of events in
  // the runtime, the journal or here: then, and only then, it is to be renewed.
  const { broken, trace } = await run(11);
  assert.deepEqual(broken, []);
  assert.equal(trace.hash, "d8d6e1d4e23ce85d");
});

test("run: a seed gives the same run twice, and different seeds give different ones", async () => {
  const hashes = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const [one, other] = [await run(seed), await run(seed)];
    assert.equal(firstDifference(one, other), undefined);
    hashes.add(one.trace.hash);
  }
  assert.equal(hashes.size, 20);
});

test("run: among a hundred seeds everything happens that can, and no law is broken", async () => {
  const wanted = [
    /crash: node#\d dies, for \d+ ms/,
    /crash: node#\d dies while it starts/,
    /duplicate: account\/a\.deposit/,
    /duplicate: transfers\.transfer/,
    /duplicate: POST \/deposits\/c/,
    /slow-disk: journal .*"slow"/,
    /slow-disk: .* for \d+ ms/,
    /failing-disk: journal .*"error":"failed"/,
    /failing-disk: journal .*"error":"full"/,
    /failing-disk: journal .*"fail-after"/,
    /failing-disk: journal .*"late"/,
    /failing-disk: .* for \d+ ms/,
  ];
  const lines: string[] = [];
  for (let seed = 1; seed <= 100; seed++) {
    const { broken, faults } = await run(seed);
    assert.deepEqual(broken, [], `seed ${seed}`);
    lines.push(...faults);
  }
  assert.deepEqual(
    wanted.filter((pattern) => !lines.some((line) => pattern.test(line))),
    [],
  );
});
