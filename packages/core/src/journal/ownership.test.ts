// The laws W6 to W10 of log-writer.ts: two writers on one log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Recorder } from "../../test/numbered-sink.ts";
import { sharing, type Owner, type SharedLog } from "../../test/shared-log.ts";
import type { PlannedFault } from "./faults/fault-plan.ts";
import { checkIndex, checkLog, placedRecords } from "./simulated/log-laws.ts";

const idsOf = ({ disk }: SharedLog, partition: number): readonly string[] =>
  placedRecords(disk.rows("s"))
    .filter((placed) => placed.partition === partition)
    .map(({ epoch, record: { id } }) => `${epoch}:${id}`);

const at = <T>({ process }: Owner, { world }: SharedLog, act: () => T | Promise<T>): Promise<T> => process.enter(world.outside, act);

const append = (call: number, fault: PlannedFault["fault"]): PlannedFault => ({ operation: "append", call, fault });
const taking = (call: number, fault: PlannedFault["fault"]): PlannedFault => ({ operation: "takeOver", call, fault });

test("W6: a writer that takes what is granted owns nothing at first, and each partition under the epoch that was granted", () =>
  sharing(4, async (log) => {
    const [a, b] = [await log.owner("a"), await log.owner("b")];
    assert.deepEqual(
      [0, 1, 2, 3].map((p) => a.writer.owns(p) || a.writer.admits(p)),
      [false, false, false, false],
    );
    const taken = await at(a, log, () => Promise.all([a.writer.acquire(0, 5), a.writer.acquire(2, 7)]));
    await at(b, log, () => b.writer.acquire(1, 1));
    assert.deepEqual(taken, [{ taken: true }, { taken: true }]);
    assert.deepEqual(
      [0, 1, 2, 3].map((p) => [a.writer.owns(p), b.writer.owns(p)]),
      [
        [true, false],
        [false, true],
        [true, false],
        [false, false],
      ],
    );
    assert.deepEqual([a.writer.epoch(0), a.writer.epoch(2), b.writer.epoch(1)], [5, 7, 1]);
    const [ofA, ofB] = [new Recorder(a.writer), new Recorder(b.writer)];
    await at(a, log, () => [0, 2].forEach((p) => ofA.submit(p, "a")));
    await at(b, log, () => ofB.submit(1, "b"));
    await log.pause(50);
    assert.deepEqual(
      [0, 1, 2].map((p) => idsOf(log, p)),
      [["5:a"], ["1:b"], ["7:a"]],
    );
    assert.deepEqual([ofA.heard, ofB.heard], [["committed a", "committed a"], ["committed b"]]);
  }));

test("W6: a grant that is not above the present epoch is used up, whoever used it", () =>
  sharing(1, async (log) => {
    const [a, b] = [await log.owner("a"), await log.owner("b")];
    await at(a, log, () => a.writer.acquire(0, 3));
    for (const epoch of [1, 3]) assert.deepEqual(await at(b, log, () => b.writer.acquire(0, epoch)), { taken: false, epoch: 3 });
    assert.equal(b.writer.owns(0), false);
    assert.equal(b.writer.epoch(0), 3);
    assert.deepEqual(await at(b, log, () => b.writer.acquire(0, 4)), { taken: true });
  }));

test("W6: partitions that are acquired in one turn ask for their states once, and take over in one turn", () =>
  sharing(8, async (log) => {
    const a = await log.owner("a");
    const asked: string[] = [];
    const { partitions, takeOver } = log.journal;
    log.journal.partitions = () => {
      asked.push("partitions");
      return partitions.call(log.journal);
    };
    log.journal.takeOver = (...given) => {
      asked.push("takeOver");
      return takeOver.apply(log.journal, given);
    };
    await at(a, log, () => Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((p) => a.writer.acquire(p, 1))));
    assert.deepEqual(asked.slice(0, 9), ["partitions", ...new Array<string>(8).fill("takeOver")]);
  }));

