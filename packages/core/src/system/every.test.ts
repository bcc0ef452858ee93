// A call to every instance, where a system is one process, and where its caller guards what it calls (E1, E3): real code, virtual time.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, type Failure, handlers, service, system, unavailable, type CallPolicy } from "@atoll/core";
import { type VirtualSystem, virtually } from "../../test/virtual-system.ts";

const Price = contract("price", {
  version: 1,
  commands: { reload: { in: z.object({ fails: z.enum(["before", "after", "never"]) }), out: z.object({ n: z.int() }) }, audit: {} },
  queries: { slow: {} },
  access: { reload: ["desk"], slow: ["desk"], audit: [] },
});
const Till = contract("till", {
  version: 1,
  key: z.string(),
  commands: { open: {} },
  access: { open: "any" },
});
const Desk = contract("desk", {
  version: 1,
  commands: { reload: { in: z.object({ fails: z.enum(["before", "after", "never"]) }) } },
  queries: { slow: { out: z.object({ codes: z.array(z.string()) }) } },
  access: { reload: "any", slow: "any" },
});

/** Prices that are loaded again; how often they were. */
class Prices {
  loaded = 0;
  running = 0;
  most = 0;
  runs = 0;

  system(policy?: CallPolicy): ReturnType<typeof system> {
    const prices = handlers(Price, {
      handle: {
        reload: ({ fails }) => {
          if (fails === "before") throw new RangeError("broken");
          this.loaded += 1;
          if (fails === "after") throw unavailable("who knows");
          return { n: this.loaded };
        },
        audit: () => undefined,
        slow: async (_, cx) => {
          this.runs += 1;
          this.running += 1;
          this.most = Math.max(this.most, this.running);
          await new Promise<void>((resolve) => cx.signal.addEventListener("abort", () => resolve()));
          this.running -= 1;
        },
      },
    });
    const desk = handlers(Desk, {
      handle: {
        // What a handler throws is its own to say: here always the same, so that what is told of it is what was done.
        reload: async (input, cx) => {
          const [only] = await cx.every(Price).reload(input);
          throw only?.failure ?? new RangeError("enough");
        },
        slow: async (_, cx) => ({
          codes: (await cx.every(Price).slow({ within: "1s" })).map(({ node, failure }) => `${node} ${failure?.code}`),
        }),
      },
    });
    const till = entity(Till, {
      state: z.object({}),
      initial: {},
      events: {},
      decide: { open: (_, __, turn) => turn.reply() },
      evolve: {},
    });
    return system("shop", {
      services: [
        service("prices", [prices]),
        service("desk", [desk], policy ? { calls: [[Price, policy]] } : {}),
        service("tills", [till]),
      ],
    });
  }
}

/** The `Failure` that `asked` rejects with. */
const failed = (asked: Promise<unknown>): Promise<Failure> =>
  asked.then(
    () => assert.fail("it was answered"),
    (error: unknown) => error as Failure,
  );
const inside = <T>(running: VirtualSystem, act: () => Promise<T>): Promise<T> => running.inside(act);

test("every: a system in one process has one instance of each service, and one entry", () => {
  const prices = new Prices();
  return virtually(prices.system(), async (running) => {
    const each = await inside(running, () => running.booted.every(Price).reload({ fails: "never" }));
    assert.deepEqual(each, [{ node: "shared", failure: undefined, answer: { n: 1 } }]);
    const [broken] = await inside(running, () => running.booted.every(Price).reload({ fails: "before" }));
    assert.deepEqual([broken?.node, broken?.failure?.code, prices.loaded], ["shared", "DEFECT", 1]);
  });
});

test("every: who has a key is refused, and so is an operation that the caller may not call (E3)", () =>
  virtually(new Prices().system(), async ({ booted, inside: within }) => {
    const every = booted.every as unknown as (contract: typeof Till) => { open(): Promise<unknown> };
    const keyed = await failed(within(() => every(Till).open()));
    assert.equal(keyed.code, "INVALID_INPUT");
    assert.match(keyed.message, /contract "till" has keys.*ask it with `at`/);
    await within(() => booted.every(Price).audit());
    const absent = contract("absent", { version: 1, queries: { any: {} } });
    assert.equal((await failed(within(() => booted.every(absent).any()))).code, "UNAVAILABLE");
  }));

test("every: what a handler says is not delivered is so: it has asked all instances, and none has taken it", () =>
  virtually(new Prices().system(), async ({ booted, inside: within }) => {
    for (const [fails, code] of [
      ["before", "DEFECT"],
      ["after", "UNKNOWN_OUTCOME"],
      ["never", "HANDLER_FAILED"],
    ] as const)
      assert.equal((await failed(within(() => booted.at(Desk).reload({ fails })))).code, code, fails);
  }));

test("every: a call that a breaker and a bulkhead guard is not made again, and what they refuse fails as a whole (E3, E4)", () => {
  const prices = new Prices();
  const policy: CallPolicy = {
    within: "100ms",
    concurrency: 2,
    waiting: 1,
    retry: { attempts: 3 },
    breaker: { failures: 1, within: "10s", halfOpenAfter: "1m" },
  };
  return virtually(prices.system(policy), async ({ booted, inside: within }) => {
    const slow = (): Promise<string> =>
      booted
        .at(Desk)
        .slow()
        .then(
          ({ codes }) => codes.join(),
          (error: unknown) => (error as Failure).code,
        );
    const said = await within(() => Promise.all([slow(), slow(), slow(), slow()]));
    assert.deepEqual(said, ["shared DEADLINE", "shared DEADLINE", "BREAKER_OPEN", "OVERLOADED"]);
    assert.deepEqual([prices.most, prices.runs], [2, 2]);
    const [breaker] = booted.breakers();
    assert.deepEqual([breaker?.state, breaker?.failed, breaker?.lastFailure], ["open", 1, "DEADLINE"]);
    assert.equal(await within(slow), "BREAKER_OPEN");
  });
});
