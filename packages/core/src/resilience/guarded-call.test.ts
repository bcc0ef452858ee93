// What happens to calls between a service and its dependency, in virtual time; whoever delivers is played by the test.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import * as z from "zod";
import { Failure, type FailureCode } from "../base/failure.ts";
import { contract } from "../contract/index.ts";
import { VirtualWorld } from "../runtime/virtual/index.ts";
import { Dependency } from "./dependency.ts";
import { guarded, type Delivery } from "./guarded-call.ts";
import { decodeCalls, type CallPolicy } from "./policy.ts";

const Bank = contract("bank", { version: 1, commands: { charge: { in: z.object({ cents: z.int() }) } } });

interface Delivered {
  readonly withinMs: number;
  readonly atMs: number;
  readonly settled: boolean;
  answer(): void;
  fail(code: FailureCode): void;
}

class Bench {
  readonly world = new VirtualWorld({ seed: 1 });
  readonly dependency: Dependency;
  /** Every attempt that reached the dependency, in order. */
  readonly delivered: Delivered[] = [];
  /** What every call ended with, in the order of the calls: "worked", a code, or undefined while it is open. */
  readonly ended: (string | undefined)[] = [];
  readonly failures: Failure[] = [];
  /** Settles attempts before the delivery returns, where it says how. */
  atOnce: ((n: number) => FailureCode | "worked" | undefined) | undefined;

  isQuery = false;

  /** Whether attempts end with DEADLINE by themselves, as they do where there is a receiver. */
  deadlines = false;

  constructor(policy: CallPolicy) {
    const [decoded] = decodeCalls([[Bank, policy]], "test");
    assert.ok(decoded);
    this.dependency = new Dependency({ service: "orders", policy: decoded, runtime: this.world.outside });
  }

  ask(withinMs = 10_000): Delivery {
    const n = this.ended.push(undefined) - 1;
    const end = (what: string): void => {
      assert.equal(this.ended[n], undefined, "settled twice");
      this.ended[n] = what;
    };
    return guarded<string>(
      this.dependency,
      {
        at: "bank.charge",
        isQuery: this.isQuery,
        withinMs,
        deliver: (attemptMs, resolve, reject) => this.#deliver(attemptMs, resolve, reject),
      },
      end,
      (failure) => {
        this.failures.push(failure);
        end(failure.code);
      },
    );
  }

  #deliver(withinMs: number, resolve: (answer: string) => void, reject: (failure: Failure) => void): Delivery | undefined {
    let settled = false;
    const once = (act: () => void): void => {
      if (settled) return;
      settled = true;
      act();
    };
    const fail = (failure: Failure): void => once(() => reject(failure));
    const n = this.delivered.push({
      withinMs,
      atMs: this.world.timeMs,
      get settled() {
        return settled;
      },
      answer: () => once(() => resolve("worked")),
      fail: (code) => fail(new Failure(code, { what: "the test says so" })),
    });
    const late = (): void => fail(new Failure("DEADLINE", { what: "too late" }));
    if (this.deadlines) this.world.outside.timers.after(withinMs, late);
    const said = this.atOnce?.(n);
    if (said === "worked") this.delivered[n - 1]?.answer();
    else if (said) this.delivered[n - 1]?.fail(said);
    return {
      get settled() {
        return settled;
      },
      fail,
    };
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.outside.timers.after(ms, resolve));
  }

  /** The value of one series of the metrics. */
  metric(name: string): number {
    const [, value] =
      new RegExp(`^${name}\\{service="orders",contract="bank"\\} (\\S+)$`, "m").exec(this.world.outside.metrics.render()) ?? [];
    return Number(value);
  }
}

async function bench(policy: CallPolicy, scenario: (b: Bench) => Promise<void> | void): Promise<void> {
  const b = new Bench(policy);
  await b.world.runUntil(Promise.resolve().then(() => scenario(b)));
  for (const { error } of b.world.failures) throw error;
}

