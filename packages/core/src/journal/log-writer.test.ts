// The laws W1 to W5 of log-writer.ts, with sinks of the test's own; the simulations run the same laws under whole systems.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { VirtualWorld } from "../runtime/virtual/index.ts";
import { plannedFaults, type PlannedFault } from "./faults/fault-plan.ts";
import { FaultyJournal } from "./faults/faulty-journal.ts";
import type { Journal } from "./journal.ts";
import { LogWriter } from "./log-writer.ts";
import type { Sink, Submission } from "./submission.ts";
import { logWriterLimits, type LogWriterLimits } from "./log-writer-limits.ts";
import { SimulatedDisk } from "./simulated/simulated-disk.ts";
import { SimulatedJournalStore } from "./simulated/simulated-journal.ts";

/** Submits numbered records for one key, and writes down what it hears. */
class Recorder implements Sink {
  readonly heard: string[] = [];
  readonly #writer: LogWriter;
  readonly #partition: number;
  readonly #key: string;
  #prev = -1;
  #committed = -1;
  #version = 0;

  constructor(writer: LogWriter, partition: number, key = "k") {
    this.#writer = writer;
    this.#partition = partition;
    this.#key = key;
  }

  submit(id: string, reply = ""): void {
    this.#version += 1;
    const record = {
      type: "t",
      key: this.#key,
      version: this.#version,
      prev: this.#prev,
      command: "c",
      id,
      minted: 0,
      input: "",
      caller: "test",
      now: 0,
      events: [["E", 1, {}]] as const,
      reply,
    };
    this.#prev = this.#writer.submit(this.#partition, this, record).offset;
  }

  committed({ record, offset }: Submission): void {
    this.heard.push(`committed ${record.id}`);
    this.#committed = offset;
  }

  rewind(doubted: boolean): void {
    this.heard.push(doubted ? "rewind after doubt" : "rewind");
    this.#prev = this.#committed;
  }

  resume(): void {
    this.heard.push("resume");
  }
}

interface Bench {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly writer: LogWriter;
  readonly pause: (ms: number) => Promise<void>;
}

async function withWriter(
  faults: readonly PlannedFault[],
  limits: Partial<LogWriterLimits>,
  scenario: (bench: Bench) => Promise<void>,
): Promise<void> {
  const world = new VirtualWorld({ seed: 7 });
  const runtime = world.process("node");
  const disk = new SimulatedDisk(world.outside);
  const open = async (): Promise<LogWriter> => {
    const opened: Journal = await new SimulatedJournalStore(disk, runtime, { process: "node" }).open("s", 2);
    const journal = new FaultyJournal(opened, plannedFaults(faults), { timers: world.outside.timers });
    return LogWriter.open("s", journal, runtime, { ...logWriterLimits, ...limits });
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void world.outside.timers.after(ms, resolve));
  await world.runUntil(open().then((writer) => scenario({ world, disk, writer, pause })));
  assert.deepEqual(world.failures, []);
}

const append = (call: number, fault: PlannedFault["fault"]): PlannedFault => ({ operation: "append", call, fault });

test("W1: submissions of one turn share a commit, across partitions, and are heard in order", () =>
  withWriter([], {}, async ({ writer, disk, pause }) => {
    const [a, b] = [new Recorder(writer, 0), new Recorder(writer, 1)];
    a.submit("a1");
    b.submit("b1");
    a.submit("a2");
    await pause(50);
    assert.deepEqual(a.heard, ["committed a1", "committed a2"]);
    assert.deepEqual(b.heard, ["committed b1"]);
    assert.deepEqual(
      disk.rows("s").map(({ partition, offset, count }) => [partition, offset, count]),
      [
        [0, 0, 2],
        [1, 0, 1],
      ],
    );
  }));

test("W2: after a definite failure the sink starts over, and what waited behind it in the partition is void as well", () =>
  withWriter([append(1, { kind: "fail-before", error: "failed" })], { batchRecordsMax: 1 }, async ({ writer, disk, pause }) => {
    const sink = new Recorder(writer, 0);
    sink.submit("1");
    sink.submit("2");
    await pause(50);
    assert.deepEqual(sink.heard, ["rewind"]);
    assert.deepEqual(disk.rows("s"), []);
    sink.submit("3");
    await pause(50);
    assert.deepEqual(
      disk.rows("s").map(({ offset }) => offset),
      [0],
      "the offsets that were given out are given out again",
    );
  }));

