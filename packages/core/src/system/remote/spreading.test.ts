// Which instance of a stateless service takes a call, as its caller decides (B1 to B3, W1 to W3), over links and in virtual time.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, handlers, service, system, type System } from "@atoll/core";
import type { Booted } from "@atoll/core/system";
import { inRing, type VirtualRing } from "../../../test/virtual-ring.ts";

const Quote = contract("quote", { version: 1, queries: { price: {} }, access: { price: "any" } });
const Front = contract("front", {
  version: 1,
  queries: { price: { in: z.object({ customer: z.string().optional() }) } },
  access: { price: "any" },
});

/** By name of an instance. */
class Market {
  /** How long it takes now; "refuses": it fails at once. */
  readonly takes = new Map<string, number | "refuses">();
  readonly taken = new Map<string, number>();
  readonly last = new Map<string, string>();
  ring!: VirtualRing;

  system(how: Parameters<typeof service>[2] = {}): System {
    const quote = handlers(Quote, {
      config: { INSTANCE: z.string() },
      handle: {
        price: async (_, cx) => {
          const { INSTANCE } = cx.config;
          this.taken.set(INSTANCE, (this.taken.get(INSTANCE) ?? 0) + 1);
          const takes = this.takes.get(INSTANCE) ?? 2;
          if (takes === "refuses") throw new RangeError("broken");
          await this.ring.pause(takes);
        },
      },
    });
    const front = handlers(Front, {
      handle: { price: async ({ customer }, cx) => cx.at(Quote).price(customer === undefined ? {} : { sticky: customer }) },
    });
    return system("market", { services: [service("quotes", [quote]), service("front", [front], how)] });
  }

  /** `count` calls, `each` at a time; how many of them each instance took. */
  async ask(from: Booted, count: number, each: number, customer?: string): Promise<readonly number[]> {
    this.taken.clear();
    const asking = async (): Promise<void> => {
      for (let n = 0; n < count / each; n++)
        await this.ring.inside(() =>
          from
            .at(Front)
            .price({ customer }, { within: "5s" })
            .catch(() => undefined),
        );
    };
    await Promise.all(Array.from({ length: each }, asking));
    return ["quotes-1", "quotes-2", "quotes-3"].map((name) => this.taken.get(name) ?? 0);
  }
}

const withMarket = (scenario: (market: Market, front: Booted) => Promise<void>, how?: Parameters<typeof service>[2]): Promise<void> => {
  const market = new Market();
  return inRing(market.system(how), async (ring) => {
    market.ring = ring;
    for (let n = 1; n <= 3; n++) await ring.up("quotes", true, n);
    const front = await ring.up("front");
    await market.ask(front, 30, 3);
    await scenario(market, front);
  });
};
const sum = (of: readonly number[]): number => of.reduce((all, one) => all + one, 0);

test("spreading: instances that are alike share the load; one that becomes slow loses it by itself, and has it again when it has recovered (B1)", () =>
  withMarket(async (market, front) => {
    const alike = await market.ask(front, 600, 6);
    for (const taken of alike) assert(taken > 100, `each has a good part of 600: ${alike.join(", ")}`);
    market.takes.set("quotes-2", 200);
    const slow = await market.ask(front, 600, 6);
    assert(sum(slow) === 600 && (slow[1] as number) < 30, `the slow one has hardly any: ${slow.join(", ")}`);
    market.takes.delete("quotes-2");
    for (let probes = 0; probes < 4; probes++) {
      await market.ring.pause(1_000);
      await market.ask(front, 30, 6);
    }
    const again = await market.ask(front, 600, 6);
    assert((again[1] as number) > 100, `it has its part again: ${again.join(", ")}`);
  }));

test("spreading: one that fails at once does not attract load by being quick (W2)", () =>
  withMarket(async (market, front) => {
    for (const name of ["quotes-1", "quotes-2", "quotes-3"]) market.takes.set(name, 20);
    await market.ask(front, 60, 6);
    market.takes.set("quotes-1", "refuses");
    const shared = await market.ask(front, 300, 1); // one at a time: only latency tells them apart
    assert(sum(shared) === 300 && (shared[0] as number) < 150, `it has no more than without a choice: ${shared.join(", ")}`);
  }));

test("spreading: round-robin asks all in turn, also one that is slow (B2)", () =>
  withMarket(
    async (market, front) => {
      market.takes.set("quotes-2", 20);
      assert.deepEqual(await market.ask(front, 30, 1), [10, 10, 10]);
    },
    { calls: [[Quote, { balance: "round-robin" }]] },
  ));

test("spreading: a sticky key stays with its instance; when that is gone it goes to another, and comes back (B3)", () =>
  withMarket(async (market, front) => {
    const homes = new Map<string, number>();
    for (const customer of ["a", "b", "c", "d", "e", "f", "g", "h"]) {
      const taken = await market.ask(front, 10, 2, customer);
      assert.deepEqual(
        taken.filter((count) => count > 0),
        [10],
        customer,
      );
      homes.set(customer, taken.indexOf(10));
    }
    assert(new Set(homes.values()).size > 1, "keys are spread");
    const [[customer, home]] = [...homes] as [[string, number]];
    market.ring.unname(`quotes-${home + 1}`);
    await market.ring.pause(1);
    const moved = await market.ask(front, 10, 2, customer);
    assert.equal(moved[home], 0);
    assert.deepEqual(
      moved.filter((count) => count > 0),
      [10],
    );
    market.ring.name(`quotes-${home + 1}`);
    await market.ring.pause(1);
    assert.equal((await market.ask(front, 10, 2, customer))[home], 10);
  }));