test("guarded call: an attempt waits as long as the policy says, and no longer than the caller has left", () =>
  bench({ within: "2s" }, (b) => {
    b.ask(10_000);
    b.ask(500);
    assert.deepEqual(
      b.delivered.map(({ withinMs }) => withinMs),
      [2_000, 500],
    );
  }));

test("guarded call: beyond the concurrency calls wait in order, beyond the queue they are OVERLOADED at once (H1, H2)", () =>
  bench({ concurrency: 2, waiting: 2 }, (b) => {
    for (let i = 0; i < 6; i++) b.ask();
    assert.equal(b.delivered.length, 2);
    assert.deepEqual(b.ended, [undefined, undefined, undefined, undefined, "OVERLOADED", "OVERLOADED"]);
    assert.deepEqual(
      [b.metric("atoll_bulkhead_running"), b.metric("atoll_bulkhead_waiting"), b.metric("atoll_bulkhead_refused_total")],
      [2, 2, 2],
    );
    b.delivered[1]?.answer();
    b.delivered[2]?.answer();
    assert.deepEqual(b.ended.slice(0, 4), [undefined, "worked", "worked", undefined]);
    assert.equal(b.delivered.length, 4);
    b.delivered[0]?.answer();
    b.delivered[3]?.answer();
    assert.deepEqual([b.metric("atoll_bulkhead_running"), b.metric("atoll_bulkhead_waiting")], [0, 0]);
  }));

test("guarded call: who waits in the queue until its deadline is OVERLOADED, certainly not delivered, and its place in the queue is free", () =>
  bench({ concurrency: 1, waiting: 1 }, async (b) => {
    b.ask(60_000);
    b.ask(300);
    await b.pause(299);
    assert.equal(b.ended[1], undefined);
    await b.pause(2);
    assert.equal(b.ended[1], "OVERLOADED");
    assert.equal(b.failures[0]?.outcome, "not-delivered");
    b.ask(60_000);
    b.delivered[0]?.answer();
    assert.equal(b.delivered.length, 2, "the third one's turn");
  }));

test("guarded call: one that is given up in the queue leaves it, one under way passes it on and is not sent again (G5)", () =>
  bench({ concurrency: 1, retry: {} }, async (b) => {
    const first = b.ask();
    const second = b.ask();
    second.fail(new Failure("CANCELLED", { what: "enough" }));
    assert.deepEqual([b.ended[1], second.settled, b.metric("atoll_bulkhead_waiting")], ["CANCELLED", true, 0]);
    first.fail(new Failure("CANCELLED", { what: "enough" }));
    await b.pause(20_000);
    assert.deepEqual([b.ended, b.delivered.length], [["CANCELLED", "CANCELLED"], 1]);
    assert.equal(b.dependency.status().failed, 0, "it says nothing of the dependency");
  }));

test("guarded call: failures within the window open the breaker; calls then fail fast, those in the queue too, and a probe closes it", () =>
  bench({ concurrency: 2, breaker: { failures: 2, within: "10s", halfOpenAfter: "5s" } }, async (b) => {
    for (let i = 0; i < 4; i++) b.ask();
    b.delivered[0]?.fail("DEADLINE");
    assert.equal(b.delivered.length, 3);
    b.delivered[1]?.fail("UNAVAILABLE");
    assert.deepEqual(b.ended, ["DEADLINE", "UNAVAILABLE", undefined, "BREAKER_OPEN"], "the one in the queue was let go");
    b.ask();
    assert.equal(b.ended[4], "BREAKER_OPEN");
    const refusal = b.failures.at(-1);
    assert.match(String(refusal), /breaker of service "orders" for contract "bank" is open, after UNAVAILABLE/);
    assert.deepEqual([refusal?.outcome, refusal?.retry], ["not-delivered", "later"]);
    assert.deepEqual(
      [b.metric("atoll_breaker_state"), b.metric("atoll_breaker_opened_total"), b.metric("atoll_breaker_refused_total")],
      [2, 1, 2],
    );
    const { state, failed, worked, lastFailure } = b.dependency.status();
    assert.deepEqual({ state, failed, worked, lastFailure }, { state: "open", failed: 2, worked: 0, lastFailure: "UNAVAILABLE" });

    await b.pause(5_000);
    b.ask();
    b.ask();
    assert.deepEqual([b.delivered.length, b.ended[6]], [4, "BREAKER_OPEN"], "one probe only");
    assert.equal(b.metric("atoll_breaker_state"), 1);
    b.delivered[3]?.answer();
    assert.deepEqual([b.ended[5], b.dependency.status().state], ["worked", "closed"]);
    for (const event of ["breaker.opened", "breaker.half_open", "breaker.closed"]) assert.equal(b.world.trace.marks.get(event), 1, event);
  }));