test("W6: while it is not known whether a take-over was carried out nothing is said, and one that was, unheard, is used up", () =>
  sharing(2, async (log) => {
    const a = await log.owner("a", [taking(1, { kind: "fail-after" }), taking(2, { kind: "late", until: "on-release" })]);
    assert.deepEqual(await at(a, log, () => a.writer.acquire(0, 2)), { taken: false, epoch: 2 });
    assert.deepEqual(await at(a, log, () => a.writer.acquire(1, 2)), { taken: true }, "the late one can not be carried out any more");
    assert.deepEqual(await at(a, log, () => a.writer.acquire(0, 3)), { taken: true });
  }));

test("W6: what is acquired is folded first: the tail knows what the index does not, of the one before and what a crash left", () =>
  sharing(1, async (log) => {
    const slow = { indexDelayMs: 3_600_000 };
    const [a, b] = [await log.owner("a", [], slow), await log.owner("b", [], slow)];
    await at(a, log, () => a.writer.acquire(0, 1));
    await at(a, log, () => new Recorder(a.writer).submit(0, "x"));
    await log.pause(50);
    a.process.crash();
    await at(b, log, () => b.writer.acquire(0, 2));
    assert.deepEqual(b.writer.tail.lookup(0, "counter", "x-of-0"), { type: "counter", key: "x-of-0", version: 1, last: 0 });
    assert.equal(b.writer.durable(0), 1);
  }));

test("W6: a grant of what is believed to be owned is decided by the log: held on under the granted epoch, or lost and acquired", () =>
  sharing(1, async (log) => {
    const [a, b] = [await log.owner("a"), await log.owner("b")];
    await at(a, log, () => a.writer.acquire(0, 1));
    await at(a, log, () => a.writer.acquire(0, 3));
    assert.deepEqual([a.writer.epoch(0), a.raised, a.lost], [3, [[0, 3]], []]);
    await at(b, log, () => b.writer.acquire(0, 4));
    await at(b, log, () => new Recorder(b.writer).submit(0, "x"));
    await log.pause(20);
    assert.deepEqual(await at(a, log, () => a.writer.acquire(0, 5)), { taken: true });
    assert.deepEqual([a.writer.epoch(0), a.lost, a.writer.durable(0)], [5, [[0, 4]], 1]);
  }));

test("W7: what is released was committed and indexed, and nothing of it is kept; the next to acquire it has nothing to fold", () =>
  sharing(2, async (log) => {
    const slow = { indexDelayMs: 3_600_000 };
    const [a, b] = [await log.owner("a", [append(1, { kind: "slow", delayMs: 300 })], slow), await log.owner("b", [], slow)];
    await at(a, log, () => Promise.all([a.writer.acquire(0, 1), a.writer.acquire(1, 1)]));
    const sink = new Recorder(a.writer);
    await at(a, log, () => {
      sink.submit(0, "x");
      sink.submit(1, "y");
      return a.writer.release(0);
    });
    assert.deepEqual(sink.heard, ["committed x", "committed y"]);
    assert.deepEqual([a.writer.owns(0), a.writer.owns(1), a.writer.tail.size], [false, true, 1], "of the other one the tail is kept");
    assert.equal(log.disk.image("s")?.partitions[0]?.indexedTo, 1);
    await at(b, log, () => b.writer.acquire(0, 2));
    assert.equal(b.writer.tail.size, 0);
    await at(b, log, () => new Recorder(b.writer).submit(0, "z"));
    await log.pause(50);
    assert.deepEqual(idsOf(log, 0), ["1:x", "2:z"]);
  }));

test("W7: an index that cannot be stored does not hold up the release; the next one folds what it lacks", () =>
  sharing(1, async (log) => {
    const fault: PlannedFault = { operation: "index", call: 1, fault: { kind: "fail-before", error: "failed" } };
    const [a, b] = [await log.owner("a", [fault], { indexDelayMs: 3_600_000 }), await log.owner("b")];
    await at(a, log, () => a.writer.acquire(0, 1));
    await at(a, log, () => new Recorder(a.writer).submit(0, "x"));
    await at(a, log, () => a.writer.release(0));
    assert.deepEqual([a.writer.owns(0), a.writer.tail.size], [false, 0]);
    await at(b, log, () => b.writer.acquire(0, 2));
    assert.equal(b.writer.tail.lookup(0, "counter", "x-of-0")?.last, 0);
  }));

