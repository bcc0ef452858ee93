// Services of one system on nodes of their own: what a caller sees is what it would see in one process, and it is told honestly
// what nobody can know.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, handlers, service, subscription, system } from "@atoll/core";
import { linkLimits } from "@atoll/core/transport";
import { inRing, type VirtualRing } from "../../../test/virtual-ring.ts";
import { failureOf } from "../../../test/virtual-system.ts";

const Account = contract("account", {
  version: 1,
  key: z.string().trim(),
  commands: {
    deposit: {
      in: z.object({ cents: z.string().transform(Number), note: z.string().default("none") }),
      out: z.object({ total: z.int().transform((cents) => `${cents} cents`) }),
      rejects: { TooMuch: z.object({ limit: z.int() }) },
    },
  },
  queries: { total: { out: z.object({ total: z.int(), notes: z.array(z.string()) }) } },
  topics: { deposited: z.object({ account: z.string(), cents: z.int() }) },
  access: { deposit: ["desk"], total: "any", deposited: ["audit"] },
});
const account = entity(Account, {
  state: z.object({ total: z.int(), notes: z.array(z.string()) }),
  initial: { total: 0, notes: [] },
  events: { Deposited: z.object({ cents: z.int(), note: z.string() }) },
  decide: {
    deposit: (_, c, turn) =>
      c.cents > 1_000 ? turn.reject("TooMuch", { limit: 1_000 }) : turn.emit("Deposited", c).reply((after) => ({ total: after.total })),
  },
  evolve: { Deposited: (s, e) => ({ total: s.total + e.cents, notes: [...s.notes, e.note] }) },
  queries: { total: (s) => s },
  publish: { deposited: { Deposited: (e, _, at) => ({ account: at.key, cents: e.cents }) } },
});

const Desk = contract("desk", {
  version: 1,
  commands: {
    take: { in: z.object({ to: z.string(), cents: z.string() }), out: z.object({ said: z.string() }) },
    hold: { out: z.object({ run: z.int() }) },
    print: { in: z.object({ chars: z.int() }), out: z.object({ text: z.string() }) },
  },
  queries: {
    runs: { out: z.object({ runs: z.int() }) },
    look: { in: z.object({ chars: z.int() }), out: z.object({ text: z.string() }) },
  },
  access: { take: "any", hold: "any", print: "any", runs: "any", look: "any" },
});
let runs = 0;
let release: (() => void) | undefined;
const desk = handlers(Desk, {
  handle: {
    take: async ({ to, cents }, cx) => {
      const answer = await cx.at(Account, to).deposit({ cents });
      return { said: answer.rejected === undefined ? answer.reply.total : `${answer.rejected} ${answer.details.limit}` };
    },
    hold: async () => {
      runs += 1;
      await new Promise<void>((resolve) => (release = resolve));
      return { run: runs };
    },
    print: ({ chars }) => ({ text: "x".repeat(chars) }),
    runs: () => ({ runs }),
    look: ({ chars }) => ({ text: "x".repeat(chars) }),
  },
});

const Audit = contract("audit", {
  version: 1,
  key: z.string(),
  commands: { note: { in: z.object({ cents: z.int() }) } },
  queries: { sum: { out: z.object({ sum: z.int(), count: z.int() }) } },
  access: { sum: "any" },
});
const audit = entity(Audit, {
  state: z.object({ sum: z.int(), count: z.int() }),
  initial: { sum: 0, count: 0 },
  events: { Noted: z.object({ cents: z.int() }) },
  decide: { note: (_, c, turn) => turn.emit("Noted", c) },
  evolve: { Noted: (s, e) => ({ sum: s.sum + e.cents, count: s.count + 1 }) },
  queries: { sum: (s) => s },
});

const bank = system("bank", {
  services: [
    service("accounts", [account]),
    service("desk", [desk]),
    service("audit", [audit, subscription("deposits", Account.deposited, (m, tell) => tell(Audit, m.account).note({ cents: m.cents }))]),
  ],
});

const take = (ring: VirtualRing, from: Awaited<ReturnType<VirtualRing["up"]>>, to: string, cents: string): Promise<string> =>
  ring.inside(async () => (await from.at(Desk).take({ to, cents })).said);

test("ring: a call passes from node to node and back: inputs, replies and rejections are taken once, by each end's own schema", () =>
  inRing(bank, async (ring) => {
    await ring.up("accounts");
    const d = await ring.up("desk");
    assert.equal(await take(ring, d, " a ", "700"), "700 cents");
    assert.equal(await take(ring, d, "a", "300"), "1000 cents");
    assert.equal(await take(ring, d, "a", "1001"), "TooMuch 1000");
    const { total, notes } = await ring.inside(() => d.at(Account, "a").total());
    assert.deepEqual({ total, notes }, { total: 1_000, notes: ["none", "none"] });
  }));

