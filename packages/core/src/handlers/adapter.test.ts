// Two versions of one contract, served at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { adapter, contract, entity, handlers, service, system } from "@atoll/core";
import { failureOf, virtually } from "../../test/virtual-system.ts";

const ShelfV1 = contract("shelf", {
  version: 1,
  key: z.string(),
  access: { take: ["desk"], left: "any" },
  commands: { take: { in: z.object({ order: z.string() }), rejects: { None: z.object({}) } } },
  queries: { left: { out: z.int() } },
});
const Shelf = contract("shelf", {
  version: 2,
  key: z.string(),
  access: { level: "any" },
  commands: {
    take: { in: z.object({ order: z.string(), count: z.int().positive() }), rejects: { TooFew: z.object({ left: z.int() }) } },
  },
  queries: { level: { out: z.object({ left: z.int(), orders: z.array(z.string()) }) } },
});
const shelf = entity(Shelf, {
  state: z.object({ left: z.int(), orders: z.array(z.string()) }),
  initial: { left: 3, orders: [] },
  events: { Taken: z.object({ order: z.string(), count: z.int() }) },
  decide: { take: (s, c, turn) => (c.count > s.left ? turn.reject("TooFew", { left: s.left }) : turn.emit("Taken", c)) },
  evolve: { Taken: (s, e) => ({ left: s.left - e.count, orders: [...s.orders, e.order] }) },
  queries: { level: (s) => s },
});
const shelfV1 = adapter(ShelfV1, Shelf, {
  take: async ({ order }, now, cx) => {
    const answer = await now.take({ order, count: 1 });
    return answer.rejected ? cx.reject("None", {}) : undefined;
  },
  left: async (_, now) => (await now.level()).left,
});
const Desk = contract("desk", { version: 1, access: { sell: "any" }, commands: { sell: { in: z.object({ order: z.string() }) } } });
const desk = handlers(Desk, {
  handle: {
    sell: async ({ order }, cx) => {
      await cx.at(ShelfV1, "tea").take({ order });
    },
  },
});
const shop = system("shop", { services: [service("shelves", [shelfV1, shelf]), service("desk", [desk])] });

test("adapter: callers of both versions reach the same entity, each in its own words", () =>
  virtually(shop, async ({ booted }) => {
    assert.equal((await booted.at(ShelfV1, "tea").take({ order: "a" })).rejected, undefined);
    assert.equal((await booted.at(Shelf, "tea").take({ order: "b", count: 2 })).rejected, undefined);
    assert.equal(await booted.at(ShelfV1, "tea").left(), 0);
    assert.deepEqual(await booted.at(Shelf, "tea").level(), { left: 0, orders: ["a", "b"] });
    assert.deepEqual(await booted.at(ShelfV1, "tea").take({ order: "c" }), { rejected: "None", details: {} });
    assert.deepEqual(await booted.at(Shelf, "tea").take({ order: "d", count: 1 }), { rejected: "TooFew", details: { left: 0 } });
  }));

test("adapter: a command repeated under its id is applied once", () =>
  virtually(shop, async ({ booted }) => {
    for (let i = 0; i < 3; i++) await booted.at(ShelfV1, "tea").take({ order: "a" }, { commandId: "once" });
    assert.deepEqual(await booted.at(Shelf, "tea").level(), { left: 2, orders: ["a"] });
  }));

test("adapter: the access of the old version holds for its callers, whatever the new one says", () =>
  virtually(shop, async ({ booted }) => {
    await booted.at(Desk).sell({ order: "a" });
    assert.equal(await booted.at(ShelfV1, "tea").left(), 2);
  }));

test("adapter: a version that nobody implements is refused with those that are", () =>
  virtually(shop, async ({ booted }) => {
    const Later = contract("shelf", { version: 3, key: z.string(), queries: { left: { out: z.int() } } });
    const failure = await failureOf(booted.at(Later, "tea").left());
    assert.equal(failure.code, "UNAVAILABLE");
    assert.match(failure.message, /implements version 2 and 1 of contract "shelf", not 3/);
  }));

test("adapter: what cannot be meant is refused when it is defined", () => {
  const refused = (define: () => unknown, says: RegExp): void => assert.throws(define, { code: "INVALID_DEFINITION", message: says });
  const Other = contract("other", { version: 1, key: z.string(), queries: { left: { out: z.int() } } });
  const Keyless = contract("shelf", { version: 3, queries: { left: { out: z.int() } } });
  const Again = contract("shelf", { version: 2, key: z.string(), queries: { left: { out: z.int() } } });
  const left = async (): Promise<number> => 1;
  refused(() => adapter(Other, Shelf, { left }), /not from "other" into "shelf"/);
  refused(() => adapter(Keyless, Shelf, { left }), /no address in common/);
  refused(() => adapter(Again, Shelf, { left }), /both contracts are version 2/);
  refused(() => adapter(ShelfV1, Shelf, { left } as never), /take/);
  refused(() => service("shelves", [shelfV1]), /leads to version 2, which the service does not implement/);
  refused(
    () => system("s", { services: [service("a", [shelf, shelfV1]), service("b", [shelf])] }),
    /implemented twice, in service "a" and in service "b"/,
  );
  refused(() => system("s", { services: [service("a", [shelf, shelfV1, shelfV1])] }), /implemented twice/);
});
