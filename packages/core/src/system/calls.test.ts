// How a service calls others, through a whole system in a virtual world: handlers, breakers, identities, operators.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, handlers, service, system, unavailable, type CallPolicy, type Failure, type System } from "@atoll/core";
import { failureOf, virtually } from "../../test/virtual-system.ts";

const Tally = contract("tally", {
  version: 1,
  key: z.string(),
  access: { add: ["bank"], total: "any" },
  commands: { add: { in: z.object({ n: z.int() }) } },
  queries: { total: { out: z.object({ total: z.int() }) } },
});
const tally = entity(Tally, {
  state: z.object({ total: z.int() }),
  initial: { total: 0 },
  events: { Added: z.object({ n: z.int() }) },
  decide: { add: (_, c, turn) => turn.emit("Added", c) },
  evolve: { Added: (s, { n }) => ({ total: s.total + n }) },
  queries: { total: (s) => s },
});

const Bank = contract("bank", {
  version: 1,
  access: { charge: ["shop"], rate: ["shop"] },
  commands: { charge: { in: z.object({ cents: z.int() }), rejects: { Declined: z.object({}) } } },
  queries: { rate: { out: z.object({ rate: z.number() }) } },
});

/** A bank that does as the test says; what it saw. */
class PlayedBank {
  /** For each run: fails before or after it has booked, hangs, or works. */
  readonly script: ("before" | "after" | "hang" | "works")[] = [];
  readonly ids: string[] = [];
  readonly part = handlers(Bank, {
    handle: {
      charge: async ({ cents }, cx) => {
        this.ids.push(cx.commandId);
        const act = this.script.shift() ?? "works";
        if (act === "hang") await new Promise((_, reject) => cx.signal.addEventListener("abort", () => reject(new Error("aborted"))));
        if (act === "before") throw unavailable("the bank said 503");
        if (cents > 100) return cx.reject("Declined", {});
        await cx.at(Tally, "all").add({ n: cents });
        if (act === "after") throw unavailable("the connection broke");
        return undefined;
      },
      rate: () => {
        const act = this.script.shift() ?? "works";
        if (act !== "works") throw unavailable("the bank said 503");
        return { rate: 2 };
      },
    },
  });
}

const Shop = contract("shop", {
  version: 1,
  access: { buy: "any", rate: "any", both: "any" },
  commands: {
    buy: { in: z.object({ cents: z.int() }), out: z.object({ paid: z.boolean() }) },
    both: { in: z.object({ cents: z.int() }) },
  },
  queries: { rate: { out: z.object({ rate: z.number() }) } },
});
const shop = handlers(Shop, {
  handle: {
    buy: async ({ cents }, cx) => ({ paid: (await cx.at(Bank).charge({ cents })).rejected === undefined }),
    both: async ({ cents }, cx) => {
      await cx.at(Bank).charge({ cents });
      await cx.at(Bank).charge({ cents });
    },
    rate: (_, cx) => cx.at(Bank).rate(),
  },
});

const market = (bank: PlayedBank, policy?: CallPolicy): System =>
  system("market", {
    services: [
      service("tallies", [tally]),
      service("bank", [bank.part]),
      service("shop", [shop], policy === undefined ? {} : { calls: [[Bank, policy]] }),
    ],
  });

test("calls: a retry of a nested command has the same id, so that what the first attempt did is not done twice", async () => {
  const bank = new PlayedBank();
  bank.script.push("after", "before", "works");
  await virtually(market(bank, { retry: {} }), async ({ booted, process }) => {
    assert.deepEqual(await booted.at(Shop).buy({ cents: 5 }, { commandId: "order-1" }), { paid: true });
    assert.deepEqual(bank.ids, ["order-1/1", "order-1/1", "order-1/1"]);
    assert.equal((await booted.at(Tally, "all").total()).total, 5);
    assert.match(process.metrics.render(), /^atoll_retries_total\{service="shop",contract="bank"\} 2$/m);
  });
});

test("calls: retries do not use up the numbers of the run's other commands", async () => {
  const bank = new PlayedBank();
  bank.script.push("before", "works", "before", "works");
  await virtually(market(bank, { retry: {} }), async ({ booted }) => {
    await booted.at(Shop).both({ cents: 5 }, { commandId: "two" });
    assert.deepEqual(bank.ids, ["two/1", "two/1", "two/2", "two/2"]);
    assert.equal((await booted.at(Tally, "all").total()).total, 10);
  });
});

test("calls: without an identity of the run, attempts still share one id", async () => {
  const bank = new PlayedBank();
  bank.script.push("after", "works");
  const seeded = system("seeded", {
    services: [
      service("tallies", [tally]),
      service("bank", [bank.part]),
      service("shop", [shop], { calls: [[Bank, { retry: {} }]], seed: async (at) => void (await at(Bank).charge({ cents: 7 })) }),
    ],
  });
  await virtually(seeded, async ({ booted }) => {
    assert.equal(new Set(bank.ids).size, 1);
    assert.deepEqual([bank.ids.length, (await booted.at(Tally, "all").total()).total], [2, 7]);
  });
});

test("calls: a query of a dependency is asked again too, and counts for its breaker", async () => {
  const bank = new PlayedBank();
  bank.script.push("before", "works", "before", "before", "before");
  await virtually(market(bank, { retry: {}, breaker: { failures: 4 } }), async ({ booted }) => {
    assert.deepEqual(await booted.at(Shop).rate(), { rate: 2 });
    assert.equal((await failureOf(booted.at(Shop).rate())).code, "UNKNOWN_OUTCOME");
    assert.equal(booted.breakers()[0]?.state, "open");
    assert.equal((await failureOf(booted.at(Shop).rate())).code, "BREAKER_OPEN");
  });
});

