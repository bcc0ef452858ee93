// The laws of chain-reader.ts on the simulated journal: indexed, not yet indexed, in pages of every size, and while more is written.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualWorld } from "../runtime/virtual/index.ts";
import { ChainReader } from "./chain-reader.ts";
import { plannedFaults, type PlannedFault } from "./faults/fault-plan.ts";
import { FaultyJournal } from "./faults/faulty-journal.ts";
import { JournalError } from "./journal.ts";
import { LogWriter } from "./log-writer.ts";
import type { Sink } from "./submission.ts";
import { logWriterLimits } from "./log-writer-limits.ts";
import { SimulatedDisk } from "./simulated/simulated-disk.ts";
import { SimulatedJournalStore } from "./simulated/simulated-journal.ts";
import { recordOf } from "./tck/rows.ts";

/** Several entities in one partition, each with its own chain. */
class Writing implements Sink {
  readonly written = new Map<string, string[]>();
  readonly #writer: LogWriter;
  readonly #last = new Map<string, { offset: number; version: number }>();

  constructor(writer: LogWriter) {
    this.#writer = writer;
  }

  submit(key: string): void {
    const { offset, version } = this.#last.get(key) ?? { offset: -1, version: 0 };
    const ids = this.written.get(key) ?? [];
    const id = `${key}${ids.length}`;
    const submission = this.#writer.submit(0, this, recordOf(key, id, offset, { version: version + 1 }));
    this.#last.set(key, { offset: submission.offset, version: version + 1 });
    this.written.set(key, [...ids, id]);
  }

  committed(): void {}
  rewind(): void {
    assert.fail("nothing fails here");
  }
  resume(): void {}
}

interface Bench {
  readonly world: VirtualWorld;
  readonly writer: LogWriter;
  readonly writing: Writing;
  readonly reader: (key: string, from?: number) => ChainReader;
  pause(ms: number): Promise<void>;
}

async function withWriter(scenario: (bench: Bench) => Promise<void>, faults: readonly PlannedFault[] = []): Promise<void> {
  const world = new VirtualWorld({ seed: 1 });
  const runtime = world.process("node");
  const run = async (): Promise<void> => {
    const opened = await new SimulatedJournalStore(new SimulatedDisk(world.outside), runtime, { process: "node" }).open("s", 1);
    const journal = new FaultyJournal(opened, plannedFaults(faults), { timers: world.outside.timers });
    const writer = await LogWriter.open("s", journal, runtime, logWriterLimits);
    const { type } = recordOf("k", "i", -1);
    await scenario({
      world,
      writer,
      writing: new Writing(writer),
      reader: (key, from = 0) => new ChainReader(writer, 0, { type, key }, from),
      pause: (ms) => new Promise((resolve) => void world.outside.timers.after(ms, resolve)),
    });
  };
  await world.runUntil(run());
  assert.deepEqual(world.failures, []);
}

/** Ids of what a reader gives until its pages reach `head`, and the offset that the last one named. */
async function all(
  reader: ChainReader,
  head: number,
  bytesMax = 1,
): Promise<{ readonly ids: readonly string[]; readonly next: number; readonly pages: number }> {
  const ids: string[] = [];
  for (let pages = 1; ; pages++) {
    const { records, next } = await reader.next(bytesMax);
    ids.push(...records.map(({ record }) => record.id));
    if (next >= head) return { ids, next, pages };
    assert.ok(records.length > 0, "a page before the last holds something");
  }
}

test("C1: the records of one entity, oldest first, from any offset on, and nothing of others", () =>
  withWriter(async ({ writer, writing, reader, pause }) => {
    for (let i = 0; i < 200; i++) writing.submit(i % 4 === 0 ? "a" : "b");
    await pause(100);
    assert.equal(writer.durable(0), 200);
    assert.deepEqual((await all(reader("a"), 200)).ids, writing.written.get("a"));
    assert.deepEqual((await all(reader("a", 100), 200)).ids, writing.written.get("a")?.slice(25));
    assert.deepEqual((await all(reader("a", 101), 200)).ids, writing.written.get("a")?.slice(26));
    assert.deepEqual(await all(reader("a", 197), 200), { ids: [], next: 200, pages: 1 });
    assert.deepEqual(await all(reader("nobody"), 200), { ids: [], next: 200, pages: 1 });
    await writer.tail.flush();
    assert.deepEqual((await all(reader("a"), 200)).ids, writing.written.get("a"), "indexed as not indexed");
  }));

test("C1, C2: pages are as large as they may be, whole records, at least one", () =>
  withWriter(async ({ writing, reader, pause }) => {
    for (let i = 0; i < 300; i++) writing.submit("a");
    await pause(200);
    for (const bytesMax of [1, 500, 10_000, 1_000_000]) {
      const { ids, pages } = await all(reader("a"), 300, bytesMax);
      assert.deepEqual(ids, writing.written.get("a"));
      assert.ok(
        bytesMax === 1 ? pages === 300 : bytesMax === 1_000_000 ? pages === 1 : pages > 1 && pages < 300,
        `${bytesMax}: ${pages} pages`,
      );
    }
  }));

test("C1: what is written while it is read makes no gap, and a reader that begins where another ended goes on from there", () =>
  withWriter(async ({ writer, writing, reader, pause }) => {
    const got: string[] = [];
    let next = 0;
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 5; i++) writing.submit(i % 2 === 0 ? "a" : "b");
      if (round % 3 === 0) await pause(round % 5);
      const until = writer.durable(0);
      if (until === next) continue;
      const read = await all(reader("a", next), until, 300);
      got.push(...read.ids);
      next = read.next;
    }
    await pause(100);
    got.push(...(await all(reader("a", next), 150)).ids);
    assert.deepEqual(got, writing.written.get("a"));
  }));

test("C1: after an error of the journal the same page can be asked for again", () =>
  withWriter(
    async ({ writing, reader, pause }) => {
      for (let i = 0; i < 200; i++) writing.submit("a");
      await pause(200);
      const reading = reader("a");
      const ids: string[] = [];
      let errors = 0;
      for (let next = 0; next < 200;) {
        try {
          const page = await reading.next(5_000);
          ids.push(...page.records.map(({ record }) => record.id));
          next = page.next;
        } catch (error) {
          assert(error instanceof JournalError, String(error));
          errors += 1;
        }
      }
      assert.deepEqual(ids, writing.written.get("a"));
      assert.equal(errors, 3);
    },
    [
      { operation: "chain", call: 1, fault: { kind: "fail-before", error: "failed" } },
      { operation: "records", call: 1, fault: { kind: "fail-before", error: "failed" } },
      { operation: "records", call: 3, fault: { kind: "fail-before", error: "failed" } },
    ],
  ));

test("C2: a closed reader gives nothing more", () =>
  withWriter(async ({ writing, reader, pause }) => {
    for (let i = 0; i < 10; i++) writing.submit("a");
    await pause(50);
    const reading = reader("a");
    await reading.next(1);
    reading.close();
    reading.close();
    assert.deepEqual((await reading.next(1_000)).records, []);
  }));
