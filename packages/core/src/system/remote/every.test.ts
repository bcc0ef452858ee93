// A call to every instance of a service without keys (E1 to E4), over links and in virtual time.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { type CallPolicy, contract, type EachAnswer, Failure, handlers, type Service, service, type System, system } from "@atoll/core";
import type { Booted } from "@atoll/core/system";
import { inRing, type VirtualRing } from "../../../test/virtual-ring.ts";
import { failureOf } from "../../../test/virtual-system.ts";
import { remoteLimits } from "./limits.ts";
import { Stand } from "./stand-under-test.ts";
import { againRest, failureRest, replyRest } from "./wire.ts";

const Cache = contract("cache", {
  version: 1,
  commands: {
    drop: { in: z.object({ key: z.string().transform((key) => `<${key}>`) }), out: z.object({ by: z.string(), id: z.string() }) },
    reload: { rejects: { Busy: z.object({ by: z.string() }) } },
  },
  queries: { size: { out: z.object({ by: z.string() }) }, all: { out: z.object({ of: z.array(z.string()) }) } },
  access: { drop: ["front"], reload: ["front"], size: "any", all: "any" },
});
const Front = contract("front", {
  version: 1,
  commands: { drop: { out: z.object({ ids: z.array(z.string()) }) } },
  access: { drop: "any" },
});

/** Of the caches, by name of the instance: what was dropped, and with which command id. */
class Caches {
  readonly dropped = new Map<string, (readonly [key: string, id: string])[]>();
  ring!: VirtualRing;

  readonly system: System;

