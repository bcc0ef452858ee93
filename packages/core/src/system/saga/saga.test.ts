// Sagas in a whole system, in a virtual world: their start command, restarts, signals, operators, versions. What holds for
// any saga at any crash is in saga/machine.test.ts and test/sim/saga.sim.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, entity, service, subscription, system } from "@atoll/core";
import * as z from "zod";
import { BankBooks, Checkout, checkoutSystem, Stock } from "../../../test/checkout.ts";
import { failureOf, virtually, type VirtualSystem } from "../../../test/virtual-system.ts";

const tea = { sku: "tea", qty: 1, cents: 500 };
const deliver = ({ booted }: VirtualSystem, qty: number): Promise<void> => booted.at(Stock, "tea").deliver({ qty });
const level = ({ booted }: VirtualSystem) => booted.at(Stock, "tea").level();
const metric = ({ process }: VirtualSystem, name: string): number =>
  Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, "m").exec(process.metrics.render())?.[1]);

test("saga: its start command is answered with its outcome, a reply or one of its rejections", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 1);
    assert.deepEqual(await running.booted.at(Checkout, "a").start(tea), { rejected: undefined, reply: { left: 0 } });
    assert.deepEqual(await running.booted.at(Checkout, "b").start(tea), { rejected: "SoldOut", details: { left: 0 } });
    assert.deepEqual(await level(running), { available: 0, held: { a: 1 } });
  }));

test("saga: three records and its targets' are all that a checkout of two steps leaves", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 1);
    await running.booted.at(Checkout, "a").start(tea);
    const lines = running.disk.rows("orders").flatMap(({ body }) => body.split("\n"));
    const kinds = lines.map((line) =>
      (JSON.parse(line) as { readonly events: readonly (readonly [string])[] }).events.map(([kind]) => kind),
    );
    assert.deepEqual(kinds, [["Registered"], ["Started"], ["Done"], ["Done", "Ended"]]);
  }));

test("saga: asked again with the same input it is the same saga, running or over, in this life or the next; with another it is refused", () => {
  const books = new BankBooks();
  return virtually(checkoutSystem({ books }), async (running) => {
    await deliver(running, 9);
    const { at } = running.booted;
    const answers = await Promise.all([1, 2, 3].map(() => at(Checkout, "a").start(tea)));
    for (const answer of answers) assert.deepEqual(answer, { rejected: undefined, reply: { left: 8 } });
    assert.deepEqual(await at(Checkout, "a").start(tea), answers[0]);
    assert.equal((await failureOf(at(Checkout, "a").start({ ...tea, qty: 2 }))).code, "COMMAND_ID_REUSED");
    const again = await running.restart();
    assert.deepEqual(await again.booted.at(Checkout, "a").start(tea), answers[0]);
    assert.equal((await failureOf(again.booted.at(Checkout, "a").start({ ...tea, qty: 2 }))).code, "COMMAND_ID_REUSED");
    assert.deepEqual([...books.charged], [["a", 500]]);
  });
});

test("saga: a caller's deadline ends its waiting, not the saga; asked again, the caller has the outcome", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 1);
    const patient = { ...tea, rest: "1h" };
    const failure = await failureOf(running.booted.at(Checkout, "a").start(patient, { within: "2s" }));
    assert.deepEqual([failure.code, failure.outcome], ["DEADLINE", "unknown"]);
    const answer = running.booted.at(Checkout, "a").start(patient, { within: "2h" });
    assert.equal(metric(running, "atoll_saga_callers"), 0);
    assert.deepEqual(await answer, { rejected: undefined, reply: { left: 0 } });
  }));

test("saga: whoever joins late hears the outcome no sooner than it is on disk", () =>
  virtually(checkoutSystem(), async (running) => {
    const { disk, booted, pause } = running;
    await deliver(running, 1);
    disk.faults = { ...disk.faults, slow: 1, slowMsMax: 200 };
    let early = 0;
    const ask = async (): Promise<void> => {
      await booted.at(Checkout, "a").start(tea);
      if (!disk.rows("orders").some(({ body }) => body.includes('"Ended"'))) early += 1;
    };
    const asked = [ask()];
    for (let i = 0; i < 400; i++) {
      await pause(2);
      asked.push(ask());
    }
    await Promise.all(asked);
    assert.equal(early, 0);
  }));

