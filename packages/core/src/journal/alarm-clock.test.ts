// The laws A1 to A5 of alarm-clock.ts, with records written straight to the log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualWorld, type VirtualProcess } from "../runtime/virtual/index.ts";
import { AlarmClock, alarmClockLimits, type AlarmClockLimits, type Attended, type Ring } from "./alarm-clock.ts";
import type { AlarmEntry } from "./journal.ts";
import { LogWriter } from "./log-writer.ts";
import type { Sink } from "./submission.ts";
import { logWriterLimits } from "./log-writer-limits.ts";
import { SimulatedDisk } from "./simulated/simulated-disk.ts";
import { SimulatedJournalStore } from "./simulated/simulated-journal.ts";
import { recordOf } from "./tck/rows.ts";

/** One life of a process: its log, its clock, and what rang. */
class Life {
  readonly rung: string[] = [];
  readonly process: VirtualProcess;
  readonly writer: LogWriter;
  readonly #crash: () => void;
  #clock: AlarmClock | undefined;
  #number = 0;
  readonly #sink: Sink = { committed: () => {}, rewind: () => assert.fail("nothing fails here"), resume: () => {} };

  private constructor(process: VirtualProcess, writer: LogWriter, crash: () => void) {
    this.process = process;
    this.writer = writer;
    this.#crash = crash;
  }

  static async begin(world: VirtualWorld, disk: SimulatedDisk, indexDelayMs: number): Promise<Life> {
    const process = world.process("node");
    const store = new SimulatedJournalStore(disk, process, { process: "node" });
    const writer = await process.enter(world.outside, async () =>
      LogWriter.open("s", await store.open("s", 3), process, { ...logWriterLimits, indexDelayMs }),
    );
    return new Life(process, writer, () => {
      process.crash();
      store.crash();
    });
  }

  start(limits: Partial<AlarmClockLimits> = {}, ring: Ring = () => Promise.resolve(), attended: Attended = () => false): void {
    const rings: Ring = (alarm) => {
      this.rung.push(alarm.key);
      assert(alarm.due <= this.process.clock.now(), "never before its due");
      return ring(alarm);
    };
    this.#clock = new AlarmClock("s", this.writer, this.process, { ...alarmClockLimits, ...limits }, rings, attended);
  }

  stop(): void {
    this.#clock?.stop();
  }

  /** Commits a record of `key` that sets its alarm `inMs` from now, or takes it back. */
  set(key: string, inMs: number | null): void {
    const alarm = inMs === null ? null : Math.max(0, this.process.clock.now() + inMs);
    const partition = this.writer.partitionOf("counter", key);
    this.writer.submit(partition, this.#sink, recordOf(key, `r${(this.#number += 1)}`, -1, { alarm }));
  }

  crash(): void {
    this.#crash();
  }
}

interface Bench {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  begin(indexDelayMs?: number): Promise<Life>;
  pause(ms: number): Promise<void>;
}

async function virtually(scenario: (bench: Bench) => Promise<void>, seed = 1): Promise<void> {
  const world = new VirtualWorld({ seed });
  const disk = new SimulatedDisk(world.outside);
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void world.outside.timers.after(ms, resolve));
  await world.runUntil(scenario({ world, disk, pause, begin: (indexDelayMs = 1_000) => Life.begin(world, disk, indexDelayMs) }));
  assert.deepEqual(world.failures, []);
}

test("A1, A2: alarms ring when they are due, in their order, over all partitions, indexed or not", () =>
  virtually(async ({ begin, pause }) => {
    const life = await begin();
    life.start();
    for (const [key, inMs] of [
      ["e", 9_000],
      ["a", 100],
      ["d", 5_000],
      ["b", 200],
      ["c", 3_000],
    ] as const)
      life.set(key, inMs);
    await pause(50);
    assert.deepEqual(life.rung, []);
    await pause(300);
    assert.deepEqual(life.rung, ["a", "b"]);
    await pause(10_000);
    assert.deepEqual(life.rung, ["a", "b", "c", "d", "e"], "each once in a life");
  }));

test("A1: after a crash every alarm that no record has changed rings again when due, whether it had been indexed or not", () =>
  virtually(async ({ begin, pause }) => {
    for (const indexDelayMs of [10, 3_600_000]) {
      const life = await begin(indexDelayMs);
      const name = (key: string): string => `${indexDelayMs}-${key}`;
      life.start();
      life.set(name("past"), -5_000);
      life.set(name("gone"), 500);
      life.set(name("later"), 60_000);
      await pause(1_000);
      life.set(name("gone"), null);
      await pause(100);
      assert.deepEqual(life.rung, [name("past"), name("gone")]);
      life.crash();
      const next = await begin();
      next.start();
      await pause(5_000);
      assert.deepEqual(next.rung, [name("past")]);
      await pause(60_000);
      assert.deepEqual(next.rung, [name("past"), name("later")]);
      next.set(name("past"), null);
      next.set(name("later"), null);
      await pause(2_000);
      next.crash();
    }
  }));

test("A3: what was moved rings at its new time only, what was taken back not at all", () =>
  virtually(async ({ begin, pause }) => {
    const life = await begin();
    life.start();
    for (const key of ["sooner", "later", "never"]) life.set(key, 2_000);
    await pause(100);
    life.set("sooner", 500);
    life.set("later", 4_000);
    life.set("never", null);
    await pause(1_000);
    assert.deepEqual(life.rung, ["sooner"]);
    await pause(2_000);
    assert.deepEqual(life.rung, ["sooner"]);
    await pause(5_000);
    assert.deepEqual(life.rung, ["sooner", "later"]);
  }));