test("W3: an ambiguous commit that was applied is found under a newer epoch and acknowledged then; the partition is closed meanwhile", () =>
  withWriter([append(1, { kind: "fail-after" })], {}, async ({ writer, disk, pause }) => {
    const sink = new Recorder(writer, 0);
    sink.submit("1");
    for (let i = 0; writer.admits(0); i++) {
      assert.ok(i < 100, "the commit becomes ambiguous");
      await pause(1);
    }
    assert.deepEqual(sink.heard, []);
    writer.waitFor(0, sink);
    await pause(500);
    assert.deepEqual(sink.heard, ["committed 1", "resume"]);
    assert.equal(disk.image("s")?.partitions[0]?.epoch, 2, "one for the start, one for the doubt");
  }));

test("W3: an ambiguous commit that was not applied is void only once the newer epoch is committed", () =>
  withWriter([append(1, { kind: "late", until: "on-release" })], {}, async ({ writer, disk, pause }) => {
    const sink = new Recorder(writer, 0);
    sink.submit("1");
    await pause(500);
    assert.deepEqual(sink.heard, ["rewind after doubt"]);
    assert.equal(disk.image("s")?.partitions[0]?.epoch, 2);
  }));

test("W3: a commit that never answers counts as ambiguous after its time, and other partitions go on meanwhile", () =>
  withWriter([append(1, { kind: "hang", done: true })], { commitTimeoutMs: 1_000 }, async ({ writer, pause }) => {
    const [a, b] = [new Recorder(writer, 0), new Recorder(writer, 1)];
    a.submit("a1");
    await pause(1_500);
    b.submit("b1");
    await pause(500);
    assert.deepEqual(b.heard, ["committed b1"]);
    assert.deepEqual(a.heard, ["committed a1"]);
  }));

test("W4: a record that is always refused is isolated by halving; it alone carries the failure", () =>
  withWriter([], {}, async ({ writer, disk, pause }) => {
    disk.refuses = (row) => row.body.includes("poison");
    const failures: string[] = [];
    const sinks = Array.from({ length: 12 }, (_, i) => {
      let submission: Submission | undefined;
      const submit = (): void => {
        submission = writer.submit(i % 2, sink, {
          type: "t",
          key: `k${i}`,
          version: 1,
          prev: -1,
          command: "c",
          id: `${i}`,
          minted: 0,
          input: "",
          caller: "",
          now: 0,
          events: [["E", 1, {}]],
          reply: i === 5 ? "poison" : "",
        });
      };
      const sink: Sink = {
        committed: () => failures.push(`ok ${i}`),
        rewind: () => (submission?.failure ? void failures.push(`${submission.failure.kind} ${i}`) : submit()),
        resume: () => {},
      };
      return submit;
    });
    for (const submit of sinks) submit();
    await pause(2_000);
    assert.deepEqual(
      failures.filter((entry) => !entry.startsWith("ok")),
      ["refused 5"],
    );
    assert.equal(failures.length, 12);
  }));

test("W5: a partition with too many uncommitted bytes does not admit until they are committed, another one does", () =>
  withWriter([], { uncommittedBytesMax: 500 }, async ({ writer, pause }) => {
    const sink = new Recorder(writer, 0);
    let submitted = 0;
    while (writer.admits(0)) sink.submit(`${(submitted += 1)}`, "x".repeat(100));
    assert.ok(submitted >= 2 && submitted <= 5, `${submitted} were admitted`);
    assert.ok(writer.admits(1));
    writer.waitFor(0, sink);
    await pause(100);
    assert.equal(sink.heard.at(-1), "resume");
    assert.ok(writer.admits(0));
  }));

test("log writer: what the index does not know is folded from the log at start, and found through the tail", () =>
  withWriter([], { indexDelayMs: 3_600_000 }, async ({ world, disk, writer, pause }) => {
    const sink = new Recorder(writer, 0, "late");
    sink.submit("1");
    sink.submit("2");
    await pause(50);
    assert.equal(disk.image("s")?.entities.length, 0);
    const next = world.process("next");
    const store = new SimulatedJournalStore(disk, next, { process: "next" });
    await writer.journal[Symbol.asyncDispose]();
    const successor = await LogWriter.open("s", await store.open("s", 2), next, logWriterLimits);
    assert.deepEqual(successor.tail.lookup(0, "t", "late"), { type: "t", key: "late", version: 2, last: 1 });
  }));