test("calls: a dependency that hangs costs its callers the time-out until the breaker opens, then nothing; a probe finds it mended", async () => {
  const bank = new PlayedBank();
  bank.script.push("hang", "hang", "hang", "works");
  const policy: CallPolicy = { within: "1s", breaker: { failures: 3, halfOpenAfter: "5s" } };
  await virtually(market(bank, policy), async ({ booted, world, pause }) => {
    for (let i = 0; i < 3; i++) assert.equal((await failureOf(booted.at(Shop).buy({ cents: 1 }))).code, "DEADLINE");
    const since = world.timeMs;
    const refused = await failureOf(booted.at(Shop).buy({ cents: 1 }));
    assert.deepEqual([refused.code, refused.outcome, world.timeMs - since], ["BREAKER_OPEN", "not-delivered", 0]);
    assert.equal(bank.ids.length, 3, "it was not asked");
    assert.deepEqual(
      booted.health().map(({ state }) => state),
      ["running", "running", "running"],
    );
    await pause(5_000);
    assert.deepEqual(await booted.at(Shop).buy({ cents: 1 }), { paid: true });
    assert.equal(booted.breakers()[0]?.state, "closed");
  });
});

test("calls: rejections are work done: they neither open the breaker nor are sent again", async () => {
  const bank = new PlayedBank();
  await virtually(market(bank, { retry: {}, breaker: { failures: 1 } }), async ({ booted }) => {
    for (let i = 0; i < 3; i++) assert.deepEqual(await booted.at(Shop).buy({ cents: 101 }), { paid: false });
    const [breaker] = booted.breakers();
    assert.deepEqual([breaker?.state, breaker?.failed, breaker?.worked, bank.ids.length], ["closed", 0, 3, 3]);
  });
});

test("calls: an operator opens and closes a breaker by service and contract; others are not touched", async () => {
  const bank = new PlayedBank();
  await virtually(market(bank, {}), async ({ booted }) => {
    assert.deepEqual([booted.openBreaker("shop", "bank"), booted.openBreaker("shop", "bank")], [true, false]);
    assert.equal((await failureOf(booted.at(Shop).buy({ cents: 1 }))).code, "BREAKER_OPEN");
    assert.equal(bank.ids.length, 0);
    assert.deepEqual([booted.closeBreaker("shop", "bank"), booted.closeBreaker("shop", "bank")], [true, false]);
    assert.deepEqual(await booted.at(Shop).buy({ cents: 1 }), { paid: true });
    for (const [of, called] of [
      ["shop", "tally"],
      ["bank", "bank"],
      ["none", "bank"],
    ] as const) {
      assert.deepEqual([booted.openBreaker(of, called), booted.closeBreaker(of, called)], [undefined, undefined]);
    }
  });
});

test("calls: what a service does not list has no breaker, no bulkhead and no metric", async () => {
  const bank = new PlayedBank();
  bank.script.push("before", "before", "before", "before", "before", "before");
  await virtually(market(bank), async ({ booted, process }) => {
    for (let i = 0; i < 6; i++) assert.equal((await failureOf(booted.at(Shop).buy({ cents: 1 }))).code, "UNKNOWN_OUTCOME");
    assert.deepEqual(await booted.at(Shop).buy({ cents: 1 }), { paid: true });
    assert.deepEqual(booted.breakers(), []);
    assert.doesNotMatch(process.metrics.render(), /atoll_breaker|atoll_bulkhead|atoll_retr/);
  });
});

test("calls: a caller's signal ends a call that pauses between two attempts", async () => {
  const Impatient = contract("impatient", {
    version: 1,
    access: { buy: "any" },
    commands: { buy: { out: z.object({ code: z.string(), ms: z.number() }) } },
  });
  const bank = new PlayedBank();
  bank.script.push("before");
  const stop = new AbortController();
  const impatient = handlers(Impatient, {
    handle: {
      buy: async (_, cx) => {
        const since = cx.now;
        const failure = await failureOf(cx.at(Bank).charge({ cents: 1 }, { signal: stop.signal }));
        return { code: failure.code, ms: cx.now - since };
      },
    },
  });
  const impatients = system("impatients", {
    services: [
      service("tallies", [tally]),
      service("bank", [bank.part]),
      service("shop", [impatient], { calls: [[Bank, { retry: { pause: "8s" } }]] }),
    ],
  });
  await virtually(impatients, async ({ booted, pause }) => {
    const asked = booted.at(Impatient).buy();
    await pause(100);
    stop.abort();
    assert.equal((await asked).code, "CANCELLED");
    await pause(20_000);
    assert.equal(bank.ids.length, 1);
  });
});

test("calls: how a contract is called is checked where the service and the system are defined", () => {
  const refused = (what: () => unknown, pattern: RegExp): void => {
    assert.throws(what, (error: Failure) => error.code === "INVALID_DEFINITION" && pattern.test(error.message));
  };
  const bank = new PlayedBank();
  refused(() => service("shop", [shop], { calls: [[Bank, { concurrency: 0 }]] }), /service "shop" calls bank: concurrency/);
  refused(
    () => system("lost", { services: [service("shop", [shop], { calls: [[Bank, {}]] }), service("tallies", [tally])] }),
    /service "shop" says under `calls` how it calls contract "bank", which no service here implements/,
  );
  assert.equal(market(bank, { within: "2s" }).services[2]?.calls[0]?.withinMs, 2_000);
});
