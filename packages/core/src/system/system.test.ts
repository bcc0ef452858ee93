// Composition: routing, access, nested identity and deadlines, configuration, start and stop; in a virtual world.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, handlers, service, system, unavailable, type Failure } from "@atoll/core";
import { failureOf, virtually } from "../../test/virtual-system.ts";

const Box = contract("box", {
  version: 1,
  key: z.string(),
  commands: { put: { in: z.object({ n: z.int() }), out: z.object({ sum: z.int() }) }, secret: {} },
  queries: { sum: { out: z.object({ sum: z.int(), callers: z.array(z.string()) }) } },
  access: { put: ["desk"], sum: "any" },
});
const box = entity(Box, {
  state: z.object({ sum: z.int(), callers: z.array(z.string()) }),
  initial: { sum: 0, callers: [] },
  events: { Put: z.object({ n: z.int() }) },
  decide: { put: (_, c, turn) => turn.emit("Put", c).reply((after) => ({ sum: after.sum })), secret: (_, __, turn) => turn.reply() },
  evolve: { Put: (s, e, at) => ({ sum: s.sum + e.n, callers: [...s.callers, at.caller] }) },
  queries: { sum: (s) => ({ sum: s.sum, callers: [...s.callers] }) },
});

const Desk = contract("desk", {
  version: 1,
  access: {
    both: "any",
    pry: "any",
    hang: "any",
    half: "any",
    flaky: "any",
    outside: "any",
    setting: "any",
    deep: "any",
    ask: "any",
    look: "any",
  },
  commands: {
    both: { in: z.object({ a: z.string(), b: z.string(), n: z.int() }), out: z.object({ sums: z.array(z.int()) }) },
    pry: {},
    hang: {},
    half: { in: z.object({ key: z.string() }) },
    flaky: { in: z.object({ key: z.string() }), out: z.object({ sum: z.int() }) },
    outside: { out: z.object({ status: z.int() }) },
    ask: {},
  },
  queries: { setting: { out: z.object({ limit: z.number() }) }, deep: { out: z.object({ leftMs: z.number() }) }, look: {} },
});
const Nobodys = contract("nobodys", { version: 1, queries: { any: {} }, access: { any: "any" } });
let flakes = 0;
const desk = handlers(Desk, {
  config: { LIMIT: z.coerce.number<string>().default(3) },
  handle: {
    both: async ({ a, b, n }, cx) => {
      const replies = await Promise.all([cx.at(Box, a).put({ n }), cx.at(Box, b).put({ n })]);
      return { sums: replies.map(({ sum }) => sum) };
    },
    pry: (_, cx) => cx.at(Box, "x").secret(),
    hang: (_, cx) => new Promise((_resolve, reject) => cx.signal.addEventListener("abort", () => reject(new Error("aborted")))),
    half: async ({ key }, cx) => {
      await cx.at(Box, key).put({ n: 1 });
      throw new Error("broke after the first step");
    },
    flaky: async ({ key }, cx) => {
      const reply = await cx.at(Box, key).put({ n: 1 });
      flakes += 1;
      if (flakes === 1) throw unavailable("the second step gave no answer");
      return reply;
    },
    outside: async (_, cx) => ({ status: (await cx.fetch("http://bank.example/")).status }),
    ask: async (_, cx) => {
      await cx.fetch("http://bank.example/");
      await cx.at(Nobodys).any();
    },
    look: async (_, cx) => {
      await cx.fetch("http://bank.example/");
      await cx.at(Nobodys).any();
    },
    setting: async (_, cx) => ({ limit: cx.config.LIMIT }),
    deep: async (_, cx) => {
      const failure = await failureOf(cx.at(Desk).hang({ within: "1h" }));
      return { leftMs: failure.code === "DEADLINE" ? 0 : Number.NaN };
    },
  },
});
const office = system("office", { services: [service("boxes", [box]), service("desk", [desk])] });

test("system: handlers reach entities of another service that lists theirs under access, and are named as the caller", () =>
  virtually(office, async ({ booted }) => {
    assert.deepEqual(await booted.at(Desk).both({ a: "x", b: "y", n: 2 }), { sums: [2, 2] });
    assert.deepEqual(await booted.at(Box, "x").sum(), { sum: 2, callers: ["desk"] });
  }));

