// The laws F1 to F4 of follower.ts on the simulated journal, whatever is done to it meanwhile. On files: follower.os.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualWorld } from "../runtime/virtual/index.ts";
import { CommitFeed } from "./commit-feed.ts";
import { type Fault, plannedFaults, type PlannedFault } from "./faults/fault-plan.ts";
import { FaultyJournal } from "./faults/faulty-journal.ts";
import { FeedFollower, type LogFollower } from "./follower.ts";
import { JournalError } from "./journal.ts";
import { LogWriter } from "./log-writer.ts";
import type { Sink } from "./submission.ts";
import { logWriterLimits, type LogWriterLimits } from "./log-writer-limits.ts";
import { encodeRecord } from "./record.ts";
import type { PlacedRecord } from "./row-records.ts";
import { SimulatedDisk } from "./simulated/simulated-disk.ts";
import { SimulatedJournalStore } from "./simulated/simulated-journal.ts";
import { recordOf } from "./tck/rows.ts";

/** Submits numbered records, and again under the next number when they are void, until told to stop. */
class Source implements Sink {
  readonly #writer: LogWriter;
  readonly #partition: number;
  readonly #size: number;
  #number = 0;
  #committed = -1;
  #prev = -1;

  constructor(writer: LogWriter, partition: number, size = 0) {
    this.#writer = writer;
    this.#partition = partition;
    this.#size = size;
  }