test("saga: a rejection after a step undoes it: what was reserved is free again", () => {
  const books = new BankBooks();
  books.mood = () => "declines";
  return virtually(checkoutSystem({ books }), async (running) => {
    await deliver(running, 1);
    assert.deepEqual(await running.booted.at(Checkout, "a").start(tea), { rejected: "Declined", details: { cents: 500 } });
    assert.deepEqual(await level(running), { available: 1, held: {} });
  });
});

test("saga: a lost answer is asked for again under the same identity, and the bank has charged once", () => {
  const books = new BankBooks();
  let calls = 0;
  books.mood = () => ((calls += 1) <= 3 ? "fails after" : "works");
  return virtually(checkoutSystem({ books }), async (running) => {
    await deliver(running, 1);
    assert.deepEqual(await running.booted.at(Checkout, "a").start(tea), { rejected: undefined, reply: { left: 0 } });
    assert.equal(calls, 4);
    assert.equal(books.heard.length, 1);
    assert.match(books.heard[0] ?? "", /^[0-9a-f]{32}\/charge\/1$/);
  });
});

test("saga: when the budget of a step is spent it counts as done: it is undone with the others, and the caller hears that the saga failed", () => {
  const books = new BankBooks();
  books.mood = (what) => (what === "charge" ? "fails after" : "works");
  return virtually(checkoutSystem({ books, retry: "20s" }), async (running) => {
    await deliver(running, 1);
    const failure = await failureOf(running.booted.at(Checkout, "a").start(tea, { within: "10m" }));
    assert.deepEqual([failure.code, failure.outcome], ["SAGA_FAILED", "unknown"]);
    assert.match(failure.message, /checkout\/a\.start.*step "charge" was given up, its outcome unknown/s);
    assert.deepEqual([...books.refunded], ["a"]);
    assert.deepEqual(await level(running), { available: 1, held: {} });
    assert.deepEqual(running.booted.sagas.apologies(), []);
  });
});

test("saga: a sleeping one is not in memory, and goes on at its time in another life of the process", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 1);
    const asked = failureOf(running.booted.at(Checkout, "a").start({ ...tea, rest: "8h" }));
    assert.equal((await asked).code, "DEADLINE");
    assert.equal(metric(running, "atoll_sagas_running"), 0);
    const [asleep] = (await running.booted.sagas.list()).entries;
    assert.deepEqual([asleep?.key, asleep?.state], ["a", "suspended"]);
    assert.match(asleep?.detail ?? "", /^waits, until 2026-01-01T08:00:00\.\d{3}Z at most$/);
    const again = await running.restart();
    await again.pause(7 * 3_600_000);
    assert.deepEqual([(await again.booted.sagas.list()).entries.length, metric(again, "atoll_sagas_running")], [1, 0]);
    await again.pause(2 * 3_600_000);
    assert.deepEqual((await again.booted.sagas.list()).entries, []);
    assert.deepEqual(await again.booted.at(Checkout, "a").start({ ...tea, rest: "8h" }), { rejected: undefined, reply: { left: 0 } });
  }));

test("saga: a signal is a command of its contract: it reaches a saga that waits, once, also after a restart", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 5);
    const three = { ...tea, qty: 3 };
    assert.equal((await failureOf(running.booted.at(Checkout, "a").start(three, { within: "1s" }))).code, "DEADLINE");
    const again = await running.restart();
    await again.booted.at(Checkout, "a").approve({ by: "anna" }, { commandId: "once" });
    await again.booted.at(Checkout, "a").approve({ by: "anna" }, { commandId: "once" });
    assert.deepEqual(await again.booted.at(Checkout, "a").start(three), { rejected: undefined, reply: { left: 2, by: "anna" } });
    const { entries } = await again.booted.sagas.show("orders", "a");
    assert.equal(entries.filter(({ kind }) => kind === "Signalled").length, 1);
  }));

