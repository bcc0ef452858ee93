import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../base/failure.ts";
import { type VirtualProcess, VirtualWorld } from "../../runtime/virtual/index.ts";
import { noFaults, type PlannedFault } from "../faults/fault-plan.ts";
import { type Appended, type Journal, JournalError } from "../journal.ts";
import { idsOf, letterOf, oneRow, readAll, recordOf, rowOf, stateOf, takeOver, write } from "../tck/rows.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedJournalStore } from "./simulated-journal.ts";

const service = "orders";

/** A machine with a disk, on which one process after the other runs. */
class Machine {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly faults: PlannedFault[] = [];
  process: VirtualProcess;
  store: SimulatedJournalStore;

  constructor(seed: number) {
    this.world = new VirtualWorld({ seed });
    this.disk = new SimulatedDisk(this.world.outside);
    [this.process, this.store] = this.#boot();
  }

  /** Runs `script` in the process until it is done. */
  run<T>(script: () => Promise<T>): Promise<T> {
    return this.world.runUntil(script());
  }

  open(partitions = 2): Promise<Journal> {
    return this.store.open(service, partitions);
  }

  crash(): void {
    this.process.crash();
    this.store.crash();
    [this.process, this.store] = this.#boot();
  }

  #boot(): [VirtualProcess, SimulatedJournalStore] {
    const process = this.world.process("node");
    const onFault = (_: string, planned: PlannedFault): void => void this.faults.push(planned);
    return [process, new SimulatedJournalStore(this.disk, process, { process: process.label, onFault })];
  }
}

const kindOf = (error: unknown): string => (error instanceof JournalError ? error.kind : String(error));
const isInUseByNode = (error: unknown): boolean =>
  error instanceof Failure && error.code === "JOURNAL_IN_USE" && error.message.includes("node#1");
const isJournalError = (kind: string) => (error: unknown) => error instanceof JournalError && error.kind === kind;

/** A history with concurrency, faults, a crash and a recovery; everything that could differ between two runs. */
async function eventful(seed: number): Promise<string> {
  const machine = new Machine(seed);
  const answers: string[] = [];
  await machine.run(async () => {
    const journal = await machine.open(4);
    const epochs = await Promise.all([0, 1, 2, 3].map((p) => takeOver(journal, p)));
    machine.disk.faults = { ...noFaults, slow: 0.2, failed: 0.1, full: 0.1, ambiguous: 0.1, late: 0.1 };
    for (let round = 0; round < 10; round++) {
      const appends = epochs.map(async (epoch, p) => {
        const head = (machine.disk.image(service)?.partitions[p]?.head ?? 0) + (round % 2);
        const answer = await journal.append([oneRow(p, head, epoch, `${round}-${p}`)]).then(String, kindOf);
        answers.push(`${round} ${p} ${answer}`);
      });
      await Promise.all(appends);
    }
    machine.disk.faults = noFaults;
    void journal.append(epochs.map((epoch, p) => oneRow(p, machine.disk.image(service)?.partitions[p]?.head ?? 0, epoch, `last-${p}`)));
  });
  machine.crash();
  await machine.world.run();
  return JSON.stringify([answers, machine.disk.rows(service), machine.disk.image(service), machine.faults, machine.world.trace.hash]);
}

test("simulated journal: the same seed gives the same answers, log and trace, another seed others", async () => {
  const runs = await Promise.all([1, 1, 2].map(eventful));
  assert.equal(runs[0], runs[1]);
  assert.notEqual(runs[0], runs[2]);
});

test("simulated journal: rows under way at a crash are each on the disk or not, by lot", async () => {
  const found = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const machine = new Machine(seed);
    await machine.run(async () => {
      const journal = await machine.open();
      const epochs = [await takeOver(journal, 0), await takeOver(journal, 1)] as const;
      void journal.append(epochs.map((epoch, p) => rowOf(p, 0, epoch, [recordOf("k", `${p}a`), recordOf("k", `${p}b`)])));
    });
    machine.crash();
    const rows = machine.disk.rows(service);
    for (const row of rows) assert.equal(row.count, 2);
    found.add(rows.map((row) => row.partition).join());
  }
  assert.deepEqual([...found].sort(), ["", "0", "0,1", "1"]);
});