test("guarded call: what is the caller's own fault, or one key's, does not open the breaker", () =>
  bench({ breaker: { failures: 1 } }, (b) => {
    for (const code of ["INVALID_INPUT", "ACCESS_DENIED", "DEFECT", "QUARANTINED", "TOO_OLD", "BREAKER_OPEN"] as const) {
      b.ask();
      b.delivered.at(-1)?.fail(code);
      assert.equal(b.dependency.status().state, "closed", code);
    }
    b.dependency.close();
    for (const code of ["DEADLINE", "UNKNOWN_OUTCOME", "HANDLER_FAILED", "UNAVAILABLE", "OVERLOADED", "JOURNAL_FAILED"] as const) {
      b.ask();
      b.delivered.at(-1)?.fail(code);
      assert.equal(b.dependency.status().state, "open", code);
      b.dependency.close();
    }
  }));

test("guarded call: an operator cuts a dependency off whatever it answers, and gives it back", () =>
  bench({}, async (b) => {
    b.ask();
    assert.deepEqual([b.dependency.open(), b.dependency.open()], [true, false]);
    b.delivered[0]?.answer();
    assert.equal(b.ended[0], "worked", "what was under way is answered");
    await b.pause(3_600_000);
    b.ask();
    assert.match(String(b.failures[0]), /an operator has opened the breaker of service "orders" for contract "bank"/);
    assert.equal(b.metric("atoll_breaker_state"), 3);
    assert.deepEqual([b.dependency.close(), b.dependency.close()], [true, false]);
    b.ask();
    assert.equal(b.delivered.length, 2);
    for (const event of ["breaker.forced_open", "breaker.closed"]) assert.equal(b.world.trace.marks.get(event), 1, event);
  }));

test("guarded call: a failure that may be sent again is, after a pause, without holding a place meanwhile; then it is answered (R5, G4)", () =>
  bench({ retry: { attempts: 3, pause: "100ms" }, concurrency: 1 }, async (b) => {
    b.ask();
    b.delivered[0]?.fail("UNAVAILABLE");
    assert.equal(b.metric("atoll_bulkhead_running"), 0);
    await b.pause(101);
    b.delivered[1]?.fail("DEADLINE");
    await b.pause(201);
    b.delivered[2]?.answer();
    assert.deepEqual([b.ended, b.metric("atoll_retries_total"), b.metric("atoll_retry_budget")], [["worked"], 2, 8]);
    const pauses = [1, 2].map((n) => (b.delivered[n]?.atMs ?? 0) - (b.delivered[n - 1]?.atMs ?? 0));
    assert.ok((pauses[0] ?? 0) >= 50 && (pauses[1] ?? 0) >= 100, String(pauses));
  }));