  constructor(policy?: CallPolicy) {
    this.system = system("shop", { services: this.#services(policy) });
  }

  #services(policy: CallPolicy | undefined): readonly Service[] {
    return [
      service("caches", [
        handlers(Cache, {
          config: { INSTANCE: z.string() },
          handle: {
            drop: ({ key }, cx) => {
              const by = cx.config.INSTANCE;
              this.dropped.set(by, [...(this.dropped.get(by) ?? []), [key, cx.commandId]]);
              return { by, id: cx.commandId };
            },
            reload: (_, cx) => (cx.config.INSTANCE === "caches-1" ? undefined : cx.reject("Busy", { by: cx.config.INSTANCE })),
            size: (_, cx) => ({ by: cx.config.INSTANCE }),
            all: async (_, cx) => ({
              of: (await cx.every(Cache).drop({ key: "own" })).map((entry) =>
                entry.failure ? entry.failure.code : `${entry.node} ${entry.answer.by}`,
              ),
            }),
          },
        }),
      ]),
      service(
        "front",
        [
          handlers(Front, {
            handle: {
              drop: async (_, cx) => {
                const each = [...(await cx.every(Cache).drop({ key: "x" })), ...(await cx.every(Cache).drop({ key: "y" }))];
                return { ids: each.map((entry) => (entry.failure ? entry.failure.code : entry.answer.id)) };
              },
            },
          }),
        ],
        policy ? { calls: [[Cache, policy]] } : {},
      ),
      service("stranger", [handlers(contract("nothing", { version: 1 }), { handle: {} })]),
    ];
  }
}

/** `node code`, or `node answer`, for each entry, by node. */
const said = <A>(each: readonly EachAnswer<A>[], of: (answer: A) => unknown = () => "answered"): readonly string[] =>
  each.map((entry) => `${entry.node} ${entry.failure ? entry.failure.code : String(of(entry.answer))}`).toSorted();

const within = (scenario: (caches: Caches, ring: VirtualRing, front: Booted) => Promise<void>, policy?: CallPolicy): Promise<void> => {
  const caches = new Caches(policy);
  return inRing(caches.system, async (ring) => {
    caches.ring = ring;
    await scenario(caches, ring, await ring.up("front"));
  });
};

test("every: there is one entry for each instance that is there when it is asked, by the name of its node; one that comes later has none (E1)", () =>
  within(async (_, ring, front) => {
    for (const number of [1, 2, 3]) await ring.up("caches", true, number);
    const asked = ring.inside(() => front.every(Cache).size());
    await ring.up("caches", true, 4);
    assert.deepEqual(
      said(await asked, ({ by }) => by),
      ["caches-1 caches-1", "caches-2 caches-2", "caches-3 caches-3"],
    );
    const again = await ring.inside(() => front.every(Cache).reload());
    assert.deepEqual(
      said(again, (answer) => answer.rejected ?? "reloaded"),
      ["caches-1 reloaded", "caches-2 Busy", "caches-3 Busy", "caches-4 Busy"],
    );
  }));

test("every: a service that asks its own instances gets an entry of the one that asks as well, and each takes the input once (E1)", () =>
  within(async (caches, ring) => {
    const own = await ring.up("caches", true, 1, () => undefined);
    for (const number of [2, 3]) await ring.up("caches", true, number, () => undefined);
    const { of } = await ring.inside(() => own.at(Cache).all());
    assert.deepEqual(of.toSorted(), ["caches-1 caches-1", "caches-2 caches-2", "caches-3 caches-3"]);
    const keys = ["caches-1", "caches-2", "caches-3"].map((name) => caches.dropped.get(name)?.map(([key]) => key));
    assert.deepEqual(keys, [["<own>"], ["<own>"], ["<own>"]]);
  }));

test("every: each instance has a command id of its own, the same when the command is repeated", () =>
  within(async (caches, ring, front) => {
    for (const number of [1, 2]) await ring.up("caches", true, number);
    const { ids } = await ring.inside(() => front.at(Front).drop({ commandId: "c1" }));
    assert.deepEqual(ids, ["c1/1/caches-1", "c1/1/caches-2", "c1/2/caches-1", "c1/2/caches-2"]);
    await ring.inside(() => front.at(Front).drop({ commandId: "c1" }));
    const [x, y, ...again] = caches.dropped.get("caches-2") ?? [];
    assert.deepEqual(again, [x, y]);
    const given = await ring.inside(() => front.every(Cache).drop({ key: "z" }, { commandId: "mine" }));
    assert.deepEqual(
      given.map((entry) => (entry.failure ? entry.failure.code : entry.answer.id)),
      ["mine/caches-1", "mine/caches-2"],
    );
    const long = await failureOf(ring.inside(() => front.every(Cache).drop({ key: "z" }, { commandId: "x".repeat(250) })));
    assert.equal(long.code, "INVALID_INPUT");
    assert.equal(caches.dropped.get("caches-1")?.length, 5, "nothing was sent");
  }));

test("every: one that does not answer is DEADLINE when the deadline is over, and the others have answered (E3)", () =>
  within(async (_, ring, front) => {
    await ring.up("caches", true, 1);
    const mute = new Stand();
    await ring.stand("caches", 2, mute.accept);
    const { clock } = ring.world.outside;
    const startMs = clock.monotonic();
    const each = await ring.inside(() => front.every(Cache).drop({ key: "x" }, { within: "300ms" }));
    assert.deepEqual(said(each), ["caches-1 answered", "caches-2 DEADLINE"]);
    const tookMs = clock.monotonic() - startMs;
    assert(tookMs >= 300 && tookMs <= 330, `after ${tookMs} ms`);
    assert.equal(mute.taken.length, 1);
  }));

test("every: one that takes nothing is asked again while it is named; when it is gone it is UNAVAILABLE, and who has its place is not asked (E2)", () =>
  within(async (_, ring, front) => {
    await ring.up("caches", true, 1);
    const [leaving, next] = [new Stand(), new Stand()];
    await ring.stand("caches", 2, leaving.accept);
    const asked = ring.inside(() => front.every(Cache).drop({ key: "x" }));
    await ring.pause(100);
    leaving.say(againRest("not now"));
    await ring.pause(1_000);
    assert.equal(leaving.taken.length, 1, "over another link");
    await ring.stand("caches", 2, next.accept);
    leaving.say(againRest("it stops"));
    const each = await asked;
    assert.deepEqual(said(each), ["caches-1 answered", "caches-2 UNAVAILABLE"]);
    assert.match(each[1]?.failure?.message ?? "", /no other is asked in its place/);
    assert.equal(each[1]?.failure?.outcome, "not-delivered");
    await ring.pause(1_000);
    assert.deepEqual([leaving.taken.length, next.taken.length], [0, 0]);
    const other = ring.inside(() => front.every(Cache).size());
    await ring.pause(100);
    next.say(replyRest(false, "", { by: "next" }));
    assert.deepEqual(
      said(await other, ({ by }) => by),
      ["caches-1 caches-1", "caches-2 next"],
    );
  }));

test("every: when a link is lost, nobody knows of a command; a query is sent again, to the same instance only (E2)", () =>
  within(async (_, ring, front) => {
    const [lost, other] = [new Stand(), new Stand()];
    await ring.stand("caches", 1, lost.accept);
    await ring.stand("caches", 2, other.accept);
    const command = ring.inside(() => front.every(Cache).drop({ key: "x" }));
    await ring.pause(100);
    other.say(replyRest(false, "", { by: "other", id: "" }));
    lost.link?.close("the cable is out");
    const each = await command;
    assert.deepEqual(said(each), ["caches-1 UNKNOWN_OUTCOME", "caches-2 answered"]);
    await ring.pause(2_000);
    lost.taken.splice(0);
    const query = ring.inside(() => front.every(Cache).size());
    await ring.pause(100);
    const first = lost.taken.splice(0);
    lost.link?.close("the cable is out");
    await ring.pause(2_000);
    assert.deepEqual([first.length, lost.taken.length, other.taken.length], [1, 1, 1]);
    lost.say(replyRest(false, "", { by: "same" }));
    other.say(replyRest(false, "", { by: "other" }));
    assert.deepEqual(
      said(await query, ({ by }) => by),
      ["caches-1 same", "caches-2 other"],
    );
  }));

test("every: a query whose link is lost and whose instance is gone by then is UNAVAILABLE: it has no outcome that could be unknown (E2)", () =>
  within(async (_, ring, front) => {
    const lost = new Stand();
    await ring.stand("caches", 1, lost.accept);
    const query = ring.inside(() => front.every(Cache).size());
    await ring.pause(100);
    assert.equal(lost.taken.length, 1);
    ring.unname("caches-1");
    lost.link?.close("the cable is out");
    const each = await query;
    assert.deepEqual(said(each), ["caches-1 UNAVAILABLE"]);
    assert.match(each[0]?.failure?.message ?? "", /no other is asked in its place/);
  }));

test("every: calls to one instance arrive in the order in which they were made, also what has waited for its link", () =>
  within(async (caches, ring, front) => {
    await ring.up("caches", true, 1);
    const keys = Array.from({ length: 50 }, (_, n) => `${n}`);
    await ring.inside(() => Promise.all(keys.map((key) => front.every(Cache).drop({ key }))));
    assert.deepEqual(
      caches.dropped.get("caches-1")?.map(([key]) => key),
      keys.map((key) => `<${key}>`),
    );
  }));

test("every: what concerns all fails the call: the input, no instance, a caller whom nobody allows it; one that refuses alone is an entry (E3)", () =>
  within(async (caches, ring, front) => {
    const none = await failureOf(ring.inside(() => front.every(Cache).size()));
    assert.deepEqual([none.code, none.outcome], ["UNAVAILABLE", "not-delivered"]);
    for (const number of [1, 2]) await ring.up("caches", true, number);
    const invalid = await failureOf(ring.inside(() => front.every(Cache).drop({ key: 1 as unknown as string })));
    assert.equal(invalid.code, "INVALID_INPUT");
    const stranger = await ring.up("stranger");
    const denied = await failureOf(ring.inside(() => stranger.every(Cache).drop({ key: "x" })));
    assert.equal(denied.code, "ACCESS_DENIED");
    assert.match(denied.message, /service "stranger" is not listed for it/);
    assert.equal(caches.dropped.size, 0);
    const strict = new Stand();
    await ring.stand("caches", 3, strict.accept);
    const asked = ring.inside(() => front.every(Cache).drop({ key: "x" }));
    await ring.pause(100);
    strict.say(failureRest(new Failure("ACCESS_DENIED", { what: "not with this release" })));
    assert.deepEqual(said(await asked), ["caches-1 answered", "caches-2 answered", "caches-3 ACCESS_DENIED"]);
  }));

test("every: a caller that gives up has what was answered, and CANCELLED for the rest", () =>
  within(async (_, ring, front) => {
    await ring.up("caches", true, 1);
    await ring.stand("caches", 2, new Stand().accept);
    const abort = new AbortController();
    const asked = ring.inside(() => front.every(Cache).size({ signal: abort.signal }));
    await ring.pause(100);
    abort.abort();
    assert.deepEqual(said(await asked), ["caches-1 answered", "caches-2 CANCELLED"]);
    const late = await failureOf(ring.inside(() => front.every(Cache).size({ signal: abort.signal })));
    assert.equal(late.code, "UNAVAILABLE");
  }));

test("every: what waits for its links is bounded together with all else that is held for the service; beyond that an entry is OVERLOADED (E4)", () =>
  within(async (_, ring, front) => {
    for (const number of [1, 2]) await ring.up("caches", true, number);
    const calls = await ring.inside(() =>
      Promise.all(Array.from({ length: remoteLimits.heldMax / 2 + 1 }, () => front.every(Cache).size())),
    );
    const last = calls.pop() ?? [];
    assert.deepEqual(said(last), ["caches-1 OVERLOADED", "caches-2 OVERLOADED"]);
    for (const each of calls) assert.deepEqual(said(each), ["caches-1 answered", "caches-2 answered"]);
  }));

test("every: for a breaker and a bulkhead it is one call, however many it asks: it is in trouble when none has done its work", () =>
  within(
    async (_, ring, front) => {
      const mute = new Stand();
      await ring.stand("caches", 1, mute.accept);
      await ring.up("caches", true, 2);
      const drop = (): Promise<readonly string[]> => ring.inside(async () => (await front.at(Front).drop({ commandId: "c" })).ids);
      assert.deepEqual(await drop(), ["DEADLINE", "c/1/caches-2", "DEADLINE", "c/2/caches-2"]);
      const [breaker] = front.breakers();
      assert.deepEqual([breaker?.state, breaker?.worked, breaker?.failed], ["closed", 2, 0]);
      ring.unname("caches-2");
      assert.deepEqual(await drop(), ["DEADLINE", "DEADLINE"]);
      assert.deepEqual([front.breakers()[0]?.state, front.breakers()[0]?.failed], ["open", 2]);
      assert.equal((await failureOf(drop())).code, "BREAKER_OPEN");
      assert.equal(mute.taken.length, 4);
    },
    { concurrency: 1, waiting: 0, within: "200ms", breaker: { failures: 1 } },
  ));