test("simulated journal: no answer reaches a process that has died", async () => {
  const machine = new Machine(3);
  const heard: string[] = [];
  const hear = (what: string) => () => void heard.push(what);
  await machine.run(async () => {
    const journal = await machine.open();
    const epoch = await takeOver(journal, 0);
    void journal.append([oneRow(0, 0, epoch, "a")]).then(hear("append"), hear("append"));
    void journal.partitions().then(hear("partitions"), hear("partitions"));
    void journal.takeOver(1, 0).then(hear("takeOver"), hear("takeOver"));
  });
  machine.crash();
  await machine.world.run();
  assert.deepEqual(heard, []);
});

test("simulated journal: while a process is paused the disk carries out what it has submitted, and the answer waits for it", async () => {
  const machine = new Machine(4);
  const { world, disk } = machine;
  const answers: (readonly Appended[])[] = [];
  const [journal, epoch] = await machine.run(async () => {
    const opened = await machine.open();
    return [opened, await takeOver(opened, 0)] as const;
  });
  const submitted = journal.append([oneRow(0, 0, epoch, "a")]).then((results) => void answers.push(results));
  machine.process.pause();
  await world.runFor(1_000);
  assert.equal(disk.rows(service).length, 1);
  assert.deepEqual(answers, []);
  machine.process.resume();
  await world.runUntil(submitted);
  assert.deepEqual(answers, [["written"]]);
});

test("simulated journal: it is locked by the process that has it open, which is named, until that one closes it or dies", async () => {
  const machine = new Machine(5);
  const { world, disk } = machine;
  const other = world.process("other");
  const rival = new SimulatedJournalStore(disk, other, { process: other.label });
  await machine.run(() => machine.open());
  await assert.rejects(world.runUntil(rival.open(service, 2)), isInUseByNode);
  machine.crash();
  const journal = await world.runUntil(rival.open(service, 2));
  await assert.rejects(
    machine.run(() => machine.open()),
    /other#1/,
  );
  await machine.run(async () => journal[Symbol.asyncDispose]());
  await machine.run(() => machine.open());
});

test("simulated journal: a full disk refuses what writes, serves what reads, and works again once there is room", async () => {
  const machine = new Machine(6);
  await machine.run(async () => {
    const journal = await machine.open();
    const epoch = await takeOver(journal, 0);
    await write(journal, oneRow(0, 0, epoch, "a"));
    machine.disk.faults = { ...noFaults, full: 1 };
    await assert.rejects(journal.append([oneRow(0, 1, epoch, "b")]), isJournalError("full"));
    await assert.rejects(
      journal.index({ partition: 0, epoch, indexedTo: 1, entities: [], snapshots: [], alarms: [] }),
      isJournalError("full"),
    );
    assert.deepEqual(idsOf(await readAll(journal, 0)), ["a"]);
    machine.disk.faults = noFaults;
    await write(journal, oneRow(0, 1, epoch, "c"));
  });
  assert.deepEqual(idsOf(machine.disk.rows(service)), ["a", "c"]);
  assert.equal(machine.faults.length, 2);
});

test("simulated journal: a row that the medium will never store is refused with its position, nothing of its append is written", async () => {
  const machine = new Machine(7);
  machine.disk.refuses = (row) => row.body.includes("poison");
  await machine.run(async () => {
    const journal = await machine.open();
    const epochs = [await takeOver(journal, 0), await takeOver(journal, 1)] as const;
    const poisoned = [oneRow(0, 0, epochs[0], "a"), oneRow(1, 0, epochs[1], "poison")];
    await assert.rejects(
      journal.append(poisoned),
      (error) => isJournalError("refused")(error) && /partition 1, offset 0/.test(String(error)),
    );
    assert.deepEqual(machine.disk.rows(service), []);
    await write(journal, oneRow(0, 0, epochs[0], "a"));
    void journal.append([oneRow(1, 0, epochs[1], "poison")]);
  });
  machine.crash();
  assert.deepEqual(idsOf(machine.disk.rows(service)), ["a"]);
});

