// What the tail folds of alarms, and in what form it reaches the index.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualWorld } from "../runtime/virtual/index.ts";
import { plannedFaults, type PlannedFault } from "./faults/fault-plan.ts";
import { FaultyJournal } from "./faults/faulty-journal.ts";
import type { AlarmChange, Journal } from "./journal.ts";
import { logWriterLimits } from "./log-writer-limits.ts";
import { SimulatedDisk } from "./simulated/simulated-disk.ts";
import { SimulatedJournalStore } from "./simulated/simulated-journal.ts";
import { Tail } from "./tail.ts";
import { recordOf, rowOf, takeOver, write } from "./tck/rows.ts";

interface Bench {
  readonly journal: Journal;
  readonly tail: Tail;
  /** Commits a record with this alarm, and tells the tail. */
  commit(key: string, alarm?: number | null): Promise<void>;
}

async function withTail(faults: readonly PlannedFault[], scenario: (bench: Bench) => Promise<void>): Promise<void> {
  const world = new VirtualWorld({ seed: 3 });
  const runtime = world.process("node");
  const disk = new SimulatedDisk(world.outside);
  const run = async (): Promise<void> => {
    const opened = await new SimulatedJournalStore(disk, runtime, { process: "node" }).open("s", 1);
    const journal = new FaultyJournal(opened, plannedFaults(faults), { timers: world.outside.timers });
    const epoch = await takeOver(journal, 0);
    const tail = new Tail(journal, runtime, { ...logWriterLimits, indexDelayMs: 3_600_000 }, [0]);
    tail.attach(() => epoch);
    let head = 0;
    await scenario({
      journal,
      tail,
      async commit(key, alarm) {
        const record = recordOf(key, `r${head}`, -1, alarm === undefined ? {} : { alarm });
        await write(journal, rowOf(0, head, epoch, [record]));
        tail.note(0, head, record);
        head += 1;
      },
    });
    tail.stop();
  };
  await world.runUntil(run());
  assert.deepEqual(world.failures, []);
}

const indexed = async (journal: Journal): Promise<readonly (readonly [string, number])[]> =>
  (await journal.alarms(undefined, 100)).map(({ key, due }) => [key, due]);

test("tail: the newest change of an alarm is indexed; one set and taken back in between never is", () =>
  withTail([], async ({ journal, tail, commit }) => {
    await commit("a", 5);
    await commit("b", 6);
    await commit("a", 7);
    await commit("a");
    await commit("b", null);
    await commit("c");
    await tail.flush();
    assert.deepEqual(await indexed(journal), [["a", 7]]);
    await commit("a", null);
    await tail.flush();
    assert.deepEqual(await indexed(journal), []);
  }));

test("tail: an alarm whose flush failed is indexed by the next, unless a newer record has changed it", () =>
  withTail([{ operation: "index", call: 1, fault: { kind: "fail-before", error: "failed" } }], async ({ journal, tail, commit }) => {
    await commit("a", 5);
    await commit("b", 6);
    const failing = tail.flush();
    await commit("a");
    await commit("b", null);
    await failing;
    assert.deepEqual(await indexed(journal), []);
    await tail.flush();
    assert.deepEqual(await indexed(journal), [["a", 5]]);
  }));

test("tail: changes that may not be indexed yet are listed, those under way before newer ones, and each is told once", () =>
  withTail([{ operation: "index", call: 1, fault: { kind: "slow", delayMs: 50 } }], async ({ tail, commit }) => {
    const told: AlarmChange[] = [];
    tail.onAlarm((partition, change) => told.push({ ...change, key: `${partition}.${change.key}` }));
    await commit("a", 5);
    const flushing = tail.flush();
    await commit("a", 9);
    await commit("b");
    const listed = [...tail.alarms()].map(([, { key, due }]) => [key, due]);
    assert.deepEqual(listed, [
      ["a", 5],
      ["a", 9],
    ]);
    await flushing;
    assert.deepEqual(
      told.map(({ key, due }) => [key, due]),
      [
        ["0.a", 5],
        ["0.a", 9],
      ],
    );
  }));