test("saga: without a signal its wait ends at its time", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 5);
    const answer = await running.booted.at(Checkout, "a").start({ ...tea, qty: 3 }, { within: "3d" });
    assert.deepEqual(answer, { rejected: undefined, reply: { left: 2 } });
    assert.ok(running.world.timeMs >= 2 * 86_400_000);
  }));

test("saga: a signal to one that was never started, or has ended, is refused as not delivered, and says where the saga is", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 5);
    const never = await failureOf(running.booted.at(Checkout, "a").cancel({ by: "anna" }));
    assert.deepEqual([never.code, never.outcome], ["SAGA_NOT_RUNNING", "not-delivered"]);
    assert.match(never.message, /checkout\/a\.cancel.*it has not been started/);
    await running.booted.at(Checkout, "a").start(tea);
    assert.match((await failureOf(running.booted.at(Checkout, "a").cancel({ by: "anna" }))).message, /it has ended/);
    assert.deepEqual(await running.booted.at(Checkout, "a").start(tea), { rejected: undefined, reply: { left: 4 } });
  }));

test("saga: a cancellation ends a sleeping saga with the rejection it chose, and frees what was reserved", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 1);
    const answer = running.booted.at(Checkout, "a").start({ ...tea, rest: "8h" }, { within: "1h" });
    await running.pause(60_000);
    await running.booted.at(Checkout, "a").cancel({ by: "anna" });
    assert.deepEqual(await answer, { rejected: "Cancelled", details: { by: "anna" } });
    assert.deepEqual(await level(running), { available: 1, held: {} });
  }));

test("saga: one whose step can never be carried out is parked, listed, counted, seen in health, and goes on when an operator retries it", () => {
  const books = new BankBooks();
  books.mood = () => "is denied";
  return virtually(checkoutSystem({ books }), async (running) => {
    await deliver(running, 1);
    assert.equal((await failureOf(running.booted.at(Checkout, "a").start(tea))).code, "DEADLINE");
    const life = await running.restart();
    await life.pause(1_000);
    const { entries } = await life.booted.sagas.list({ state: "parked" });
    assert.deepEqual([entries.length, entries[0]?.key], [1, "a"]);
    assert.match(entries[0]?.detail ?? "", /^step "charge" cannot be carried out: The caller may not call/);
    assert.equal(metric(life, "atoll_sagas_parked"), 1);
    assert.deepEqual(life.booted.health().find(({ name }) => name === "orders")?.sagas, { parked: 1, apologies: 0, overdue: 0 });
    books.mood = () => "works";
    await life.booted.sagas.retry("orders", "checkout/a");
    assert.deepEqual(await life.booted.at(Checkout, "a").start(tea), { rejected: undefined, reply: { left: 0 } });
    assert.equal(metric(life, "atoll_sagas_parked"), 0);
    assert.match((await failureOf(life.booted.sagas.retry("orders", "a"))).message, /it is ended, and only a parked one/);
    assert.match((await failureOf(life.booted.sagas.retry("orders", "z"))).message, /there is no saga "z" \(of checkout\)/);
    assert.match((await failureOf(life.booted.sagas.retry("order", "a"))).message, /there is no service "order" with sagas/);
  });
});

test("saga: more of them than fit into memory are listed all the same, from what is indexed and from what is not yet", () =>
  virtually(checkoutSystem({ limits: { entities: { residentsMax: 2 } } }), async (running) => {
    await deliver(running, 9);
    const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for (const key of keys) {
      const failure = await failureOf(running.booted.at(Checkout, key).start({ ...tea, rest: "1h" }, { within: "50ms" }));
      assert.equal(failure.code, "DEADLINE");
    }
    const listed = async () => (await running.booted.sagas.list()).entries.map(({ key, state }) => `${key} ${state}`).toSorted();
    const asleep = keys.map((key) => `${key} suspended`);
    assert.deepEqual(await listed(), asleep);
    await running.pause(5_000);
    assert.deepEqual(await listed(), asleep);
  }));

