import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { contract } from "../contract/index.ts";
import { decodeCalls } from "./policy.ts";

const Bank = contract("bank", { version: 1, commands: { charge: {} } });
const Stock = contract("stock", { version: 1, commands: { take: {} } });

test("calls: a policy is decoded into required members, each with its default", () => {
  const bare = {
    contract: "bank",
    withinMs: 10_000,
    bulkhead: { concurrency: 100, waiting: 100 },
    breaker: { failures: 5, withinMs: 10_000, halfOpenAfterMs: 5_000 },
    retry: { attempts: 1, budget: 0.1, pauseMs: 100 },
    balance: "least-loaded",
  };
  assert.deepEqual(decodeCalls([[Bank, {}]], "x"), [bare]);
  assert.deepEqual(decodeCalls([[Bank, { retry: {}, breaker: { failures: 2 }, concurrency: 7 }]], "x"), [
    { ...bare, bulkhead: { concurrency: 7, waiting: 7 }, breaker: { ...bare.breaker, failures: 2 }, retry: { ...bare.retry, attempts: 3 } },
  ]);
  const full = {
    within: "2s",
    concurrency: 20,
    waiting: 0,
    breaker: { failures: 4, within: "1m", halfOpenAfter: "500ms" },
    retry: { attempts: 2, budget: 1, pause: "10ms" },
    balance: "round-robin",
  } as const;
  const [decoded, second] = decodeCalls(
    [
      [Bank, full],
      [Stock, {}],
    ],
    "x",
  );
  assert.deepEqual(decoded, {
    contract: "bank",
    withinMs: 2_000,
    bulkhead: { concurrency: 20, waiting: 0 },
    breaker: { failures: 4, withinMs: 60_000, halfOpenAfterMs: 500 },
    retry: { attempts: 2, budget: 1, pauseMs: 10 },
    balance: "round-robin",
  });
  assert.equal(second?.contract, "stock");
});

test("calls: nonsense is refused with service, contract, member and what would be right", () => {
  const wrong: readonly (readonly [calls: unknown, message: RegExp])[] = [
    [Bank, /service "orders"\): `calls` is a list of \[Contract, \{ … \}\]/],
    [[Bank], /entry 0 is not \[Contract/],
    [[[Bank]], /entry 0 is not \[Contract/],
    [[["bank", {}]], /entry 0 is not \[Contract/],
    [[[Bank, {}, {}]], /entry 0 is not \[Contract/],
    [[[Bank, { balance: "sticky" }]], /calls bank: balance\): it is "least-loaded" or "round-robin", not "sticky"/],
    [[[Bank, []]], /entry 0 is not \[Contract/],
    [
      [
        [Bank, {}],
        [Bank, {}],
      ],
      /names contract "bank" twice/,
    ],
    [
      [[Bank, { concurency: 1 }]],
      /service "orders" calls bank\): "concurency" is no part of .*within, concurrency, waiting, breaker, retry/,
    ],
    [[[Bank, { within: "2 s" }]], /service "orders" calls bank: within\): "2 s" is not a duration/],
    [[[Bank, { within: 2_000 }]], /within\): "2000" is not a duration/],
    [[[Bank, { concurrency: 0 }]], /calls bank: concurrency\): it is a whole number from 1 to 10000, not 0/],
    [[[Bank, { concurrency: 1.5 }]], /concurrency\).* not 1\.5/],
    [[[Bank, { concurrency: "20" }]], /concurrency\).* not "20"/],
    [[[Bank, { waiting: -1 }]], /waiting\): it is a whole number from 0/],
    [[[Bank, { breaker: false }]], /`breaker` is an object of failures, within, halfOpenAfter/],
    [[[Bank, { breaker: { failures: Number.NaN } }]], /breaker\.failures\).* not NaN/],
    [[[Bank, { breaker: { halfOpenAfter: "0s" } }]], /breaker\.halfOpenAfter\): "0s" is not a duration/],
    [[[Bank, { breaker: { ratio: 0.5 } }]], /"ratio" is no part of `breaker`/],
    [[[Bank, { retry: 3 }]], /`retry` is an object of attempts, budget, pause/],
    [[[Bank, { retry: { attempts: 1 } }]], /retry\.attempts\): it is a whole number from 2 to 10, not 1/],
    [[[Bank, { retry: { budget: 20 } }]], /retry\.budget\): it is retries per call, above 0 and at most 1, not 20/],
    [[[Bank, { retry: { budget: 0 } }]], /retry\.budget\).* not 0/],
    [[[Bank, { retry: { pause: "soon" } }]], /retry\.pause\): "soon" is not a duration/],
  ];
  for (const [calls, message] of wrong) {
    assert.throws(
      () => decodeCalls(calls, 'service "orders"'),
      (error) => error instanceof Failure && error.code === "INVALID_DEFINITION" && message.test(error.message),
      String(message),
    );
  }
});