test("W8: who was fenced does not take the partition back; its submissions are void, and others of its partitions go on", () =>
  sharing(2, async (log) => {
    const [a, b] = [await log.owner("a"), await log.owner("b")];
    await at(a, log, () => Promise.all([a.writer.acquire(0, 1), a.writer.acquire(1, 1)]));
    await at(b, log, () => b.writer.acquire(0, 2));
    const sink = new Recorder(a.writer);
    await at(a, log, () => {
      sink.submit(0, "zombie");
      sink.submit(1, "fine");
    });
    await log.pause(5_000);
    assert.deepEqual(sink.heard.toSorted(), ["committed fine", "rewind"]);
    assert.deepEqual([a.lost, a.raised, b.lost], [[[0, 2]], [], []]);
    assert.deepEqual([a.writer.owns(0), a.writer.owns(1), b.writer.owns(0)], [false, true, true]);
    assert.deepEqual([idsOf(log, 0), log.disk.image("s")?.partitions[0]?.epoch], [[], 2]);
  }));

test("W8: the zombie: what it had appended before it was paused is committed when it goes on, the rest is void, and it has lost the partition", () =>
  sharing(1, async (log) => {
    const [a, b] = [await log.owner("a", [], { batchRecordsMax: 1 }), await log.owner("b")];
    await at(a, log, () => a.writer.acquire(0, 1));
    const [ofA, ofB] = [new Recorder(a.writer), new Recorder(b.writer)];
    await at(a, log, () => {
      ofA.submit(0, "1");
      ofA.submit(0, "2");
    });
    a.process.pause();
    await log.pause(100);
    assert.deepEqual(idsOf(log, 0), ["1:1"], "the first is on the disk, and it has not heard so");
    await at(b, log, () => b.writer.acquire(0, 2));
    await at(b, log, () => ofB.submit(0, "2", "of another"));
    await log.pause(100);
    a.process.resume();
    await log.pause(5_000);
    assert.deepEqual(ofA.heard, ["committed 1", "rewind"]);
    assert.deepEqual(a.lost, [[0, 2]]);
    assert.deepEqual(idsOf(log, 0), ["1:1", "2:2"]);
  }));

test("W8: another's record is never taken for one's own, not at the same offset and not with the same command id", () =>
  sharing(1, async (log) => {
    const [a, b] = [await log.owner("a", [append(1, { kind: "hang", done: false })]), await log.owner("b")];
    await at(a, log, () => a.writer.acquire(0, 1));
    const [ofA, ofB] = [new Recorder(a.writer), new Recorder(b.writer)];
    await at(a, log, () => ofA.submit(0, "same"));
    await log.pause(10);
    await at(b, log, () => b.writer.acquire(0, 2));
    await at(b, log, () => ofB.submit(0, "same", "of another"));
    await log.pause(10_000);
    assert.deepEqual([ofA.heard, ofB.heard], [["rewind"], ["committed same"]]);
    assert.deepEqual(a.lost, [[0, 2]]);
  }));

test("W8: who resolves a doubt and is still the owner raises the epoch and says so", () =>
  sharing(1, async (log) => {
    const a = await log.owner("a", [append(1, { kind: "fail-after" })]);
    await at(a, log, () => a.writer.acquire(0, 4));
    const sink = new Recorder(a.writer);
    await at(a, log, () => sink.submit(0, "x"));
    await log.pause(1_000);
    assert.deepEqual([sink.heard, a.raised, a.lost, a.writer.epoch(0)], [["committed x"], [[0, 5]], [], 5]);
  }));

