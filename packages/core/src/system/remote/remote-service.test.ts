// What a caller does with messages for keys while partitions move, links are lost and nodes stop (L1 to L3, R1 to R5): a node of the
// system asks, and the nodes that it asks say what the test lets them say.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, handlers, service, system } from "@atoll/core";
import type { Booted } from "@atoll/core/system";
import { inRing, type VirtualRing } from "../../../test/virtual-ring.ts";
import { failureOf } from "../../../test/virtual-system.ts";
import { partitionOf } from "../../base/hash.ts";
import { Stand, type Taken } from "./stand-under-test.ts";
import { againRest, logRest, movedRest, replyRest, response } from "./wire.ts";

const Shelf = contract("shelf", {
  version: 1,
  key: z.string(),
  commands: { put: { in: z.object({ n: z.int() }) } },
  queries: { count: { out: z.object({ n: z.int() }) } },
  access: { put: "any", count: "any" },
});
const shelf = entity(Shelf, {
  state: z.object({}),
  initial: {},
  events: { Put: z.object({ n: z.int() }) },
  decide: { put: (_, { n }, turn) => turn.emit("Put", { n }) },
  evolve: { Put: (s) => s },
  queries: { count: () => ({ n: 0 }) },
});
const Desk = contract("desk", { version: 1, commands: { nothing: {} }, access: { nothing: "any" } });
const shopSystem = system("shop", {
  services: [service("shelves", [shelf]), service("desk", [handlers(Desk, { handle: { nothing: () => undefined } })])],
});

const partitions = 4;
const keyIn = (partition: number): string => {
  for (let n = 0; ; n++) if (partitionOf("shelf", `k${n}`, partitions) === partition) return `k${n}`;
};
const key = keyIn(0);

class Shelves extends Stand {
  get ns(): readonly number[] {
    return this.taken.map(({ ask }) => (ask.input as { readonly n: number }).n);
  }

  get epochs(): readonly number[] {
    return this.taken.map(({ ask }) => ask.epoch);
  }

  get ids(): readonly string[] {
    return this.taken.map(({ ask }) => ask.id);
  }
}

const replied = replyRest(false, "", undefined);

class Shop {
  readonly ring: VirtualRing;
  readonly a = new Shelves();
  readonly b = new Shelves();
  desk!: Booted;

  constructor(ring: VirtualRing) {
    this.ring = ring;
  }

  async open(): Promise<void> {
    this.a.incarnation = await this.ring.stand("shelves", 1, this.a.accept);
    this.b.incarnation = await this.ring.stand("shelves", 2, this.b.accept);
    this.desk = await this.ring.up("desk");
    await this.plan(this.a, 1);
  }

  /** Partition 0 is the stand's under that epoch, the others are a's. */
  async plan(owner: Shelves | undefined, epoch: number, leaving = false): Promise<void> {
    const host = this.a.incarnation;
    const others = Array.from({ length: partitions - 1 }, () => ({ owner: host, epoch: 1, leaving: false }));
    this.ring.plan("shelves", { host, partitions: [{ owner: owner?.incarnation, epoch, leaving }, ...others] });
    await this.ring.pause(100);
  }

  /** In this order; resolves when they have had the time to get where they go. */
  async put(ns: readonly number[], to = key, within: `${number}ms` = "60000ms"): Promise<{ readonly all: Promise<readonly unknown[]> }> {
    const all = this.ring.inside(() => Promise.all(ns.map((n) => failureOr(this.desk.at(Shelf, to).put({ n }, { within })))));
    await this.ring.pause(100);
    return { all };
  }
}

/** The code of the failure, or "done". */
const failureOr = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    (error: unknown) => (error as { readonly code: string }).code,
  );

const inShop = (scenario: (shop: Shop) => Promise<void>): Promise<void> =>
  inRing(shopSystem, async (ring) => {
    const opened = new Shop(ring);
    await opened.open();
    await scenario(opened);
  });

test("remote L1, L2: nothing goes to a new owner before the old one is done with all it was sent; then all of it goes, in its order, under its identity", () =>
  inShop(async (shop) => {
    const { a, b } = shop;
    const first = await shop.put([1, 2, 3, 4]);
    assert.deepEqual(
      [a.ns, a.epochs],
      [
        [1, 2, 3, 4],
        [1, 1, 1, 1],
      ],
    );
    await shop.plan(b, 2);
    const later = await shop.put([5]);
    const [one, ...rest] = a.taken.splice(0) as [Taken, ...Taken[]];
    one.link.send(response(one.n, replied));
    for (const { n, link } of rest.toReversed().slice(0, 2)) link.send(response(n, movedRest(2, false)));
    await shop.ring.pause(100);
    assert.deepEqual(b.ns, [], "2 is still on its way");
    const [two] = rest as [Taken];
    two.link.send(response(two.n, movedRest(2, false)));
    await shop.ring.pause(100);
    assert.deepEqual(
      [b.ns, b.epochs],
      [
        [2, 3, 4, 5],
        [2, 2, 2, 2],
      ],
    );
    assert.deepEqual(
      b.ids.slice(0, 3),
      rest.map(({ ask }) => ask.id),
    );
    b.say(replied);
    assert.deepEqual([await first.all, await later.all], [["done", "done", "done", "done"], ["done"]]);
  }));