test("system: a session has seen the records that its answers rest on, also those of nested calls and of what it only read", () =>
  virtually(office, async ({ booted, disk }) => {
    const { logId = "" } = disk.image("boxes")?.meta ?? {};
    const session = booted.session();
    assert.equal(session.token, "");
    await session.at(Desk).both({ a: "x", b: "y", n: 2 });
    const seen = /^boxes:([0-9a-f]{8})\.1:(\d+)=1,(\d+)=1$/.exec(session.token);
    assert.equal(seen?.[1], logId.slice(0, 8), session.token);
    await booted.at(Desk).both({ a: "x", b: "x", n: 1 });
    const before = session.token;
    await session.at(Box, "x").sum();
    assert.notEqual(session.token, before, "it has read what another wrote");
    assert.match(session.token, /=3/);
    const reader = booted.session(session.token);
    assert.equal(reader.token, session.token);
    assert.throws(() => booted.session("no token"), { code: "INVALID_INPUT" });
  }));

test("system: what access does not list is refused at the receiver, typed and counted", () =>
  virtually(office, async ({ booted, process }) => {
    const failure = await failureOf(booted.at(Desk).pry());
    assert.equal(failure.code, "ACCESS_DENIED");
    assert.match(failure.message, /box\.secret.*service "desk" is not listed/);
    assert.match(process.metrics.render(), /atoll_access_denied_total 1/);
  }));

test("system: a handlers command repeated under its id repeats the ids of what it asks, so that each part is applied once", () =>
  virtually(office, async ({ booted }) => {
    flakes = 0;
    const first = await failureOf(booted.at(Desk).flaky({ key: "k" }, { commandId: "same" }));
    assert.deepEqual([first.code, first.outcome], ["UNKNOWN_OUTCOME", "unknown"]);
    assert.deepEqual(await booted.at(Desk).flaky({ key: "k" }, { commandId: "same" }), { sum: 1 });
    assert.equal((await booted.at(Box, "k").sum()).sum, 1);
  }));

test("system: a handler that throws after it has acted leaves the outcome unknown, one that has not is a defect", () =>
  virtually(office, async ({ booted }) => {
    const acted = await failureOf(booted.at(Desk).half({ key: "h" }));
    assert.deepEqual([acted.code, acted.outcome], ["HANDLER_FAILED", "unknown"]);
  }));

