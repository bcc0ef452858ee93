// The laws A6 and A7 of alarm-clock.ts: clocks of several processes on one log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sharing, type Owner, type SharedLog } from "../../test/shared-log.ts";
import { AlarmClock, alarmClockLimits, type AlarmClockLimits, type Ring } from "./alarm-clock.ts";
import type { Sink } from "./submission.ts";
import { recordOf } from "./tck/rows.ts";

class RingFailure extends Error {}

/** A clock in a process of its own on a log that others share, and what rang. */
class Waker {
  readonly rung: string[] = [];
  readonly owner: Owner;
  readonly clock: AlarmClock;
  readonly #log: SharedLog;
  readonly #sink: Sink = { committed: () => {}, rewind: () => {}, resume: () => {} };

  constructor(log: SharedLog, owner: Owner, limits: Partial<AlarmClockLimits> = {}, ring: Ring = () => Promise.resolve()) {
    this.owner = owner;
    this.#log = log;
    const rings: Ring = (alarm) => {
      assert(owner.writer.owns(alarm.partition), "only owned partitions ring");
      this.rung.push(alarm.key);
      return ring(alarm);
    };
    this.clock = new AlarmClock("s", owner.writer, owner.process, { ...alarmClockLimits, ...limits }, rings);
    owner.writer.onLost((partition) => this.clock.lost(partition));
  }

