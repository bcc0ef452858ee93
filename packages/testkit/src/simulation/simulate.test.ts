// What `simulate` finds, and what it says then: planted bugs, each of which must be named.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, entity, Failure, handlers } from "@atoll/core";
import * as z from "zod";
import {
  FailingSeed,
  simulate,
  type Invariants,
  type Observed,
  type Phases,
  type Regression,
  type Scenario,
  type SimulateHow,
  type World,
} from "../index.ts";
import { Account, account, bank, bankOf, rates, Rates, Transfers, transfers, transfersWith } from "../../test/bank.ts";

const all: SimulateHow["faults"] = ["crash", "duplicate", "slow-disk", "failing-disk"];

/** The message of the AssertionError that a simulation ends with. */
async function failing(system: Parameters<typeof simulate>[0], how: SimulateHow, scenario: Scenario): Promise<string> {
  let message = "";
  await assert.rejects(simulate(system, how, scenario), (error) => {
    assert.ok(error instanceof assert.AssertionError, String(error));
    message = error.message;
    return true;
  });
  return message;
}

const deposits: Scenario = async ({ at }) => {
  for (let i = 0; i < 4; i++) await at(Account, "a").deposit({ cents: 5 });
};

interface Changed {
  readonly cents?: (cents: number) => number;
  readonly evolved?: (cents: number) => number;
  readonly balance?: (cents: number) => number;
}

/** The account of the bank, with other numbers in one of its functions. */
const accountWith = ({ cents: deposited = (c) => c, evolved = (c) => c, balance = (c) => c }: Changed) =>
  entity(Account, {
    state: z.object({ cents: z.number() }),
    initial: { cents: 0 },
    events: { Deposited: z.object({ cents: z.number() }) },
    decide: {
      deposit: (_, { cents }, turn) => turn.emit("Deposited", { cents: deposited(cents) }).reply({ cents }),
      withdraw: (s, _, turn) => turn.reject("TooLittle", { cents: Math.floor(s.cents) }),
    },
    evolve: { Deposited: (s, { cents }) => ({ cents: evolved(s.cents + cents) }) },
    queries: { balance: (s) => ({ cents: Math.floor(balance(s.cents)) }) },
  });

function counter(): (cents: number) => number {
  let count = 0;
  return (cents) => cents + (count += 1);
}

test("simulate: a decide that is not pure is found at its place in the log", async () => {
  const message = await failing(bankOf(accountWith({ cents: counter() })), { seeds: 3, faults: [] }, deposits);
  assert.match(message, /decide at its place: decide is not pure: deposit [0-9a-f-]{36} of account\/a/);
  assert.match(message, /at \/events\/0\/2\/cents: expected \d+, was \d+/);
});

test("simulate: an evolve that is not pure is found", async () => {
  const message = await failing(bankOf(accountWith({ evolved: counter() })), { seeds: 3, faults: [] }, deposits);
  assert.match(message, /evolve is not pure/);
});

test("simulate: an entity that uses Math.random is not deterministic, and the first line that differs is shown", async () => {
  // oxlint-disable-next-line no-restricted-properties -- the mistake that is to be found
  const ambient = accountWith({ balance: (cents) => cents + Math.random() * 1e6 });
  const message = await failing(bankOf(ambient), { seeds: 3, faults: [] }, async (world) => {
    await deposits(world);
    await world.at(Account, "a").balance();
  });
  assert.match(message, /not deterministic: the same seed gave two different runs/);
  assert.match(message, /first .*account\/a\.balance -> \{"cents":\d+\}\n.*second .*account\/a\.balance -> \{"cents":\d+\}/);
});

test("simulate: a variable that outlives the process is found by the second run of a seed", async () => {
  let runs = 0;
  const message = await failing(bank, { seeds: 3, faults: [] }, async (world) => {
    runs += 1;
    for (let i = 0; i < runs; i++) await world.at(Account, "a").deposit({ cents: 5 });
  });
  assert.match(message, /not deterministic/);
});