test("log writer: what gathers beyond half of the last batch leaves before the turn has ended, while nothing is in flight", () =>
  withWriter([], { earlyRecordsMin: 2 }, async ({ writer, disk, pause }) => {
    const sink = new Recorder(writer, 0);
    const counts = (): readonly number[] => disk.rows("s").map(({ count }) => count);
    const burst = async (records: number): Promise<void> => {
      for (let i = 0; i < records; i++) sink.submit("r");
      await pause(50);
    };
    await burst(9);
    assert.deepEqual(counts(), [2, 7], "two at once, the others while those were on their way");
    await burst(6);
    assert.deepEqual(counts().slice(2), [3, 3], "half of seven");
    await burst(1);
    assert.deepEqual(counts().slice(4), [1], "fewer wait for the end of the turn");
  }));

/** Submits what it is told to until it is committed, after every rewind again from the first that is not. */
class Persistent implements Sink {
  readonly committedIds: string[] = [];
  readonly #writer: LogWriter;
  readonly #partition: number;
  readonly #key: string;
  readonly #open: string[] = [];
  #prev = -1;
  #last = -1;

  constructor(writer: LogWriter, partition: number, key: string) {
    this.#writer = writer;
    this.#partition = partition;
    this.#key = key;
  }

  submit(id: string): void {
    this.#open.push(id);
    if (this.#writer.admits(this.#partition)) this.#send(id);
    else this.#writer.waitFor(this.#partition, this);
  }

  #send(id: string): void {
    const [type, key, prev] = ["t", this.#key, this.#prev];
    const identity = { command: "c", id, minted: 0, input: "", caller: "test", now: 0 };
    this.#prev = this.#writer.submit(this.#partition, this, { type, key, version: 0, prev, ...identity, events: [], reply: "" }).offset;
  }

  committed({ record, offset }: Submission): void {
    this.#last = offset;
    this.committedIds.push(record.id);
    assert.equal(this.#open.shift(), record.id, "W1: in the order of submission");
  }

  rewind(): void {
    this.#prev = this.#last;
    this.#writer.waitFor(this.#partition, this);
  }

  resume(): void {
    this.#prev = this.#last;
    for (const id of this.#open) this.#send(id);
  }
}

test("W1 to W3: whatever fails and whenever batches close, every record is committed once, in order", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 8 }),
      fc.array(
        fc.record({
          operation: fc.constant("append" as const),
          call: fc.integer({ min: 1, max: 12 }),
          fault: fc.constantFrom<PlannedFault["fault"]>(
            { kind: "fail-before", error: "failed" },
            { kind: "fail-after" },
            { kind: "slow", delayMs: 20 },
            { kind: "late", until: { calls: 1 } },
          ),
        }),
        { maxLength: 4 },
      ),
      (earlyRecordsMin, bursts, faults) =>
        withWriter(faults, { earlyRecordsMin }, async ({ writer, disk, pause }) => {
          const sinks = [0, 1, 2].map((i) => new Persistent(writer, i % 2, `k${i}`));
          const expected: string[][] = sinks.map(() => []);
          for (const [burst, [records, pauseMs]] of bursts.entries()) {
            for (let r = 0; r < records; r++) {
              const which = r % sinks.length;
              expected[which]?.push(`${burst}.${r}`);
              sinks[which]?.submit(`${burst}.${r}`);
            }
            await pause(pauseMs);
          }
          await pause(5_000);
          assert.deepEqual(
            sinks.map(({ committedIds }) => committedIds),
            expected,
          );
          const logged = disk
            .rows("s")
            .flatMap(({ body }) => body.split("\n").map((line) => JSON.parse(line) as { key: string; id: string }));
          for (const [i, ids] of expected.entries())
            assert.deepEqual(
              logged.filter(({ key }) => key === `k${i}`).map(({ id }) => id),
              ids,
              "the log holds each once",
            );
        }),
    ),
    { numRuns: 200, seed: 11 },
  ));