test("system: an answer that comes after its message was settled is dropped and counted", () =>
  virtually(office, async ({ booted, process, pause }) => {
    assert.match(process.metrics.render(), /# TYPE atoll_answers_late_total counter\natoll_answers_late_total 0/);
    await failureOf(booted.at(Desk).hang({ within: "2s" }));
    await pause(1);
    assert.match(process.metrics.render(), /atoll_answers_late_total 1/);
  }));

test("system: a deadline travels with nested calls, a hanging handler is answered DEADLINE and its signal aborted", () =>
  virtually(office, async ({ booted, world }) => {
    const startedMs = world.timeMs;
    const failure = await failureOf(booted.at(Desk).hang({ within: "2s" }));
    assert.deepEqual([failure.code, failure.outcome], ["DEADLINE", "unknown"]);
    assert.ok(world.timeMs - startedMs < 2_100);
    const deep = await failureOf(booted.at(Desk).deep({ within: "3s" }));
    assert.equal(deep.code, "DEADLINE");
  }));

test("system: without a network a fetch fails typed; a simulated one answers", () =>
  virtually(office, async ({ booted }) => assert.deepEqual(await booted.at(Desk).outside(), { status: 418 }), {
    fetch: async () => new Response("", { status: 418 }),
  }));

test("system: what a command has fetched may have had an effect, whatever fails after it; what a query has fetched it has read", () =>
  virtually(
    office,
    async ({ booted }) => {
      const [asked, looked] = [await failureOf(booted.at(Desk).ask()), await failureOf(booted.at(Desk).look())];
      assert.deepEqual([asked.code, looked.code], ["UNKNOWN_OUTCOME", "UNAVAILABLE"]);
    },
    { fetch: async () => new Response("") },
  ));

test("system: an aborted signal cancels the call, and leaves no listener behind after an answer", () =>
  virtually(office, async ({ booted }) => {
    const stop = new AbortController();
    const asked = failureOf(booted.at(Desk).hang({ signal: stop.signal }));
    stop.abort();
    assert.equal((await asked).code, "CANCELLED");
    assert.equal((await failureOf(booted.at(Desk).hang({ signal: stop.signal }))).code, "UNAVAILABLE");
  }));

test("system: configuration is read once and validated before anything starts; all that is wrong is named", async () => {
  await virtually(office, async ({ booted }) => assert.deepEqual(await booted.at(Desk).setting(), { limit: 5 }), {
    config: { LIMIT: "5" },
  });
  await assert.rejects(
    virtually(office, async () => {}, { config: { LIMIT: "many" } }),
    (error: Failure) => error.code === "INVALID_CONFIG" && /LIMIT/.test(error.message),
  );
});

test("system: an unknown contract, another version of one, and an unknown key form are told apart from each other", () =>
  virtually(office, async ({ booted }) => {
    const Other = contract("other", { version: 1, queries: { q: {} } });
    const Box2 = contract("box", { version: 2, key: z.string(), queries: { sum: {} } });
    assert.match((await failureOf(booted.at(Other).q())).message, /no service of this system implements contract "other"/);
    assert.match((await failureOf(booted.at(Box2, "a").sum())).message, /version 1 of contract "box", not 2/);
    assert.equal((await failureOf(booted.at(Box, "").sum())).code, "INVALID_INPUT");
    assert.equal((await failureOf(booted.at(Box, "x".repeat(600)).sum())).code, "INVALID_INPUT");
  }));

test("system: stop answers what was accepted, refuses what comes later, and stores the index", () =>
  virtually(office, async (running) => {
    const { booted, disk } = running;
    const accepted = booted.at(Desk).both({ a: "x", b: "y", n: 1 });
    const stopped = running.inside(() => booted.stop(10_000));
    assert.deepEqual(await accepted, { sums: [1, 1] });
    await stopped;
    assert.equal((await failureOf(booted.at(Desk).both({ a: "x", b: "y", n: 1 }))).code, "UNAVAILABLE");
    assert.equal(disk.image("boxes")?.entities.length, 2);
  }));

test("system: a seed runs at every start before anybody is let in, speaking as its service", () => {
  const seeded = system("seeded", {
    services: [service("boxes", [box], { seed: async (at) => void (await at(Box, "s").put({ n: 7 }, { commandId: "seed" })) })],
  });
  return virtually(seeded, async (running) => {
    const again = await running.restart();
    assert.deepEqual(await again.booted.at(Box, "s").sum(), { sum: 7, callers: ["boxes"] });
  });
});

function refused(what: () => unknown, pattern: RegExp): void {
  assert.throws(what, (error: Failure) => error.code === "INVALID_DEFINITION" && pattern.test(error.message));
}

test("system: wrong definitions are refused with the culprit's name", () => {
  refused(() => service("Bad Name", [box]), /service "Bad Name"/);
  refused(() => service("gateway", [box]), /platform's own/);
  refused(() => service("empty", []), /at least one contract/);
  refused(() => service("wrong", [{} as never]), /part 0 is not an implementation/);
  refused(() => system("s", { services: [service("a", [box]), service("a", [desk])] }), /two services are named "a"/);
  refused(() => system("s", { services: [service("a", [box]), service("b", [box])] }), /contract "box" is implemented twice/);
});

test("system: with every service's handlers busy, more are queued up to the bound and then refused as OVERLOADED", () => {
  const tight = system("tight", { services: [service("desk", [desk], { limits: { handlers: { concurrency: 2, mailboxCapacity: 3 } } })] });
  return virtually(tight, async ({ booted }) => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => booted.at(Desk).hang({ within: "1s" })));
    const codes = results.map((result) => (result.status === "rejected" ? (result.reason as Failure).code : "ok")).sort();
    assert.deepEqual(codes, ["DEADLINE", "DEADLINE", "DEADLINE", "DEADLINE", "DEADLINE", "OVERLOADED", "OVERLOADED", "OVERLOADED"]);
  });
});