test("W8: sinks are told before the loss is", () =>
  sharing(1, async (log) => {
    const [a, b] = [await log.owner("a", [append(1, { kind: "fail-after" })]), await log.owner("b")];
    await at(a, log, () => a.writer.acquire(0, 1));
    const sink = new Recorder(a.writer);
    a.writer.onLost((p, epoch) => sink.heard.push(`lost ${p} to ${epoch}`));
    await at(a, log, () => sink.submit(0, "x"));
    a.process.pause();
    await log.pause(50);
    await at(b, log, () => b.writer.acquire(0, 2));
    a.process.resume();
    await log.pause(5_000);
    assert.deepEqual(sink.heard, ["committed x", "lost 0 to 2"]);
  }));

test("W8: a doubt that began without a commit settles what is on its way, and a late answer of that says nothing of what came after", () =>
  sharing(1, async (log) => {
    const [a, b] = [await log.owner("a", [append(1, { kind: "slow", delayMs: 1_500 })]), await log.owner("b")];
    await at(a, log, () => a.writer.acquire(0, 1));
    const sink = new Recorder(a.writer);
    await at(a, log, () => sink.submit(0, "slow"));
    await log.pause(20);
    await at(b, log, () => b.writer.acquire(0, 2));
    assert.equal(await at(a, log, () => a.writer.confirm(0)), false);
    assert.deepEqual([sink.heard, a.lost], [["rewind"], [[0, 2]]]);
    await at(b, log, () => b.writer.release(0));
    assert.deepEqual(await at(a, log, () => a.writer.acquire(0, 3)), { taken: true });
    await at(a, log, () => sink.submit(0, "next"));
    await log.pause(5_000);
    assert.deepEqual(sink.heard, ["rewind", "committed next"]);
    assert.deepEqual(idsOf(log, 0), ["3:next"]);
  }));

test("W9: whoever follows sees what others append, in order, once; repeated and late rows do no harm, and a gap is read from the log", () =>
  sharing(1, async (log) => {
    const [host, b] = [await log.owner("watching"), await log.owner("b")];
    await at(b, log, () => b.writer.acquire(0, 1));
    const follower = host.writer.follow(0, 0);
    const seen: string[] = [];
    const follow = async (): Promise<void> => {
      for (;;) {
        const page = await follower.next(1_000);
        if (page.length === 0) return;
        for (const { offset, record } of page) seen.push(`${offset}:${record.id}`);
      }
    };
    void at(host, log, follow);
    const ofB = new Recorder(b.writer);
    for (const id of ["a", "b", "c", "d"]) {
      await at(b, log, () => ofB.submit(0, id));
      await log.pause(20);
    }
    const rows = log.disk.rows("s");
    await at(host, log, () => {
      for (const i of [0, 0, 1, 0]) host.writer.observe(0, rows[i]!);
      host.writer.observeHead(0, 1);
    });
    await log.pause(20);
    assert.deepEqual([seen, host.writer.durable(0), host.writer.tail.size], [["0:a", "1:b"], 2, 0], "nothing is folded");
    await at(host, log, () => host.writer.observe(0, rows[3]!));
    await log.pause(20);
    assert.deepEqual(seen, ["0:a", "1:b", "2:c", "3:d"]);
    follower.close();
  }));

test("W9: rows that are observed while the partition is still believed to be owned are followed once it is lost", () =>
  sharing(1, async (log) => {
    const [a, b] = [await log.owner("a"), await log.owner("b")];
    await at(a, log, () => a.writer.acquire(0, 1));
    await at(b, log, () => b.writer.acquire(0, 2));
    await at(b, log, () => new Recorder(b.writer).submit(0, "x"));
    await log.pause(20);
    await at(a, log, () => a.writer.observe(0, log.disk.rows("s")[0]!));
    assert.equal(a.writer.durable(0), 0);
    await log.pause(1_000);
    assert.deepEqual([a.lost, a.writer.durable(0), a.writer.epoch(0)], [[[0, 2]], 1, 2]);
  }));

