import assert from "node:assert/strict";
import { test } from "node:test";
import { type Journal, JournalError, type JournalErrorKind } from "../journal.ts";
import { simulatedUnderTest } from "../tck/simulated-under-test.ts";
import type { JournalUnderTest } from "../tck/journal-tck.ts";
import { idsOf, oneRow, readAll, stateOf, takeOver, write } from "../tck/rows.ts";
import { type Fault, type FaultPlan, type FaultRates, noFaults, type PlannedFault, plannedFaults, randomFaults } from "./fault-plan.ts";
import { FaultyJournal } from "./faulty-journal.ts";
import { prng } from "../../base/prng.ts";

interface Wrapped {
  readonly inner: Journal;
  readonly under: JournalUnderTest;
  readonly epoch: number;
  readonly wrap: (plan: FaultPlan, onFault?: (planned: PlannedFault) => void) => FaultyJournal;
}

async function wrapped(check: (wrapped: Wrapped) => Promise<void>, seed = 1): Promise<void> {
  const under = await simulatedUnderTest(seed);
  const inner = await under.store().open("faulty", 2);
  const epoch = await takeOver(inner, 0);
  const timers = under.timers();
  await check({ inner, under, epoch, wrap: (plan, onFault) => new FaultyJournal(inner, plan, { timers, ...(onFault && { onFault }) }) });
  await under.cleanup();
}

const onFirstAppend = (fault: Fault): FaultPlan => plannedFaults([{ operation: "append", call: 1, fault }]);
const kindOf = (error: unknown): string => (error instanceof JournalError ? error.kind : String(error));
const isKind = (kind: JournalErrorKind) => (error: unknown) => error instanceof JournalError && error.kind === kind;

/** "answered" or "silent" once everything the simulated world still had to do is done. */
async function fateOf(promise: Promise<unknown>, under: JournalUnderTest): Promise<string> {
  let fate = "silent";
  promise.then(
    () => (fate = "answered"),
    () => (fate = "rejected"),
  );
  await under.cleanup();
  return fate;
}

test("faulty journal: without a fault it answers as the journal it wraps", () =>
  wrapped(async ({ inner, epoch, wrap }) => {
    const journal = wrap(plannedFaults([]));
    assert.equal(journal.meta, inner.meta);
    await write(journal, oneRow(0, 0, epoch, "a"));
    assert.deepEqual(idsOf(await readAll(journal, 0)), ["a"]);
    assert.deepEqual(await journal.partitions(), await inner.partitions());
  }));

for (const error of ["failed", "full", "refused"] as const) {
  test(`faulty journal: fail-before reports ${error} and nothing was done`, () =>
    wrapped(async ({ inner, epoch, wrap }) => {
      const journal = wrap(onFirstAppend({ kind: "fail-before", error }));
      await assert.rejects(journal.append([oneRow(0, 0, epoch, "a")]), isKind(error));
      assert.deepEqual(await readAll(inner, 0), []);
      await write(journal, oneRow(0, 0, epoch, "b"));
    }));
}

test("faulty journal: fail-after reports ambiguous and it was done", () =>
  wrapped(async ({ inner, epoch, wrap }) => {
    const journal = wrap(onFirstAppend({ kind: "fail-after" }));
    await assert.rejects(journal.append([oneRow(0, 0, epoch, "a")]), isKind("ambiguous"));
    assert.deepEqual(idsOf(await readAll(inner, 0)), ["a"]);
  }));

test("faulty journal: a reading operation is never ambiguous, it has failed", () =>
  wrapped(async ({ wrap }) => {
    const journal = wrap(
      plannedFaults([
        { operation: "read", call: 1, fault: { kind: "fail-after" } },
        { operation: "read", call: 2, fault: { kind: "late", until: { calls: 0 } } },
      ]),
    );
    await assert.rejects(journal.read(0, 0, 1), isKind("failed"));
    await assert.rejects(journal.read(0, 0, 1), isKind("failed"));
    assert.equal(journal.lateCount, 0);
  }));

