// A service that calls a flaky dependency, under every schedule and fault of the seeds: breaker, bulkhead and retries are part
// of what is simulated, and none of them may apply a command twice, lose an acknowledged one, or stay open once all is well.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, Failure, handlers, service, system, unavailable } from "@atoll/core";
import { environment } from "@atoll/core/runtime/node";
import { simulate, type Fault } from "../index.ts";

const Payment = contract("payment", {
  version: 1,
  key: z.string(),
  access: { book: ["bank"], booked: "any" },
  commands: { book: {} },
  queries: { booked: { out: z.object({ times: z.int() }) } },
});
const payment = entity(Payment, {
  state: z.object({ times: z.int() }),
  initial: { times: 0 },
  events: { Booked: z.object({}) },
  decide: { book: (_, __, turn) => turn.emit("Booked", {}) },
  evolve: { Booked: (s) => ({ times: s.times + 1 }) },
  queries: { booked: (s) => s },
});

/** What the seeds came across together; nothing that runs looks at it. */
const reached = { down: 0, lost: 0, again: 0, open: 0, full: 0 };
const seenIds = new Set<string>();

const Bank = contract("bank", { version: 1, access: { charge: ["shop"] }, commands: { charge: { in: z.object({ order: z.string() }) } } });
/** Down for 4 of every 10 seconds, when it hangs or says so; otherwise it loses one answer in five, after it has booked. */
const bank = handlers(Bank, {
  handle: {
    charge: async ({ order }, cx) => {
      if (seenIds.has(cx.commandId)) reached.again += 1;
      seenIds.add(cx.commandId);
      if (cx.now % 10_000 < 4_000) {
        reached.down += 1;
        if (cx.random() < 0.5)
          await new Promise((_, reject) => cx.signal.addEventListener("abort", () => reject(unavailable("no answer"))));
        throw unavailable("the bank is down");
      }
      await cx.at(Payment, order).book();
      if (cx.random() >= 0.2) return;
      reached.lost += 1;
      throw unavailable("the answer was lost");
    },
  },
});

const Shop = contract("shop", { version: 1, access: { buy: "any" }, commands: { buy: { in: z.object({ order: z.string() }) } } });
const shop = handlers(Shop, {
  handle: {
    buy: async ({ order }, cx) => {
      try {
        await cx.at(Bank).charge({ order });
      } catch (error) {
        if (error instanceof Failure && error.code === "BREAKER_OPEN") reached.open += 1;
        if (error instanceof Failure && error.code === "OVERLOADED") reached.full += 1;
        throw error;
      }
    },
  },
});

const market = system("market", {
  services: [
    service("payments", [payment], { limits: { partitions: 3 } }),
    service("bank", [bank]),
    service("shop", [shop], {
      calls: [
        [
          Bank,
          {
            within: "500ms",
            concurrency: 2,
            waiting: 1,
            breaker: { failures: 3, within: "2s", halfOpenAfter: "700ms" },
            retry: { attempts: 3, budget: 0.5, pause: "20ms" },
          },
        ],
      ],
    }),
  ],
});

const faults: readonly Fault[] = ["crash", "duplicate", "slow-disk"];

test("calls: through a dependency that hangs, fails and loses answers, and through crashes, every purchase is booked once, and all get through in the end", async () => {
  await simulate(market, { seeds: 40, faults }, async (world) => {
    seenIds.clear();
    const orders = Array.from({ length: 12 }, (_, i) => `order-${i}`);
    const paid = new Set<string>();
    await Promise.all(
      [0, 1, 2, 3].map(async (client) => {
        for (const order of orders.filter((_, i) => i % 4 === client)) {
          const bought = await world
            .at(Shop)
            .buy({ order }, { commandId: order, within: "3s" })
            .then(
              () => true,
              (error: unknown) => {
                assert.ok(error instanceof Failure, String(error));
                return false;
              },
            );
          if (bought) paid.add(order);
          await world.pause("400ms");
        }
      }),
    );
    await world.settle();
    for (const order of orders) {
      const { times } = await world.at(Payment, order).booked();
      assert.ok(times <= 1, `${order} is booked ${times} times`);
      if (paid.has(order)) assert.equal(times, 1, `${order} was acknowledged`);
    }
    // All is well again within 10 s of the bank's own troubles: nothing may still be cut off.
    for (const order of orders) await world.at(Shop).buy({ order }, { commandId: order, within: "1m" });
    for (const order of orders) assert.deepEqual(await world.at(Payment, order).booked(), { times: 1 }, order);
  });
  if (environment()["ATOLL_SEED"] !== undefined) return;
  for (const [what, times] of Object.entries(reached)) assert.ok(times > 0, `no seed came across "${what}"`);
});