test("W10: it is true of the owner, and false of one that was fenced without noticing, which has lost the partition by then", () =>
  sharing(1, async (log) => {
    const [a, b] = [await log.owner("a"), await log.owner("b")];
    await at(a, log, () => a.writer.acquire(0, 1));
    assert.equal(await at(a, log, () => a.writer.confirm(0)), true);
    await at(b, log, () => b.writer.acquire(0, 2));
    const told = await at(a, log, async () => [await a.writer.confirm(0), a.lost.length]);
    assert.deepEqual(told, [false, 1]);
    assert.equal(await at(a, log, () => a.writer.confirm(0)), false);
  }));

test("W10: an owner that raises its own epoch meanwhile is asked again under that", () =>
  sharing(1, async (log) => {
    const a = await log.owner("a", [append(1, { kind: "fail-after" })]);
    await at(a, log, () => a.writer.acquire(0, 1));
    const sink = new Recorder(a.writer);
    const { partitions } = log.journal;
    log.journal.partitions = async () => {
      await log.pause(200);
      return partitions.call(log.journal);
    };
    const confirmed = at(a, log, () => {
      sink.submit(0, "x");
      return a.writer.confirm(0);
    });
    assert.equal(await confirmed, true);
    assert.deepEqual(
      [a.confirms, a.lost],
      [
        [
          [0, 1],
          [0, 2],
        ],
        [],
      ],
    );
  }));

/** Two owners who want one partition again and again, with what may go wrong with each of their calls. */
async function duel(seed: number, faults: readonly PlannedFault[]): Promise<number> {
  let acquired = 0;
  await sharing(
    1,
    async (log) => {
      const owners = [await log.owner("a", faults), await log.owner("b")] as const;
      const sinks = owners.map(({ writer }) => new Recorder(writer));
      const submitted: string[][] = [[], []];
      let granted = 0;
      for (let round = 0; round < 8; round++) {
        const i = round % 2;
        const [owner, sink] = [owners[i]!, sinks[i]!];
        granted = Math.max(granted, owners[0].writer.epoch(0), owners[1].writer.epoch(0)) + 1;
        const epoch = granted;
        await at(owner, log, async () => {
          const { writer } = owner;
          if (!(await writer.acquire(0, epoch)).taken) return;
          acquired += 1;
          for (let n = 0; n < 3 && writer.admits(0); n++) {
            const id = `${i}.${round}.${n}`;
            submitted[i]!.push(id);
            sink.submit(0, id);
            if (log.world.random.next() < 0.5) await log.pause(log.world.random.next() * 3);
          }
        });
        await log.pause(log.world.random.next() * 4);
      }
      await log.pause(10_000);
      const placed = placedRecords(log.disk.rows("s"));
      checkLog(placed);
      checkIndex(placed, log.disk.image("s")!);
      const logged = new Set(placed.map(({ record }) => record.id));
      for (const [i, sink] of sinks.entries()) {
        const committed = sink.heard.filter((word) => word.startsWith("committed")).map((word) => word.slice(10));
        assert.deepEqual(committed, [...new Set(committed)], "each once");
        assert.deepEqual(
          committed,
          submitted[i]!.filter((id) => logged.has(id)),
          "committed if and only if it is in the log, in order",
        );
      }
    },
    seed,
  );
  return acquired;
}

test("W1 to W8: the duel: whichever call of an owner is ambiguous, at every k, what it hears is what the log says", async () => {
  const kinds: readonly PlannedFault["fault"][] = [
    { kind: "fail-after" },
    { kind: "late", until: { calls: 1 } },
    { kind: "late", until: { delayMs: 20 } },
    { kind: "hang", done: true },
    { kind: "hang", done: false },
    { kind: "slow", delayMs: 30 },
  ];
  let acquired = 0;
  for (const operation of ["append", "takeOver"] as const)
    for (const [i, fault] of kinds.entries())
      for (let call = 1; call <= 6; call++) acquired += await duel(call * 100 + i, [{ operation, call, fault }]);
  assert(acquired > 300, `${acquired} take-overs succeeded`);
});