for (const done of [true, false]) {
  test(`faulty journal: hang never answers, and it was ${done ? "" : "not "}done`, () =>
    wrapped(async ({ inner, under, epoch, wrap }) => {
      const journal = wrap(onFirstAppend({ kind: "hang", done }));
      assert.equal(await fateOf(journal.append([oneRow(0, 0, epoch, "a")]), under), "silent");
      assert.deepEqual(idsOf(await readAll(inner, 0)), done ? ["a"] : []);
    }));
}

test("faulty journal: late reports ambiguous at once and is done before the call after the next n", () =>
  wrapped(async ({ inner, epoch, wrap }) => {
    const journal = wrap(onFirstAppend({ kind: "late", until: { calls: 2 } }));
    await assert.rejects(journal.append([oneRow(0, 0, epoch, "a")]), isKind("ambiguous"));
    for (let call = 1; call <= 2; call++) assert.equal((await stateOf(journal, 0)).head, 0);
    assert.equal((await stateOf(journal, 0)).head, 1);
    assert.deepEqual(idsOf(await readAll(inner, 0)), ["a"]);
    assert.equal(journal.lateCount, 0);
  }));

test("faulty journal: late is done after its delay without any further call", () =>
  wrapped(async ({ inner, under, epoch, wrap }) => {
    const journal = wrap(onFirstAppend({ kind: "late", until: { delayMs: 50 } }));
    await assert.rejects(journal.append([oneRow(0, 0, epoch, "a")]), isKind("ambiguous"));
    await under.cleanup();
    assert.deepEqual(idsOf(await readAll(inner, 0)), ["a"]);
  }));

test("faulty journal: what is late after a take-over is fenced by the journal it reaches", () =>
  wrapped(async ({ inner, epoch, wrap }) => {
    const journal = wrap(onFirstAppend({ kind: "late", until: "on-release" }));
    await assert.rejects(journal.append([oneRow(0, 0, epoch, "a")]), isKind("ambiguous"));
    await takeOver(journal, 0);
    assert.equal(journal.lateCount, 1);
    await journal.releaseLate();
    assert.equal(journal.lateCount, 0);
    assert.deepEqual(await readAll(inner, 0), []);
  }));

test("faulty journal: what is late is what was given, not what the caller made of it since", () =>
  wrapped(async ({ inner, epoch, wrap }) => {
    await write(inner, oneRow(0, 0, epoch, "a"));
    const journal = wrap(plannedFaults([{ operation: "index", call: 1, fault: { kind: "late", until: "on-release" } }]));
    const entry = { type: "counter", key: "k", version: 1, last: 0 };
    await assert.rejects(
      journal.index({ partition: 0, epoch, indexedTo: 1, entities: [entry], snapshots: [], alarms: [] }),
      isKind("ambiguous"),
    );
    entry.last = 77;
    await journal.releaseLate();
    assert.equal((await inner.lookup(0, "counter", "k")).entry?.last, 0);
  }));

test("faulty journal: late operations are decided one by one: done, dropped, or kept", () =>
  wrapped(async ({ inner, epoch, wrap }) => {
    const other = await takeOver(inner, 1);
    const until = "on-release" as const;
    const journal = wrap(plannedFaults([1, 2, 3].map((call) => ({ call, fault: { kind: "late", until } }))));
    await assert.rejects(journal.append([oneRow(0, 0, epoch, "dropped")]), isKind("ambiguous"));
    await assert.rejects(journal.takeOver(1, other), isKind("ambiguous"));
    await assert.rejects(journal.quarantine({ type: "counter", key: "k", since: 1, reason: "test" }), isKind("ambiguous"));
    journal.decideLate((operation) => (operation === "append" ? "drop" : operation === "takeOver" ? "apply" : "keep"));
    assert.equal(journal.lateCount, 1);
    await journal.releaseLate();
    assert.deepEqual(await readAll(inner, 0), []);
    assert.equal((await stateOf(inner, 1)).epoch, other + 1);
    assert.equal((await inner.quarantined()).length, 1);
  }));