test("simulate: a handler that loses money when the process dies between its steps is found by the scenario's own check", async () => {
  const leaky = transfersWith((cx) => `${cx.commandId}-${cx.random()}`); // another id on every repetition
  const message = await failing(bankOf(account, [leaky]), { seeds: 200, faults: ["crash"] }, async (world) => {
    await world.at(Account, "a").deposit({ cents: 100 });
    for (let i = 0; i < 5; i++) await world.at(Transfers).transfer({ from: "a", to: "b", cents: 10 });
    await world.settle();
    const [a, b] = [await world.at(Account, "a").balance(), await world.at(Account, "b").balance()];
    assert.deepEqual([a.cents, b.cents], [50, 50]);
  });
  assert.match(message, /simulate "bank": seed [1-9]\d* fails\n {2}the scenario threw AssertionError/);
  assert.match(message, /crash: node#1 dies/);
  assert.match(
    message,
    /smallest schedule that breaks it: 1 of \d+ faults, after \d+ runs\n {2}\{"fault":"crash","step":\d+,"downMs":0\}\n/,
  );
  assert.match(message, /operator +asks transfers\.transfer #\d+ \{"from":"a","to":"b","cents":10\}/);
  assert.match(message, /FAULT +crash: node#1 dies, for 0 ms\n.* operator +transfers\.transfer #\d+ failed with UNKNOWN_OUTCOME/);
  assert.match(
    message,
    /again: ATOLL_SEED=[1-9]\d* node --test --test-name-pattern='simulate: a handler that loses money .*' \S*simulate\.test\.ts/,
  );
});

test("simulate: a scenario that fails by itself is told that it takes no fault", async () => {
  const message = await failing(bank, { seeds: 3, faults: all }, async (world) => {
    await world.at(Account, "a").deposit({ cents: 1 });
    assert.equal(1, 2);
  });
  assert.match(message, /seed 0 fails\n {2}without any fault\n {2}the scenario threw AssertionError/);
  assert.match(message, /faults: none/);
});

test("simulate: a run that asks nothing, or hears nothing but failures, fails", async () => {
  assert.match(
    await failing(bank, { seeds: 1, faults: [] }, ({ pause }) => pause("1s")),
    /something was answered: the scenario asked nothing/,
  );
  const deaf = await failing(bank, { seeds: 1, faults: [] }, ({ at }) =>
    at(Rates)
      .rate({ within: "1s" })
      .then(
        () => assert.fail("it was answered"),
        () => undefined,
      ),
  );
  assert.match(deaf, /something was answered: none of 1 calls was/);
});

test("simulate: a system that goes on working does not settle", async () => {
  const restless = handlers(Transfers, { handle: { transfer: () => new Promise(() => undefined) } });
  const message = await failing(bankOf(account, [restless]), { seeds: 1, faults: [] }, async (world) => {
    await deposits(world);
    await world
      .at(Transfers)
      .transfer({ from: "a", to: "b", cents: 1 }, { within: "1s" })
      .then(
        () => assert.fail("it was answered"),
        () => undefined,
      );
    await world.settle();
  });
  assert.match(
    message,
    /settles: 300000 virtual ms after the last fault atoll_handlers_running\{service="desk",contract="transfers"\} is [1-9]/,
  );
});

test("simulate: a fault that no seed gives occasion to fails the whole, if there were seeds enough", async () => {
  const asking: Scenario = async ({ at }) => void (await at(Account, "a").balance());
  await simulate(bank, { seeds: 5, faults: ["duplicate"] }, asking);
  assert.match(
    await failing(bank, { seeds: 20, faults: ["crash", "duplicate"] }, asking),
    /20 seeds, and never duplicate: the scenario gives it no occasion/,
  );
});

test("simulate: a system that cannot start says why", async () => {
  const message = await failing(bank, { seeds: 1, faults: [], config: { RATES_URL: 5 as unknown as string } }, deposits);
  assert.match(message, /INVALID_CONFIG|RATES_URL/);
});

test("simulate: the network is refused, unless there is a stand-in for it or for the handlers that use it", async () => {
  const rate = async (world: World): Promise<number> => (await world.at(Rates).rate({ within: "2s" })).rate;
  await simulate(bank, { seeds: 2, faults: [] }, async (world) => {
    await deposits(world);
    await assert.rejects(rate(world), (error) => error instanceof Failure && error.code === "UNAVAILABLE");
  });
  const asked: string[] = [];
  const fetch: typeof globalThis.fetch = (url) => {
    asked.push(url instanceof Request ? url.url : url.toString());
    return Promise.resolve(new Response("1.25"));
  };
  await simulate(bank, { seeds: 2, faults: [], fetch, config: { RATES_URL: "http://calm" } }, async (world) =>
    assert.equal(await rate(world), 1.25),
  );
  assert.deepEqual([...new Set(asked)], ["http://calm/today"]);
  const calm = handlers(Rates, { handle: { rate: async () => ({ rate: 2 }) } });
  await simulate(bank, { seeds: 2, faults: [], replace: [calm] }, async (world) => assert.equal(await rate(world), 2));
});

test("simulate: a mistake in how it is called is refused", async () => {
  const refused = (how: object): Promise<void> =>
    assert.rejects(
      simulate(bank, { seeds: 1, faults: [], ...how }, deposits),
      (error) => error instanceof Failure && error.code === "INVALID_DEFINITION",
    );
  await refused({ faults: ["partition"] });
  await refused({ seeds: 0 });
  await refused({ replace: [transfers, transfers] });
  await assert.rejects(
    simulate(bankOf(account, [transfers]), { seeds: 1, faults: [], replace: [rates] }, deposits),
    /nothing implements contract "rates"/,
  );
  const newer = contract("rates", { version: 2, queries: { rate: { out: z.object({ rate: z.number() }) } } });
  await refused({ replace: [handlers(newer, { handle: { rate: () => ({ rate: 1 }) } })] });
});

test("simulate: a call that is asked again and again ends with what is known when its time is over", async () => {
  let acted = false;
  const vague = handlers(Transfers, {
    handle: {
      transfer: async (_, cx) => {
        if (acted) throw new Failure("OVERLOADED", { what: "not now" });
        acted = true;
        await cx.at(Account, "a").deposit({ cents: 1 });
        throw new Failure("UNAVAILABLE", { what: "not now" });
      },
    },
  });
  await simulate(bankOf(account, [vague]), { seeds: 1, faults: [] }, async (world) => {
    acted = false;
    await world.at(Account, "a").deposit({ cents: 1 });
    const asked = world.at(Transfers).transfer({ from: "a", to: "b", cents: 1 }, { within: "2s" });
    await assert.rejects(asked, (error) => error instanceof Failure && error.code === "UNKNOWN_OUTCOME");
  });
});

test("simulate: a request over HTTP fails as the process dies, and a retry under its key is carried out once", async () => {
  let failed = 0;
  await simulate(bank, { seeds: 60, faults: all }, async (world) => {
    const post = (id: string): Request =>
      new Request("http://bank/deposits/a", { method: "POST", body: "1", headers: { "idempotency-key": id } });
    for (let i = 0; i < 5; i++) {
      for (;;) {
        try {
          const { status } = await world.http(post(`key-${i}`));
          assert.equal(status, 201);
          break;
        } catch (error) {
          assert.ok(error instanceof Failure && error.retry !== "never", String(error));
          failed += 1;
          await world.pause("100ms");
        }
      }
    }
    await world.settle();
    const response = await world.http(new Request("http://bank/balances/a"));
    assert.deepEqual([response.status, await response.json()], [200, { cents: 5 }]);
  });
  assert.ok(failed > 0, "no request ever failed");
});

const leaky = bankOf(account, [transfersWith((cx) => `${cx.commandId}-${cx.random()}`)]);

const fiveTransfers: Scenario = async (world) => {
  await world.at(Account, "a").deposit({ cents: 100 });
  for (let i = 0; i < 5; i++) await world.at(Transfers).transfer({ from: "a", to: "b", cents: 10 });
};

/** Reads both balances, which are of the same moment only when nothing happens. */
const balances = async ({ at }: Observed): Promise<number> =>
  (await at(Account, "a").balance()).cents + (await at(Account, "b").balance()).cents;

const conserved: Invariants = {
  "money is neither made nor lost": async (world) => assert.equal(await balances(world), 100),
};

/** What a simulation fails with. */
const found = (system: typeof bank, how: SimulateHow | Regression, scenario: Scenario): Promise<FailingSeed> =>
  simulate(system, how, scenario).then(
    () => assert.fail("it passed"),
    (error: unknown) => {
      assert.ok(error instanceof FailingSeed, String(error));
      return error;
    },
  );

test("simulate: an invariant that does not hold at rest is a broken law, shrunk to the fault that it takes, which is a regression", async () => {
  const settings = { invariants: conserved };
  const failure = await found(leaky, { ...settings, seeds: 100, faults: all }, fiveTransfers);
  const { seed, schedule, law } = failure;
  assert.equal(law, 'invariant "money is neither made nor lost"');
  assert.match(failure.message, /invariant "money is neither made nor lost": Expected values to be strictly equal:\n/);
  assert.equal(schedule.length, 1, failure.message);
  const again = await found(leaky, { ...settings, seed, schedule }, fiveTransfers);
  assert.deepEqual([again.law, again.schedule, again.seed], [law, schedule, seed]);
  assert.deepEqual(again.story, failure.story);
  await assert.doesNotReject(simulate(leaky, { ...settings, seed, schedule: [] }, fiveTransfers));
  await assert.doesNotReject(simulate(bank, { ...settings, seed, schedule }, fiveTransfers)); // the cure passes what the fault does not
});

test("simulate: an invariant that holds always is looked at while the scenario runs, one of rest is not", async () => {
  const short = async (world: Observed): Promise<void> => assert.notEqual((await world.at(Account, "a").balance()).cents, 5);
  const passing: Scenario = async ({ at, pause }) => {
    await at(Account, "a").deposit({ cents: 5 });
    await pause("100ms");
    await at(Account, "a").deposit({ cents: 5 });
  };
  await simulate(bank, { seeds: 2, faults: [], invariants: { "never five": short } }, passing);
  const { law, phases, message } = await found(bank, { seeds: 2, faults: [], invariants: { "never five": { always: short } } }, passing);
  assert.equal(law, 'invariant "never five"');
  assert.equal(phases.liveness, undefined);
  assert.match(message, /it broke in there, before the faults ended/);
  const patient = {
    "the account answers": { always: async (world: Observed) => void (await world.at(Account, "a").balance({ within: "20ms" })) },
  };
  await simulate(bank, { seeds: 30, faults: ["crash"], invariants: patient }, passing); // that it is down is no violation
});

test("simulate: what invariants ask is not what the scenario asked", async () => {
  const { law } = await found(
    bank,
    { seeds: 1, faults: [], invariants: { readable: async (world) => void (await balances(world)) } },
    ({ pause }) => pause("1s"),
  );
  assert.equal(law, "something was answered");
});

test("simulate: a system that is not at rest within the bound breaks the liveness phase, and the report says so", async () => {
  const slow = handlers(Transfers, {
    handle: {
      transfer: async (_, cx) => {
        await new Promise((resolve) => cx.signal.addEventListener("abort", resolve));
        return { moved: false };
      },
    },
  });
  const ask: Scenario = async (world) => {
    await deposits(world);
    void world
      .at(Transfers)
      .transfer({ from: "a", to: "b", cents: 1 }, { within: "3s" })
      .catch(() => undefined);
    await world.pause("100ms");
  };
  const { law, phases, message } = await found(bankOf(account, [slow]), { seeds: 1, faults: [], settleWithin: "1s" }, ask);
  assert.equal(law, "settles");
  assert.equal(phases.liveness?.restMs, undefined);
  assert.match(message, /liveness: no rest within \d+ ms/);
  const passed: Phases[] = [];
  await simulate(bankOf(account, [slow]), { seeds: 1, faults: [], settleWithin: "10s", passed: (_, seen) => passed.push(seen) }, ask);
  assert.ok((passed[0]?.liveness?.restMs ?? 0) > 2_000, JSON.stringify(passed));
});

test("simulate: what is no schedule is refused", async () => {
  const refused = (how: object): Promise<void> =>
    assert.rejects(
      simulate(bank, { seed: 1, schedule: [], ...how }, deposits),
      (error) => error instanceof Failure && error.code === "INVALID_DEFINITION",
    );
  await refused({ seed: -1 });
  await refused({ schedule: {} });
  await refused({ schedule: [{ fault: "partition" }] });
  await refused({ schedule: [{ fault: "crash", step: -1, downMs: 0 }] });
  await refused({ schedule: [{ fault: "duplicate", command: 1, again: "soon" }] });
  await refused({ schedule: [{ fault: "failing-disk", service: "accounts", call: 1 }] });
});