test("guarded call: without `retry`, or where its advice is never, nothing is sent again (R1)", async () => {
  await bench({}, async (b) => {
    b.ask();
    b.delivered[0]?.fail("UNAVAILABLE");
    await b.pause(20_000);
    assert.deepEqual([b.ended, b.delivered.length], [["UNAVAILABLE"], 1]);
  });
  await bench({ retry: {} }, async (b) => {
    b.ask();
    b.delivered[0]?.fail("DEFECT");
    await b.pause(20_000);
    assert.deepEqual([b.ended, b.delivered.length], [["DEFECT"], 1]);
  });
});

test("guarded call: no attempt begins at or after the deadline, and each has only what is left of it (R3, G1)", () =>
  bench({ within: "4s", retry: { attempts: 10, pause: "1s" }, breaker: { failures: 100 } }, async (b) => {
    b.atOnce = () => "UNAVAILABLE";
    b.ask(6_000);
    await b.pause(60_000);
    assert.deepEqual(b.ended, ["UNAVAILABLE"]);
    assert.ok(b.delivered.length > 2, "it was sent again");
    for (const { atMs, withinMs } of b.delivered) assert.ok(atMs < 6_000 && atMs + withinMs <= 6_000 + 1e-6, `${atMs} + ${withinMs}`);
  }));

test("guarded call: once an attempt may have had an effect, no later refusal says that it certainly had none (G3)", async () => {
  await bench({ retry: { attempts: 2 } }, async (b) => {
    b.ask();
    b.delivered[0]?.fail("DEADLINE");
    await b.pause(101);
    b.delivered[1]?.fail("OVERLOADED");
    assert.deepEqual(b.ended, ["UNKNOWN_OUTCOME"]);
    assert.match(String(b.failures[0]), /attempt 2 ended with OVERLOADED, one before it with DEADLINE/);
  });
  await bench({ retry: { attempts: 2 } }, async (b) => {
    b.ask();
    b.delivered[0]?.fail("DEADLINE");
    b.dependency.open();
    await b.pause(101);
    assert.deepEqual([b.ended, b.delivered.length], [["UNKNOWN_OUTCOME"], 1]);
  });
  await bench({ retry: { attempts: 2 } }, async (b) => {
    b.ask();
    b.delivered[0]?.fail("UNAVAILABLE");
    b.dependency.open();
    await b.pause(101);
    assert.deepEqual([b.ended, b.failures[0]?.outcome], [["BREAKER_OPEN"], "not-delivered"]);
  });
});

test("guarded call: of a query, which changes nothing, the last failure is told as it is, whatever became of an attempt before it (G3)", () =>
  bench({ retry: { attempts: 2 } }, async (b) => {
    b.isQuery = true;
    b.ask();
    b.delivered[0]?.fail("DEADLINE");
    await b.pause(101);
    b.delivered[1]?.fail("OVERLOADED");
    b.ask();
    b.delivered[2]?.fail("UNAVAILABLE");
    await b.pause(101);
    b.delivered[3]?.fail("DEADLINE");
    assert.deepEqual(b.ended, ["OVERLOADED", "DEADLINE"]);
  }));

test("guarded call: a failure that opens the breaker is told as it is, and not sent again", () =>
  bench({ retry: {}, breaker: { failures: 1 } }, async (b) => {
    b.ask();
    b.delivered[0]?.fail("DEADLINE");
    await b.pause(20_000);
    assert.deepEqual([b.ended, b.delivered.length], [["DEADLINE"], 1]);
    assert.equal(b.metric("atoll_retry_budget"), 10, "and takes no token");
  }));

test("guarded call: in an outage that the breaker does not see, retries end with the budget instead of multiplying the load (R4)", () =>
  bench({ retry: { attempts: 5, budget: 0.1, pause: "1ms" }, breaker: { failures: 10_000 } }, async (b) => {
    b.atOnce = () => "UNAVAILABLE";
    const calls = 300;
    for (let i = 0; i < calls; i++) {
      b.ask();
      await b.pause(10);
    }
    await b.pause(20_000);
    const retried = b.delivered.length - calls;
    assert.deepEqual(
      b.ended,
      Array.from({ length: calls }, () => "UNAVAILABLE"),
    );
    assert.ok(retried > 0 && retried <= 10 + calls * 0.1 + 3 + 1, `${retried} retries for ${calls} calls`);
    assert.equal(b.metric("atoll_retries_total"), retried);
    assert.ok(b.metric("atoll_retries_denied_total") > 0);
  }));