test("A3: what is indexed and was taken back by a record that is not, does not ring after a crash", () =>
  virtually(async ({ begin, pause }) => {
    const life = await begin(10);
    life.set("a", 500);
    life.set("b", 500);
    await life.writer.tail.flush();
    await pause(100);
    life.crash();
    const second = await begin(3_600_000);
    second.set("a", null);
    second.set("b", 900);
    await pause(50);
    second.crash();
    const third = await begin(3_600_000);
    third.start();
    await pause(5_000);
    assert.deepEqual(third.rung, ["b"]);
  }));

test("A1: an alarm that a flush carries from the tail to the index while a page is on its way is not missed", () =>
  virtually(async ({ begin, pause }) => {
    const life = await begin(3_600_000);
    life.set("a", 100);
    await pause(50);
    const { journal, tail } = life.writer;
    const alarms = journal.alarms.bind(journal);
    journal.alarms = async (...asked) => {
      const page = await alarms(...asked);
      await tail.flush();
      return page;
    };
    life.start();
    await pause(5_000);
    assert.deepEqual(life.rung, ["a"]);
  }));

test("A1, A2, A4: of more alarms than may be in memory each rings once, in order, while others are set and flushed meanwhile, 60 seeds", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    await virtually(async ({ world, begin, pause }) => {
      const before = await begin(seed % 2 === 0 ? 10 : 3_600_000);
      const dues = new Map<string, number>();
      const wallMs = before.process.clock.now();
      for (let i = 0; i < 40; i++) {
        const due = Math.floor(world.random.next() * 4_000);
        dues.set(`k${i}`, wallMs + due);
        before.set(`k${i}`, due);
      }
      await pause(200);
      before.crash();
      const life = await begin(20);
      let ringing = 0;
      let ringingMax = 0;
      const rung: AlarmEntry[] = [];
      life.start({ alarmsMax: 5, ringingMax: 3 }, async (alarm) => {
        rung.push(alarm);
        ringingMax = Math.max(ringingMax, (ringing += 1));
        await pause(world.random.next() * 20);
        ringing -= 1;
      });
      for (let i = 40; i < 80; i++) {
        const inMs = Math.floor(world.random.next() * 3_000);
        dues.set(`k${i}`, life.process.clock.now() + inMs);
        life.set(`k${i}`, inMs);
        if (i % 10 === 0) {
          life.set(`k${i - 5}`, null);
          dues.delete(`k${i - 5}`);
        }
        await pause(world.random.next() * 40);
      }
      await pause(10_000);
      const early = [...dues.keys()].filter((key) => !life.rung.includes(key));
      assert.deepEqual(early, [], `seed ${seed}: all rang`);
      const kept = rung.filter(({ key }) => dues.has(key));
      assert.equal(new Set(kept.map(({ key }) => key)).size, kept.length, `seed ${seed}: each once`);
      assert(ringingMax <= 3);
      const late = kept.filter(({ due }) => due > wallMs + 2_500).map(({ due }) => due);
      assert.deepEqual(
        late,
        late.toSorted((a, b) => a - b),
        `seed ${seed}: once nothing new comes, in order`,
      );
      life.stop();
    }, seed);
  }
});

test("A5: a ring that rejects is repeated after a back-off, until it does not, or the alarm has changed", () =>
  virtually(async ({ begin, pause }) => {
    const life = await begin();
    let failures = 3;
    life.start({ again: { firstMs: 100, maxMs: 1_000 } }, ({ key }) => {
      if (key === "cleared" || (failures -= 1) >= 0) return Promise.reject(new JournalFailure());
      return Promise.resolve();
    });
    life.set("a", 0);
    await pause(5_000);
    assert.deepEqual(life.rung, ["a", "a", "a", "a"]);
    life.set("cleared", 0);
    await pause(500);
    const rung = life.rung.length;
    assert(rung > 5);
    life.set("cleared", null);
    await pause(30);
    const settled = life.rung.length;
    await pause(10_000);
    assert.equal(life.rung.length, settled);
  }));

class JournalFailure extends Error {}

test("A1: what is attended when its record is committed does not ring in this life, and does in the next", () =>
  virtually(async ({ begin, pause }) => {
    const first = await begin();
    first.start({}, undefined, ({ key }) => key === "awake");
    first.set("awake", 0);
    first.set("asleep", 0);
    await pause(10_000);
    assert.deepEqual(first.rung, ["asleep"]);
    first.set("awake", 50);
    first.set("asleep", null);
    await pause(10_000);
    assert.deepEqual(first.rung, ["asleep"]);
    first.crash();
    const second = await begin();
    second.start();
    await pause(10_000);
    assert.deepEqual(second.rung, ["awake"]);
  }));

test("A1: a wall clock that jumps forward wakes within half a minute", () =>
  virtually(async ({ begin, pause }) => {
    const life = await begin();
    life.start();
    life.set("a", 3_600_000);
    await pause(1_000);
    life.process.jumpClock(7_200_000);
    await pause(alarmClockLimits.lookAgainMs);
    assert.deepEqual(life.rung, ["a"]);
  }));

test("alarm clock: a page that cannot be loaded is asked for again", () =>
  virtually(async ({ disk, begin, pause }) => {
    const before = await begin(10);
    before.set("a", 0);
    await pause(100);
    before.crash();
    const life = await begin();
    disk.faults = { ...disk.faults, failed: 1 };
    life.start();
    await pause(3_000);
    assert.deepEqual(life.rung, []);
    disk.faults = { ...disk.faults, failed: 0 };
    await pause(5_000);
    assert.deepEqual(life.rung, ["a"]);
  }));

test("alarm clock: once stopped it rings no more", () =>
  virtually(async ({ begin, pause }) => {
    const life = await begin();
    life.start();
    life.set("a", 100);
    await pause(50);
    life.stop();
    life.stop();
    await pause(1_000);
    assert.deepEqual(life.rung, []);
  }));