test("simulated journal: what was late when its process died may come until the successor takes over, and not after", async () => {
  const fates = { before: 0, after: 0, never: 0 };
  for (let seed = 0; seed < 80; seed++) {
    const machine = new Machine(seed);
    const { world, disk } = machine;
    await machine.run(async () => {
      const journal = await machine.open();
      const epoch = await takeOver(journal, 0);
      disk.faults = { ...noFaults, late: 1 };
      await assert.rejects(journal.append([oneRow(0, 0, epoch, "late")]), isJournalError("ambiguous"));
      disk.faults = noFaults;
    });
    machine.crash();
    const early = disk.rows(service).length;
    await world.runFor(seed % 2 === 0 ? noFaults.lateMsMax : 0);
    const before = disk.rows(service).length;
    await machine.run(async () => void (await takeOver(await machine.open(), 0)));
    const found = disk.rows(service).length;
    await world.run();
    assert.equal(disk.rows(service).length, found, `seed ${seed}: a row of an older epoch came after a take-over`);
    fates[early === 1 ? "before" : before === 1 || found === 1 ? "after" : "never"] += 1;
  }
  for (const [fate, count] of Object.entries(fates)) assert(count > 0, `no late row came ${fate} the crash was over`);
});

test("simulated disk: rows and image show the medium, and an index that was lost is empty", async () => {
  const machine = new Machine(8);
  const { disk } = machine;
  assert.deepEqual(disk.rows(service), []);
  assert.equal(disk.image(service), undefined);
  const row = rowOf(1, 0, 1, [recordOf("k", "a"), recordOf("k", "b", 0)]);
  const entry = { type: "counter", key: "k", version: 2, last: 1 };
  const snapshot = { type: "counter", key: "k", offset: 1, body: "{}" };
  const meta = await machine.run(async () => {
    const journal = await machine.open();
    const epoch = await takeOver(journal, 1);
    await write(journal, row);
    await journal.index({
      partition: 1,
      epoch,
      indexedTo: 2,
      entities: [entry],
      snapshots: [snapshot],
      alarms: [{ type: "counter", key: "k", due: 4 }],
    });
    await journal.quarantine({ type: "counter", key: "k", since: 1, reason: "test" });
    await journal.moveCursors([{ stream: "s", offset: 3 }]);
    await journal.park(letterOf("s", 2));
    return journal.meta;
  });
  assert.deepEqual(disk.rows(service), [row]);
  const untouched = { epoch: 0, head: 0, indexedTo: 0 };
  assert.deepEqual(disk.image(service), {
    meta,
    partitions: [untouched, { epoch: 1, head: 2, indexedTo: 2 }],
    entities: [{ partition: 1, ...entry }],
    snapshots: [{ partition: 1, ...snapshot }],
    alarms: [{ partition: 1, type: "counter", key: "k", due: 4 }],
    cursors: [{ stream: "s", offset: 3 }],
    deadLetters: [letterOf("s", 2)],
    quarantined: [{ type: "counter", key: "k", since: 1, reason: "test" }],
  });
  machine.crash();
  disk.loseIndex(service);
  await machine.run(async () => {
    const journal = await machine.open();
    assert.deepEqual(await stateOf(journal, 1), { epoch: 1, head: 2, indexedTo: 0 });
    assert.deepEqual(await journal.lookup(1, "counter", "k"), {});
    assert.deepEqual((await journal.chain(1, 1, -1, 10, 0)).offsets, [1, 0]);
    assert.deepEqual(await journal.alarms(undefined, 10), []);
    assert.deepEqual(await journal.cursors(), [{ stream: "s", offset: 3 }], "cursors are no part of the index");
  });
});