test("ring: who calls is who the link says, and the receiver refuses what access does not allow", () =>
  inRing(bank, async (ring) => {
    await ring.up("accounts");
    const a = await ring.up("audit");
    const failure = await failureOf(ring.inside(() => a.at(Account, "a").deposit({ cents: "1" })));
    assert.equal(failure.code, "ACCESS_DENIED");
    assert.match(failure.message, /service "audit" is not listed for it/);
    const invalid = await failureOf(ring.inside(() => a.at(Account, "a").deposit({ cents: 1 as unknown as string })));
    assert.equal(invalid.code, "INVALID_INPUT");
  }));

test("ring: what is asked of a service that is not up waits for it, within its deadline, and reaches it in the order in which it was asked", () =>
  inRing(bank, async (ring) => {
    const d = await ring.up("desk");
    const early = ["1", "2", "3"].map((cents) => take(ring, d, "a", cents));
    await ring.pause(500);
    await ring.up("accounts");
    assert.deepEqual(await Promise.all(early), ["1 cents", "3 cents", "6 cents"]);
    ring.forget("accounts");
    const other = await ring.up("audit");
    await ring.pause(1);
    const late = await failureOf(ring.inside(() => other.at(Account, "b").total({ within: "200ms" })));
    assert.equal(late.code, "DEADLINE");
  }));

test("ring: a service that is lost for good is said to be, and what waits for it is not delivered", () =>
  inRing(bank, async (ring) => {
    const d = await ring.up("desk");
    const waiting = failureOf(ring.inside(() => d.at(Account, "a").total()));
    await ring.pause(10);
    ring.lose("accounts", "it has crashed 10 times within a minute");
    for (const failure of [await waiting, await failureOf(ring.inside(() => d.at(Account, "a").total()))]) {
      assert.equal(failure.code, "UNAVAILABLE");
      assert.match(failure.message, /crashed 10 times/);
    }
  }));

test("ring: a node that stops answers what it took; the rest goes to the next one, and no caller notices", () =>
  inRing(bank, async (ring) => {
    const first = await ring.up("accounts");
    const d = await ring.up("desk");
    await take(ring, d, "a", "1");
    const answers: Promise<string>[] = [];
    for (let i = 0; i < 50; i++) answers.push(take(ring, d, "a", "1"));
    const stopping = ring.inside(() => first.stop(1_000));
    for (let i = 0; i < 50; i++) answers.push(take(ring, d, "a", "1"));
    await stopping;
    await ring.up("accounts");
    const totals = (await Promise.all(answers)).map((text) => Number.parseInt(text, 10));
    assert.deepEqual(
      totals.toSorted((x, y) => x - y),
      Array.from({ length: 100 }, (_, i) => i + 2),
    );
  }));

test("ring: when a link is lost, a query is asked again, and of a command of handlers nobody knows the outcome", () =>
  inRing(bank, async (ring) => {
    runs = 0;
    const d = await ring.up("desk");
    const a = await ring.up("audit");
    const held = failureOf(ring.inside(() => a.at(Desk).hold()));
    await ring.pause(10);
    assert.equal(runs, 1);
    await ring.inside(() => d.stop(1));
    const failure = await held;
    assert.equal(failure.code, "UNKNOWN_OUTCOME");
    const asked = ring.inside(() => a.at(Desk).runs());
    await ring.up("desk");
    assert.equal((await asked).runs, 1);
    release?.();
  }));

test("ring: of a command whose answer is too large for a link nobody knows the outcome; a query's is said to be too large", () =>
  inRing(bank, async (ring) => {
    await ring.up("desk");
    const a = await ring.up("audit");
    const tooMany = { chars: linkLimits.messageCharsMax };
    const printed = await failureOf(ring.inside(() => a.at(Desk).print(tooMany)));
    const looked = await failureOf(ring.inside(() => a.at(Desk).look(tooMany)));
    assert.deepEqual([printed.code, looked.code], ["UNKNOWN_OUTCOME", "MESSAGE_TOO_LARGE"]);
    assert.equal((await ring.inside(() => a.at(Desk).look({ chars: 1_000 }))).text.length, 1_000);
  }));

test("ring: a subscription reads a topic of another node, whichever comes up first, and each message takes effect once", () =>
  inRing(bank, async (ring) => {
    let a = await ring.up("audit");
    const first = await ring.up("accounts");
    const d = await ring.up("desk");
    for (const cents of ["1", "2", "3"]) await take(ring, d, "a", cents);
    const sum = async (): Promise<object> => ({ ...(await ring.inside(() => a.at(Audit, "a").sum())) });
    await ring.pause(50);
    assert.deepEqual(await sum(), { sum: 6, count: 3 });
    await ring.inside(() => first.stop(1_000));
    await ring.up("accounts");
    await take(ring, d, "a", "4");
    await ring.pause(1_000);
    assert.deepEqual(await sum(), { sum: 10, count: 4 });
    await ring.inside(() => a.stop(1_000));
    await take(ring, d, "a", "5");
    a = await ring.up("audit");
    await ring.pause(1_000);
    assert.deepEqual(await sum(), { sum: 15, count: 5 });
  }));