test("remote L3: what a node has called moved leaves again only under a higher epoch, whatever old plans say, and also to the same node", () =>
  inShop(async (shop) => {
    const { a, b } = shop;
    await shop.plan(a, 3);
    const asked = await shop.put([1, 2]);
    a.say(movedRest(3, false));
    for (const [owner, epoch] of [
      [a, 3],
      [b, 2],
      [b, 3],
      [a, 1],
    ] as const)
      await shop.plan(owner, epoch);
    assert.deepEqual([a.ns, b.ns], [[], []]);
    await shop.plan(a, 4);
    assert.deepEqual(
      [a.ns, a.epochs],
      [
        [1, 2],
        [4, 4],
      ],
    );
    a.say(replied);
    assert.deepEqual(await asked.all, ["done", "done"]);
  }));

test("remote R1, R2: when a link is lost, or its node takes nothing more, what was on its way is sent again under its identity, before what came later", () =>
  inShop(async (shop) => {
    const { a } = shop;
    const asked = await shop.put([1, 2, 3]);
    const { ids } = a;
    a.taken.splice(0);
    await shop.ring.inside(async () => a.links[0]?.close("cut"));
    const later = await shop.put([4]);
    await shop.ring.pause(1_000);
    assert.deepEqual(
      [a.ns, a.epochs],
      [
        [1, 2, 3, 4],
        [1, 1, 1, 1],
      ],
    );
    assert.deepEqual(a.ids.slice(0, 3), ids);
    a.say(againRest("it is leaving"));
    await shop.ring.pause(1_000);
    assert.deepEqual(a.ns, [1, 2, 3, 4]);
    a.say(replied);
    assert.deepEqual([await asked.all, await later.all], [["done", "done", "done"], ["done"]]);
  }));

test("remote R1: what had begun at a node, or may have, and is never answered elsewhere does not end as not delivered", () =>
  inShop(async (shop) => {
    const { a } = shop;
    const failing = shop.ring.inside(() => failureOf(shop.desk.at(Shelf, key).put({ n: 1 })));
    await shop.ring.pause(100);
    a.say(movedRest(1, true));
    await shop.ring.pause(100);
    shop.ring.lose("shelves", "it is gone");
    const { code, outcome } = await failing;
    assert.deepEqual([code, outcome], ["UNKNOWN_OUTCOME", "unknown"]);
  }));

test("remote R1: a query that was taken, or may have been, ends as what ended it: it changes nothing, so that there is no outcome to be unknown", () =>
  inShop(async (shop) => {
    const { a } = shop;
    const count = (): ReturnType<typeof failureOf> => shop.ring.inside(() => failureOf(shop.desk.at(Shelf, key).count()));
    const strange = count();
    await shop.ring.pause(100);
    a.say('"failure","OUT_OF_STEP","a newer program says so",null,[]]');
    const other = count();
    await shop.ring.pause(100);
    a.say(logRest({ logId: "", timeline: 0 }, []));
    const lost = count();
    await shop.ring.pause(100);
    await shop.ring.inside(async () => a.link?.close("cut"));
    shop.ring.lose("shelves", "it is gone");
    const failures = await Promise.all([strange, other, lost]);
    assert.deepEqual(
      failures.map(({ code }) => code),
      ["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"],
    );
    assert.match(failures[0]?.message ?? "", /OUT_OF_STEP: a newer program says so/);
    assert.match(failures[1]?.message ?? "", /answered with "log"/);
    assert.match(failures[2]?.message ?? "", /it is gone/);
  }));

test("remote R3, R4: what waits for a partition that nobody owns, or whose owner is leaving, holds up no other one, and ends at its own deadline", () =>
  inShop(async (shop) => {
    const { a } = shop;
    for (const leaving of [false, true]) {
      await shop.plan(leaving ? a : undefined, 2, leaving);
      const waiting = await shop.put([1], key, "300ms");
      const other = await shop.put([2], keyIn(1));
      assert.deepEqual(a.ns, [2]);
      a.say(replied);
      assert.deepEqual([await waiting.all, await other.all], [["DEADLINE"], ["done"]]);
    }
    await shop.plan(a, 3);
    assert.deepEqual(a.ns, [], "nobody waits for it");
  }));

test("remote R3: ten thousand messages are held, one more is refused; those given up make room, and what is left leaves in its order", () =>
  inShop(async (shop) => {
    const { b } = shop;
    await shop.plan(undefined, 2);
    const given = await shop.put(
      Array.from({ length: 9_998 }, () => 0),
      key,
      "500ms",
    );
    const kept = await shop.put([1, 2]);
    const refused = await shop.put([3]);
    assert.deepEqual(await refused.all, ["OVERLOADED"]);
    assert((await given.all).every((code) => code === "DEADLINE"));
    const last = await shop.put([4]);
    await shop.plan(b, 2);
    assert.deepEqual(b.ns, [1, 2, 4]);
    b.say(replied);
    assert.deepEqual([await kept.all, await last.all], [["done", "done"], ["done"]]);
  }));

test("remote R5: nothing is awaited of a node that nobody names while its partition has a higher epoch: it is given up there and sent on, in order", () =>
  inShop(async (shop) => {
    const { a, b } = shop;
    const asked = await shop.put([1, 2, 3]);
    const elsewhere = await shop.put([9], keyIn(1));
    shop.ring.unname("shelves-1");
    await shop.ring.pause(100);
    assert.deepEqual(a.cancelled, [], "the same epoch: it may yet answer");
    await shop.plan(b, 2);
    assert.deepEqual(
      [b.ns, b.epochs],
      [
        [1, 2, 3],
        [2, 2, 2],
      ],
    );
    assert.deepEqual(b.ids, a.ids.slice(0, 3));
    assert.equal(a.cancelled.length, 3, "what is for another partition is still awaited");
    b.say(replied);
    a.say(replied);
    assert.deepEqual([await asked.all, await elsewhere.all], [["done", "done", "done"], ["done"]]);
  }));