test("faulty journal: closing drops what is late", () =>
  wrapped(async ({ under, epoch, wrap }) => {
    const journal = wrap(onFirstAppend({ kind: "late", until: { delayMs: 50 } }));
    await assert.rejects(journal.append([oneRow(0, 0, epoch, "a")]), isKind("ambiguous"));
    await journal[Symbol.asyncDispose]();
    await under.cleanup();
    assert.deepEqual(await readAll(await under.store().open("faulty", 2), 0), []);
  }));

test("faulty journal: slow answers as if nothing were, only later", () =>
  wrapped(async ({ inner, epoch, wrap }) => {
    const journal = wrap(onFirstAppend({ kind: "slow", delayMs: 500 }));
    const order: string[] = [];
    const slow = journal.append([oneRow(0, 0, epoch, "a")]).then((results) => order.push(...results));
    const quick = inner.partitions().then(() => order.push("quick"));
    await Promise.all([slow, quick]);
    assert.deepEqual(order, ["quick", "written"]);
  }));

test("fault plan: a fault of an operation counts that operation's calls, one of none counts all; the first that fits wins", () => {
  const plan = plannedFaults([
    { operation: "append", call: 2, fault: { kind: "fail-after" } },
    { call: 3, fault: { kind: "hang", done: false } },
    { operation: "read", call: 1, fault: { kind: "slow", delayMs: 1 } },
  ]);
  const kinds = (["append", "append", "read", "append", "read"] as const).map((operation) => plan.next(operation)?.kind);
  assert.deepEqual(kinds, [undefined, "fail-after", "hang", undefined, undefined]);
});

test("fault plan: random faults come at their rates, in kinds that the operation can have, and stop when the rates are put to 0", () => {
  let rates: FaultRates = { ...noFaults, slow: 0.1, failed: 0.1, full: 0.1, ambiguous: 0.1, late: 0.1, hang: 0.1 };
  const plan = randomFaults(() => rates, { next: prng(7), id: () => "" });
  const draw = (operation: "append" | "read"): { readonly [kind: string]: number } => {
    const counts: { [kind: string]: number } = {};
    for (let i = 0; i < 10_000; i++) {
      const fault = plan.next(operation);
      const kind = fault === undefined ? "none" : fault.kind === "fail-before" ? fault.error : fault.kind;
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    return counts;
  };
  const writes = draw("append");
  for (const kind of ["slow", "failed", "full", "fail-after", "late", "hang"]) {
    const count = writes[kind] ?? 0;
    assert(count > 800 && count < 1_200, `${kind}: ${count} of 10000 at a rate of 0.1`);
  }
  assert.deepEqual(Object.keys(draw("read")).sort(), ["failed", "hang", "none", "slow"]);
  rates = noFaults;
  assert.deepEqual(draw("append"), { none: 10_000 });
});

/** What sixty appends and looks are answered under a plan, and the faults that there were. */
async function answersUnder(plan: FaultPlan): Promise<{ readonly answers: readonly string[]; readonly schedule: string }> {
  const answers: string[] = [];
  const schedule: PlannedFault[] = [];
  await wrapped(async ({ epoch, wrap }) => {
    const journal = wrap(plan, (planned) => schedule.push(planned));
    for (let i = 0; i < 60; i++) {
      answers.push(await journal.append([oneRow(0, Math.floor(i / 2), epoch, `r${i}`)]).then(String, kindOf));
      answers.push(await stateOf(journal, 0).then(({ head }) => `head ${head}`, kindOf));
    }
  }, 5);
  return { answers, schedule: JSON.stringify(schedule) };
}

test("faulty journal: the faults of a random run, written down as JSON, replay it as a fixed schedule", async () => {
  const rates = { ...noFaults, failed: 0.15, full: 0.1, ambiguous: 0.15, slow: 0.1 };
  const random = await answersUnder(randomFaults(() => rates, { next: prng(11), id: () => "" }));
  assert(new Set(random.answers).size > 5);
  assert.deepEqual(await answersUnder(plannedFaults(JSON.parse(random.schedule) as PlannedFault[])), random);
});