  inside<T>(act: () => T | Promise<T>): Promise<T> {
    return this.owner.process.enter(this.#log.world.outside, act);
  }

  async acquire(...grants: readonly (readonly [partition: number, epoch: number])[]): Promise<void> {
    await this.inside(async () => {
      await Promise.all(grants.map(([p, epoch]) => this.owner.writer.acquire(p, epoch)));
      for (const [p] of grants) this.clock.acquired(p);
    });
  }

  async move(partition: number): Promise<void> {
    await this.inside(async () => {
      await this.clock.leave(partition);
      await this.owner.writer.release(partition);
    });
  }

  set(partition: number, key: string, inMs: number | null): Promise<void> {
    const alarm = inMs === null ? null : Math.max(0, this.owner.process.clock.now() + inMs);
    return this.inside(() => void this.owner.writer.submit(partition, this.#sink, recordOf(key, `${key} ${inMs}`, -1, { alarm })));
  }
}

test("A6: an alarm rings where its partition is owned; the next owner rings what has not been taken back, also what is long due", () =>
  sharing(2, async (log) => {
    const [a, b] = [new Waker(log, await log.owner("a")), new Waker(log, await log.owner("b"))];
    await a.acquire([0, 1], [1, 1]);
    await b.clock.leave(0);
    for (const [p, key, inMs] of [
      [0, "early", 100],
      [0, "gone", 200],
      [0, "late", 5_000],
      [1, "stays", 5_000],
    ] as const)
      await a.set(p, key, inMs);
    await log.pause(1_000);
    assert.deepEqual(a.rung, ["early", "gone"]);
    await a.set(0, "gone", null);
    await log.pause(50);
    await a.move(0);
    await b.acquire([0, 2]);
    await log.pause(10_000);
    assert.deepEqual(
      [a.rung, b.rung],
      [
        ["early", "gone", "stays"],
        ["early", "late"],
      ],
    );
  }));

test("A6: what rings when a partition leaves is waited for, and what failed is not rung again; of a lost one nothing begins", () =>
  sharing(2, async (log) => {
    let rings = 0;
    const done: string[] = [];
    const a = new Waker(log, await log.owner("a"), { again: { firstMs: 300, maxMs: 300 } }, async ({ key }) => {
      rings += 1;
      await log.pause(500);
      if (key === "fails") throw new RingFailure();
      done.push(key);
    });
    const b = new Waker(log, await log.owner("b"));
    await a.acquire([0, 1], [1, 1]);
    await a.set(0, "slow", 0);
    await a.set(0, "fails", 0);
    await a.set(1, "later", 5_000);
    await log.pause(100);
    assert.equal(rings, 2);
    await a.move(0);
    assert.deepEqual(done, ["slow"]);
    await b.acquire([1, 2]);
    assert.equal(await a.inside(() => a.owner.writer.confirm(1)), false);
    await log.pause(10_000);
    assert.deepEqual([rings, b.rung], [2, ["later"]]);
  }));

test("A6, A7: of many more alarms than fit into memory, most of them others', none of an acquired partition is missed, and each page is read once", () =>
  sharing(4, async (log) => {
    const filler = new Waker(log, await log.owner("filler"), {}, () => Promise.reject(new RingFailure()));
    await filler.acquire([0, 1], [1, 1], [2, 1], [3, 1]);
    for (let i = 0; i < 120; i++) await filler.set(i % 4, `k${i}`, (i * 7_919) % 400_000);
    await log.pause(2_000);
    filler.clock.stop();
    const a = new Waker(log, await log.owner("a"), { alarmsMax: 5, ringingMax: 3 });
    let pages = 0;
    const { alarms } = log.journal;
    log.journal.alarms = (...given) => {
      pages += 1;
      return alarms.apply(log.journal, given);
    };
    await filler.inside(() => filler.owner.writer.release(2));
    await a.acquire([2, 2]);
    await log.pause(200_000);
    await filler.inside(() => filler.owner.writer.release(0));
    await a.acquire([0, 2]);
    await log.pause(50_000);
    assert(pages < 60, `${pages} pages were read of 24 and 15 again`);
    await log.pause(1_000_000);
    const mine = Array.from({ length: 120 }, (_, i) => i).filter((i) => i % 2 === 0);
    assert.deepEqual(a.rung.toSorted(), mine.map((i) => `k${i}`).toSorted());
    const seen = pages;
    await log.pause(1_000_000);
    assert.equal(pages, seen, "nothing is read while nothing is due");
  }));

test("A1, A6: whatever partitions come and go, the last owner of each rings every alarm in it, 40 seeds", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    await sharing(
      4,
      async (log) => {
        const { random } = log.world;
        const [a, b] = [new Waker(log, await log.owner("a"), { alarmsMax: 4 }), new Waker(log, await log.owner("b"), { alarmsMax: 4 })];
        const epochs = [1, 1, 1, 1];
        const owners: Waker[] = [a, a, b, b];
        await a.acquire([0, 1], [1, 1]);
        await b.acquire([2, 1], [3, 1]);
        let set = 0;
        for (let round = 0; round < 25; round++) {
          const p = Math.floor(random.next() * 4);
          const [from, to] = owners[p] === a ? [a, b] : [b, a];
          for (let n = 0; n < 3; n++) await from.set(p, `${p}.${(set += 1)}`, Math.floor(random.next() * 3_000));
          await log.pause(random.next() * 300);
          if (random.next() < 0.5) continue;
          if (random.next() < 0.7) await from.move(p);
          epochs[p] = Math.max(a.owner.writer.epoch(p), b.owner.writer.epoch(p)) + 1;
          await to.acquire([p, epochs[p]]);
          await from.inside(() => from.owner.writer.confirm(p));
          owners[p] = to;
        }
        await log.pause(60_000);
        const rung = new Set([...a.rung, ...b.rung]);
        const logged = log.disk.rows("s").flatMap(({ body }) => body.split("\n").map((line) => (JSON.parse(line) as { key: string }).key));
        assert.deepEqual(
          logged.filter((key) => !rung.has(key)),
          [],
          `seed ${seed}: all rang`,
        );
        for (const [p, owner] of owners.entries()) {
          const own = logged.filter((key) => key.startsWith(`${p}.`));
          const counts = own.map((key) => owner.rung.filter((one) => one === key).length);
          assert(
            counts.every((count) => count >= 1),
            `seed ${seed}: the last owner of ${p} rings all that was not taken back`,
          );
        }
      },
      seed,
    );
  }
});