test("saga: abandoned by an operator it undoes what was done; what cannot be undone is an apology with owner and time, until somebody resolves it", () => {
  const books = new BankBooks();
  books.mood = (what) => (what === "charge" ? "is denied" : "fails before");
  return virtually(checkoutSystem({ books }), async (running) => {
    await deliver(running, 1);
    const answer = failureOf(running.booted.at(Checkout, "a").start(tea, { within: "1h" }));
    await running.pause(1_000);
    await running.booted.sagas.abandon("orders", "a", "the bank is gone");
    assert.equal((await answer).code, "SAGA_FAILED");
    assert.deepEqual(await level(running), { available: 1, held: {} });
    const again = await running.restart();
    await again.pause(1_000);
    const [apology, ...more] = again.booted.sagas.apologies();
    assert.deepEqual(more, []);
    assert.deepEqual([apology?.key, apology?.step, apology?.owner, apology?.overdue], ["a", "charge/1", "payments", false]);
    assert.match(apology?.reason ?? "", /the bank does not answer/);
    assert.deepEqual([metric(again, "atoll_apologies_open"), metric(again, "atoll_apologies_overdue")], [1, 0]);
    await again.pause(4 * 86_400_000);
    assert.equal(metric(again, "atoll_apologies_overdue"), 1);
    assert.deepEqual(
      (await again.booted.sagas.list()).entries.map(({ state }) => state),
      ["apologising"],
    );
    await again.booted.sagas.resolve("orders", "a", "charge/1", "sent flowers");
    assert.deepEqual(again.booted.sagas.apologies(), []);
    assert.match((await failureOf(again.booted.sagas.resolve("orders", "a", "charge/1", "again"))).message, /is resolved already/);
    const last = await again.restart();
    await last.pause(1_000);
    assert.deepEqual([last.booted.sagas.apologies(), (await last.booted.sagas.list()).entries], [[], []]);
  });
});

test("saga: new ones run by the newest definition, running ones by their own, and a start without it is refused by name, version and number", async () => {
  const books = new BankBooks();
  await virtually(checkoutSystem({ books }), async (running) => {
    await deliver(running, 9);
    const resting = { ...tea, rest: "8h" };
    for (const key of ["a", "b"]) await failureOf(running.booted.at(Checkout, key).start(resting, { within: "1s" }));
    const both = await running.restart(checkoutSystem({ books, versions: [1, 2] }));
    assert.deepEqual(await both.booted.at(Checkout, "new").start(tea), { rejected: undefined, reply: { left: 6, by: "version 2" } });
    const refused = await failureOf(both.restart(checkoutSystem({ books, versions: [2, 3] })));
    assert.equal(refused.code, "SAGA_VERSION_MISSING");
    assert.match(
      refused.message,
      /service "orders", saga checkout\): 2 of them run by version 1, and defined are 2, 3\. Keep the definition/,
    );
    const again = await both.restart(checkoutSystem({ books, versions: [1, 2] }));
    assert.deepEqual(await again.booted.at(Checkout, "a").start(resting, { within: "1d" }), { rejected: undefined, reply: { left: 8 } });
    await again.pause(3_600_000);
    const newer = await again.restart(checkoutSystem({ books, versions: [2] }));
    assert.deepEqual(await newer.booted.at(Checkout, "b").start(resting), { rejected: undefined, reply: { left: 7 } });
  });
});

const Desk = contract("desk", {
  version: 1,
  key: z.string(),
  access: { order: "any", approve: "any", orders: "any" },
  commands: { order: { in: z.object({ qty: z.int() }) }, approve: {} },
  topics: { orders: z.object({ id: z.string(), qty: z.int().optional() }) },
});
const desk = entity(Desk, {
  state: z.object({}),
  initial: {},
  events: { Ordered: z.object({ qty: z.int() }), Approved: z.object({}) },
  decide: { order: (_, c, turn) => turn.emit("Ordered", c), approve: (_, __, turn) => turn.emit("Approved", {}) },
  evolve: { Ordered: (s) => s, Approved: (s) => s },
  publish: { orders: { Ordered: (e, _, at) => ({ id: at.key, ...e }), Approved: (_, __, at) => ({ id: at.key }) } },
});
const fromDesk = subscription("from-desk", Desk.orders, ({ id, qty }, tell) =>
  qty === undefined ? tell(Checkout, id).approve({ by: "the desk" }) : tell(Checkout, id).start({ sku: "tea", qty, cents: 500 }),
);