  submit(): void {
    if (!this.#writer.admits(this.#partition)) return;
    const record = recordOf("k", `n${(this.#number += 1)}`, this.#prev, { version: this.#number, reply: "x".repeat(this.#size) });
    this.#prev = this.#writer.submit(this.#partition, this, record).offset;
  }

  committed({ offset }: { readonly offset: number }): void {
    this.#committed = offset;
  }

  rewind(): void {
    this.#prev = this.#committed;
  }

  resume(): void {}
}

interface Bench {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly writer: LogWriter;
  pause(ms: number): Promise<void>;
  /** Ids of what the disk holds in partition 0. */
  ids(): readonly string[];
}

async function withWriter(
  seed: number,
  faults: readonly PlannedFault[],
  limits: Partial<LogWriterLimits>,
  scenario: (bench: Bench) => Promise<void>,
): Promise<void> {
  const world = new VirtualWorld({ seed });
  const runtime = world.process("node");
  const disk = new SimulatedDisk(world.outside);
  const run = async (): Promise<void> => {
    const opened = await new SimulatedJournalStore(disk, runtime, { process: "node" }).open("s", 2);
    const journal = new FaultyJournal(opened, plannedFaults(faults), { timers: world.outside.timers });
    const writer = await LogWriter.open("s", journal, runtime, { ...logWriterLimits, ...limits });
    const pause = (ms: number): Promise<void> => new Promise((resolve) => void world.outside.timers.after(ms, resolve));
    const ids = (): readonly string[] =>
      disk
        .rows("s")
        .filter(({ partition }) => partition === 0)
        .flatMap(({ body }) => body.split("\n").map((line) => (JSON.parse(line) as { readonly id: string }).id));
    await scenario({ world, disk, writer, pause, ids });
  };
  await world.runUntil(run());
  assert.deepEqual(world.failures, []);
}

/** Collects what a follower gives until it is closed; asks again after an error. */
async function collect(
  follower: LogFollower,
  into: PlacedRecord[],
  { pause }: Bench,
  onPage = (_: readonly PlacedRecord[]) => {},
): Promise<void> {
  for (;;) {
    try {
      const page = await follower.next(300);
      if (page.length === 0) return;
      onPage(page);
      into.push(...page);
    } catch (error) {
      assert(error instanceof JournalError, String(error));
      await pause(5);
    }
  }
}

const idsOf = (records: readonly PlacedRecord[]): readonly string[] => records.map(({ record }) => record.id);
const append = (call: number, fault: Fault): PlannedFault => ({ operation: "append", call, fault });

test("F1: from any offset a follower gets what is there and then what comes, in order, each once", () =>
  withWriter(1, [], {}, async (bench) => {
    const source = new Source(bench.writer, 0);
    for (let i = 0; i < 20; i++) source.submit();
    await bench.pause(50);
    const followers = [0, 7, 20].map((from) => bench.writer.follow(0, from));
    const got: PlacedRecord[][] = [[], [], []];
    const collecting = followers.map((follower, i) => collect(follower, got[i] as PlacedRecord[], bench));
    for (let i = 0; i < 20; i++) {
      source.submit();
      await bench.pause(i % 3);
    }
    await bench.pause(50);
    for (const follower of followers) follower.close();
    await Promise.all(collecting);
    assert.equal(bench.ids().length, 40);
    for (const [i, from] of [0, 7, 20].entries()) {
      assert.deepEqual(idsOf(got[i] as PlacedRecord[]), bench.ids().slice(from));
      assert.deepEqual(
        got[i]?.map(({ offset }) => offset),
        Array.from({ length: 40 - from }, (_, j) => from + j),
      );
    }
  }));

test("F1, F2: under 200 seeds of failing, ambiguous, late and hanging commits a follower shows the log and nothing but the log", async () => {
  let settled = 0;
  for (let seed = 1; seed <= 200; seed++) {
    await withWriter(seed, [], { commitTimeoutMs: 400, recentBytesMax: 1_500 }, async (bench) => {
      const { disk, world, writer } = bench;
      disk.faults = { ...disk.faults, failed: 0.08, full: 0.05, ambiguous: 0.1, late: 0.1, hang: 0.03, slow: 0.2 };
      const source = new Source(writer, 0);
      const got: PlacedRecord[] = [];
      const follower = writer.follow(0, 0);
      const collecting = collect(follower, got, bench, (page) => {
        const ids = bench.ids();
        for (const { offset, record } of page) {
          assert.equal(ids[offset], record.id, "what is shown is on the disk");
          assert(offset < writer.durable(0), "and is known to be durable");
        }
      });
      for (let i = 0; i < 30; i++) {
        source.submit();
        await bench.pause(world.random.next() * 40);
      }
      disk.faults = { ...disk.faults, failed: 0, full: 0, ambiguous: 0, late: 0, hang: 0, slow: 0 };
      await bench.pause(10_000);
      follower.close();
      await collecting;
      assert.deepEqual(idsOf(got), bench.ids(), `seed ${seed}`);
      settled += world.trace.marks.get("journal.doubt_resolved") ?? 0;
    });
  }
  assert(settled > 100, `${settled} doubts were settled`);
});

test("F2: a commit that is on the disk and in doubt is shown to nobody until the doubt is settled", () =>
  withWriter(3, [append(2, { kind: "hang", done: true })], { commitTimeoutMs: 1_000 }, async (bench) => {
    const { writer, pause } = bench;
    const source = new Source(writer, 0);
    source.submit();
    await pause(20);
    const [atHead, behind] = [writer.follow(0, 1), writer.follow(0, 0)];
    let shown = 0;
    const waiting = atHead.next(300).then((page) => (shown = page.length));
    source.submit();
    await pause(500);
    assert.deepEqual(bench.ids(), ["n1", "n2"], "it is on the disk");
    assert.equal(writer.durable(0), 1);
    assert.deepEqual(idsOf(await behind.next(1_000_000)), ["n1"]);
    assert.equal(shown, 0);
    await waiting;
    assert.equal(shown, 1);
    assert.deepEqual(idsOf(await behind.next(1_000_000)), ["n2"]);
  }));

test("F2: records that are void are never shown; those that take their offsets are", () =>
  withWriter(4, [append(1, { kind: "fail-before", error: "failed" })], {}, async ({ writer, pause }) => {
    const source = new Source(writer, 0);
    const follower = writer.follow(0, 0);
    const waiting = follower.next(300);
    source.submit();
    await pause(50);
    source.submit();
    assert.deepEqual(idsOf(await waiting), ["n2"]);
    assert.equal(follower.position, 1);
  }));

test("F3: who keeps up is served without the journal, who was away reads it in pages, and what is kept is bounded", () => {
  let reads = 0;
  return withWriter(5, [], { recentBytesMax: 4_000 }, async (bench) => {
    const { writer, pause } = bench;
    const { journal } = writer;
    const read = journal.read.bind(journal);
    journal.read = (...asked) => {
      reads += 1;
      return read(...asked);
    };
    const source = new Source(writer, 0, 100);
    const [live, away] = [writer.follow(0, 0), writer.follow(0, 0)];
    const got: PlacedRecord[] = [];
    const collecting = collect(live, got, bench);
    for (let i = 0; i < 60; i++) {
      source.submit();
      await pause(5);
    }
    assert.equal(got.length, 60);
    assert.equal(reads, 0);
    const late: PlacedRecord[] = [];
    const catching = collect(away, late, bench);
    await pause(2_000);
    assert(reads > 10, `${reads} pages`);
    assert.deepEqual(idsOf(late), idsOf(got));
    live.close();
    away.close();
    await Promise.all([collecting, catching]);
  });
});

test("F3: a feed keeps the newest records within its bytes, and nothing once nobody follows", () => {
  const soon: (() => void)[] = [];
  const feed = new CommitFeed(0, 10, { soon: (task) => void soon.push(task), endOfTurn: (task) => void soon.push(task) }, 1_000);
  const line = encodeRecord(recordOf("k", "id"));
  feed.committed(line);
  assert.equal(feed.recent(10, 1), undefined, "nobody follows");
  feed.joined();
  for (let i = 0; i < 20; i++) feed.committed(line);
  assert.equal(feed.head, 31);
  const kept = Math.floor(1_000 / line.length);
  assert.equal(feed.recent(31 - kept - 1, 1), undefined);
  assert.equal(feed.recent(31 - kept, 1_000_000)?.length, kept);
  assert.equal(feed.recent(31 - kept, 1)?.length, 1, "at least one");
  feed.left();
  assert.equal(feed.recent(30, 1), undefined);
});

/** A follower of one long row, and what waits for the end of a turn. */
function longRow(): { readonly follower: FeedFollower; readonly turns: (() => void)[]; readonly records: number } {
  const records = 40;
  const turns: (() => void)[] = [];
  const scheduler = { soon: (task: () => void) => void turns.push(task), endOfTurn: (task: () => void) => void turns.push(task) };
  const lines = Array.from({ length: records }, (_, i) => encodeRecord(recordOf("k", `n${i}`, i - 1, { reply: "x".repeat(4_000) })));
  const row = { partition: 0, offset: 0, count: records, epoch: 1, body: lines.join("\n") };
  const read = () => Promise.resolve({ rows: [row], next: undefined });
  return { follower: new FeedFollower(new CommitFeed(0, records, scheduler, 1_000), 0, read), turns, records };
}
/** More hops of promises than a page takes from one turn to the next. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

test("F4: a row of 160,000 characters is decoded in several turns, and is one page all the same", async () => {
  const { follower, turns, records } = longRow();
  const asked = follower.next(1_000);
  let count = 0;
  await microtasks();
  for (let turn = turns.shift(); turn; turn = turns.shift()) {
    turn();
    count += 1;
    await microtasks();
  }
  const page = await asked;
  assert.equal(page.length, records);
  assert.deepEqual([count, follower.position], [5, records]);
});

test("F4: closing between two of the turns ends the question with nothing", async () => {
  const { follower, turns } = longRow();
  const asked = follower.next(1_000);
  await microtasks();
  assert.equal(turns.length, 1);
  follower.close();
  turns.shift()?.();
  assert.deepEqual(await asked, []);
});

test("follower: closing ends a question that waits at the head, and one that reads, with nothing", () =>
  withWriter(6, [{ operation: "read", call: 3, fault: { kind: "slow", delayMs: 50 } }], {}, async ({ writer, pause }) => {
    const source = new Source(writer, 0);
    const waiting = writer.follow(0, 0);
    const asked = waiting.next(300);
    await pause(5);
    waiting.close();
    waiting.close();
    assert.deepEqual(await asked, []);
    assert.deepEqual(await waiting.next(300), []);
    source.submit();
    await pause(50);
    const reading = writer.follow(0, 0);
    const read = reading.next(300);
    reading.close();
    assert.deepEqual(await read, []);
  }));

test("follower: a page that cannot be read rejects with the journal's error, and is there when it is asked for again", () =>
  withWriter(7, [{ operation: "read", call: 3, fault: { kind: "fail-before", error: "failed" } }], {}, async ({ writer, pause }) => {
    const source = new Source(writer, 0);
    source.submit();
    await pause(50);
    const follower = writer.follow(0, 0);
    await assert.rejects(follower.next(300), (error) => error instanceof JournalError && error.kind === "failed");
    assert.equal(follower.position, 0);
    assert.deepEqual(idsOf(await follower.next(300)), ["n1"]);
  }));
