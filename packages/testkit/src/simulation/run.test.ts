// One run of one seed: that it is the same on every machine, and that faults do happen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, handlers, service, system } from "@atoll/core";
import { Account, bank, Transfers } from "../../test/bank.ts";
import { firstDifference } from "./repetition.ts";
import { runSeed, type Run, type RunPlan } from "./run.ts";
import { faultKinds, type Scenario } from "./world.ts";

const scenario: Scenario = async ({ at, http, settle }) => {
  for (const name of ["a", "b"]) await at(Account, name).deposit({ cents: 100 });
  await Promise.all([1, 2, 3].map((cents) => at(Transfers).transfer({ from: "a", to: "b", cents })));
  const headers = { "idempotency-key": "once" };
  await http(new Request("http://bank/deposits/c", { method: "POST", body: "1", headers })).catch(() => undefined);
  await settle();
  await at(Account, "a").balance();
};

const settings = { invariants: {}, settleWithinMs: 300_000, config: {}, fetch: undefined, traceCapacity: 100_000, told: false };

const planOf = (seed: number): RunPlan => ({ seed, system: bank, scenario, ...settings, faults: { kinds: faultKinds, calmSteps: 150 } });

const run = (seed: number): Promise<Run> => runSeed(planOf(seed));

test("run: a seed gives the same run on every machine", async () => {
  // The hash covers every event, its time, every answer and every record. It changes with whatever changes the order of events in
  // the runtime, the journal or here: then, and only then, it is to be renewed.
  const { broken, trace } = await run(11);
  assert.deepEqual(broken, []);
  assert.equal(trace.hash, "8262b176650397fe");
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
    /failing-disk: journal .*"error":"failed"/,
    /failing-disk: journal .*"error":"full"/,
    /failing-disk: journal .*"fail-after"/,
    /failing-disk: journal .*"late"/,
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

test("run: a schedule is data, and with the schedule that a run wrote down the same seed is the same run", async () => {
  let faults = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const drawn = await run(seed);
    const schedule = JSON.parse(JSON.stringify(drawn.schedule)) as Run["schedule"];
    const replayed = await runSeed({ ...planOf(seed), faults: { schedule } });
    assert.equal(firstDifference(drawn, replayed), undefined, `seed ${seed}`);
    assert.deepEqual(replayed.schedule, drawn.schedule);
    faults += schedule.length;
  }
  assert.ok(faults > 400, `${faults} faults`);
});

test("run: faults whose moments never come do not happen, and harm nothing", async () => {
  const never: Run["schedule"] = [
    { fault: "crash", step: 1_000_000, downMs: 1 },
    { fault: "duplicate", command: 999, again: "at once" },
    { fault: "failing-disk", service: "accounts", call: 99_999, how: { kind: "fail-after" } },
    { fault: "failing-disk", service: "nobody", call: 1, how: { kind: "fail-after" } },
  ];
  const [with4, without] = [
    await runSeed({ ...planOf(3), faults: { schedule: never } }),
    await runSeed({ ...planOf(3), faults: { schedule: [] } }),
  ];
  assert.equal(with4.trace.hash, without.trace.hash);
  assert.deepEqual(with4.faults, []);
});

test("run: a run that is told is the same run, and tells who asked, what was decided, what came to be on disk, and the faults", async () => {
  const told = await runSeed({ ...planOf(11), told: true });
  assert.equal(told.trace.hash, (await run(11)).trace.hash);
  const wanted = [
    /operator +asks account\/a\.deposit #1 \{"cents":100\}/,
    /account\/a +decides deposit \{"cents":100\} for operator, at version 0/,
    /disk of accounts +account\/a\.deposit #1 is on disk: Deposited \{"cents":100\}; answer \{"cents":100\} \(version 1\)/,
    /operator +account\/a\.deposit #1 was answered \{"cents":100\}/,
    /transfers\.transfer #\d+ +asks account\/a\.withdraw \{"cents":\d\}/,
    /disk of accounts +account\/a\.withdraw #\d+\.1 is on disk: Withdrawn/,
    /client +sends POST \/deposits\/c/,
    /FAULT +(crash|duplicate|slow-disk|failing-disk): /,
    /world +faults end/,
  ];
  assert.deepEqual(
    wanted.filter((pattern) => !told.story.some((line) => pattern.test(line))),
    [],
    told.story.join("\n"),
  );
});

test("run: what is asked of every instance is told as well", async () => {
  const Cache = contract("cache", { version: 1, commands: { drop: {} }, access: { drop: ["desk"] } });
  const Desk = contract("desk", { version: 1, commands: { clear: {} }, access: { clear: "any" } });
  const cache = handlers(Cache, { handle: { drop: () => undefined } });
  const desk = handlers(Desk, { handle: { clear: async (_, cx) => void (await cx.every(Cache).drop()) } });
  const shop = system("shop", { services: [service("caches", [cache]), service("desk", [desk])] });
  const { broken, story } = await runSeed({
    ...planOf(1),
    system: shop,
    scenario: ({ at }) => at(Desk).clear(),
    faults: { schedule: [] },
    told: true,
  });
  assert.deepEqual(broken, []);
  const wanted = [/desk\.clear #1 +asks every cache\.drop/, /desk\.clear #1 +cache\.drop answered \[\{"node":"shared"/];
  assert.deepEqual(
    wanted.filter((pattern) => !story.some((line) => pattern.test(line))),
    [],
    story.join("\n"),
  );
});