test("saga: a topic starts sagas and reaches them by a subscription that tells; who tells does not wait for the outcome, and a restart tells nothing twice", () => {
  const books = new BankBooks();
  const { services } = checkoutSystem({ books });
  const shop = system("shop", { services: [...services, service("desks", [desk]), service("clerk", [fromDesk])] });
  return virtually(shop, async (running) => {
    await deliver(running, 9);
    await running.booted.at(Desk, "o1").order({ qty: 3 });
    await running.booted.at(Desk, "o2").order({ qty: 1 });
    await running.pause(5_000);
    assert.deepEqual((await running.booted.sagas.show("orders", "o2")).state, "ended");
    assert.deepEqual((await running.booted.sagas.show("orders", "o1")).state, "suspended");
    const again = await running.restart();
    await again.booted.at(Desk, "o1").approve();
    await again.pause(5_000);
    const { outcome, entries } = await again.booted.sagas.show("orders", "o1");
    assert.deepEqual(outcome, { kind: "reply", reply: { left: 6, by: "the desk" } });
    assert.equal(entries.filter(({ kind }) => kind === "Signalled").length, 1);
    assert.equal((await level(again)).available, 5);
    assert.equal(books.heard.length, 2);
  });
});

test("saga: its answer tells a session, in positions, of what its steps wrote, also late and after a restart", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 1);
    const tokenOf = async ({ booted }: VirtualSystem): Promise<string> => {
      const session = booted.session();
      await session.at(Checkout, "a").start(tea);
      return session.token;
    };
    const wrote = /(?:^|;)stock:[0-9a-f]{8}\.1:\d/; // not "*", which a reader would wait for long after it is there
    assert.match(await tokenOf(running), wrote, "the one that started it");
    assert.match(await tokenOf(running), wrote, "one that comes when it is over");
    assert.match(await tokenOf(await running.restart()), wrote, "one that comes after a restart");
  }));

test("saga: one that goes on after a restart tells a session also of what it wrote before", () =>
  virtually(checkoutSystem(), async (running) => {
    await deliver(running, 1);
    await failureOf(running.booted.at(Checkout, "a").start({ ...tea, rest: "1h" }, { within: "2s" }));
    const session = (await running.restart()).booted.session();
    await session.at(Checkout, "a").start({ ...tea, rest: "1h" }, { within: "2h" });
    assert.match(session.token, /(?:^|;)stock:[0-9a-f]{8}\.1:\d/);
  }));

test("saga: more than may run or be waited for are refused at once, and certainly not started", () =>
  virtually(checkoutSystem({ limits: { sagas: { runningMax: 2, waitingMax: 3 } } }), async (running) => {
    await deliver(running, 9);
    const asked = ["a", "b", "c", "d"].map((key) => running.booted.at(Checkout, key).start(tea));
    const results = await Promise.allSettled(asked);
    const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason as { code: string; outcome: string }] : []));
    assert.deepEqual(
      refused.map(({ code, outcome }) => [code, outcome]),
      [
        ["OVERLOADED", "not-delivered"],
        ["OVERLOADED", "not-delivered"],
      ],
    );
    assert.equal((await level(running)).available, 7);
  }));

test("saga: a stopping system answers who waits, leaves the others where they are, and they go on with the next start", () => {
  const books = new BankBooks();
  return virtually(checkoutSystem({ books }), async (running) => {
    await deliver(running, 9);
    const waiting = running.booted.at(Checkout, "a").start(tea);
    books.mood = (_, key) => (key === "b" ? "fails before" : "works");
    await failureOf(running.booted.at(Checkout, "b").start(tea, { within: "100ms" }));
    await running.booted.stop(5_000);
    assert.deepEqual(await waiting, { rejected: undefined, reply: { left: 8 } });
    books.mood = () => "works";
    const again = await running.restart();
    await again.pause(1_000);
    assert.deepEqual(await again.booted.at(Checkout, "b").start(tea), { rejected: undefined, reply: { left: 7 } });
    assert.deepEqual(
      [...books.charged].toSorted(([a], [b]) => a.localeCompare(b)),
      [
        ["a", 500],
        ["b", 500],
      ],
    );
  });
});