test("guarded call: a long queue whose calls all fail at once is emptied without a deep stack", () =>
  bench({ concurrency: 1, waiting: 10_000 }, (b) => {
    b.ask();
    for (let i = 0; i < 10_000; i++) b.ask();
    b.atOnce = () => "INVALID_INPUT";
    b.delivered[0]?.answer();
    assert.equal(b.ended.filter((end) => end === "INVALID_INPUT").length, 10_000);
    assert.equal(b.metric("atoll_bulkhead_running"), 0);
  }));

test("guarded call: whatever the dependency, the callers and an operator do, every call is settled once, no later than its deadline, and every place is given back (G1, G4)", async () => {
  type Act = {
    readonly afterMs: number;
    readonly what: "ask" | "answer" | "fail" | "fail-at-once" | "give-up" | "open" | "close";
    readonly n: number;
  };
  const codes: readonly FailureCode[] = ["DEADLINE", "UNAVAILABLE", "DEFECT", "INVALID_INPUT", "BREAKER_OPEN", "OVERLOADED"];
  const acts = fc.array(
    fc.record<Act>({
      afterMs: fc.integer({ min: 0, max: 200 }),
      what: fc.constantFrom("ask", "ask", "ask", "answer", "fail", "fail", "fail-at-once", "give-up", "open", "close", "close"),
      n: fc.nat(50),
    }),
    { minLength: 1, maxLength: 60 },
  );
  const policies = fc.record({
    concurrency: fc.integer({ min: 1, max: 3 }),
    waiting: fc.integer({ min: 0, max: 3 }),
    breaker: fc.record({ failures: fc.integer({ min: 1, max: 4 }), halfOpenAfter: fc.constantFrom("50ms", "400ms") }),
    retry: fc.record({ attempts: fc.integer({ min: 2, max: 4 }), pause: fc.constantFrom("1ms", "60ms") }),
  });
  await fc.assert(
    fc.asyncProperty(policies, acts, (policy, script) =>
      bench({ within: "300ms", ...policy }, async (b) => {
        const calls: { readonly call: Delivery; readonly dueMs: number }[] = [];
        b.deadlines = true;
        for (const { afterMs, what, n } of script) {
          if (afterMs > 0) await b.pause(afterMs);
          const code = codes[n % codes.length] as FailureCode;
          const open = b.delivered.filter((delivered) => !delivered.settled);
          if (what === "fail-at-once") b.atOnce = n % 2 === 0 ? () => code : undefined;
          else if (what === "ask") calls.push({ call: b.ask(100 + n * 10), dueMs: b.world.timeMs + 100 + n * 10 });
          else if (what === "answer") open[n % open.length]?.answer();
          else if (what === "fail") open[n % open.length]?.fail(code);
          else if (what === "give-up") calls[n % calls.length]?.call.fail(new Failure("CANCELLED", { what: "enough" }));
          else b.dependency[what]();
          const { running, waiting } = b.dependency.status();
          assert.ok(running <= policy.concurrency && waiting <= policy.waiting);
          assert.equal(running, b.delivered.filter((delivered) => !delivered.settled).length);
          for (const [i, { dueMs }] of calls.entries())
            if (b.world.timeMs > dueMs) assert.ok(b.ended[i] !== undefined, "open after its deadline");
        }
        await b.pause(2_000);
        assert.ok(!b.ended.includes(undefined), "a call was forgotten");
        const { running, waiting } = b.dependency.status();
        assert.deepEqual({ running, waiting }, { running: 0, waiting: 0 });
      }),
    ),
    { seed: 16, numRuns: 200 },
  );
});
