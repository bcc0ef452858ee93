// S1 to S5, one by one: what becomes of what is under way, and of what waits, when the host of a log changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../base/failure.ts";
import { type Journal, JournalError, type Row } from "../../journal/index.ts";
import { idsOf, letterOf, oneRow, readAll, stateOf, takeOver, write } from "../../journal/tck/rows.ts";
import type { NetworkFaults } from "../../transport/simulated/index.ts";
import { type Node, NodesUnderTest, service } from "./nodes-under-test.ts";
import type { LogHostLimits } from "./limits.ts";

const partitions = 2;
const seeds = 12;

interface Pair {
  readonly nodes: NodesUnderTest;
  /** The host at first, and the other. */
  readonly one: Node;
  readonly other: Node;
  /** As the two have it. */
  readonly atOne: Journal;
  readonly atOther: Journal;
}

/** Two nodes, the first of which hosts; `check` runs outside, and asks within a node. */
async function inPair(
  check: (pair: Pair) => Promise<void>,
  limits: Partial<LogHostLimits> = {},
  faults: Partial<NetworkFaults> = {},
): Promise<void> {
  for (let seed = 1; seed <= seeds; seed++) {
    const nodes = new NodesUnderTest({ seed }, faults, limits);
    const scenario = async (): Promise<void> => {
      const [one, other] = [nodes.up("ledger-1"), nodes.up("ledger-2")];
      nodes.name(one);
      const [atOne, atOther] = await Promise.all([open(nodes, one), open(nodes, other)]);
      await check({ nodes, one, other, atOne, atOther });
    };
    await nodes.world.runUntil(scenario());
    for (const { error } of nodes.world.failures) throw error;
  }
}

const open = (nodes: NodesUnderTest, node: Node): Promise<Journal> =>
  nodes.inside(node.process, () => node.store.open(service, partitions));

const isError =
  (kind: JournalError["kind"]) =>
  (error: unknown): boolean =>
    error instanceof JournalError && error.kind === kind;

/** The host is gone, and after a while the other node is named. */
async function moveHost({ nodes, one, other }: Pair, afterMs = 50): Promise<void> {
  nodes.crash(one);
  await nodes.pause(afterMs);
  nodes.name(other);
}

test("shared journal, S1 kept: what was told written is in the log that the next host opens, and epochs go on", async () => {
  await inPair(async (pair) => {
    const { nodes, other, atOther } = pair;
    await nodes.inside(other.process, async () => {
      const epoch = await takeOver(atOther, 0);
      await write(atOther, oneRow(0, 0, epoch, "a"));
      await moveHost(pair);
      await write(atOther, oneRow(0, 1, epoch, "b"));
      assert.deepEqual(idsOf(await readAll(atOther, 0)), ["a", "b"]);
      assert.deepEqual(other.store.epochs, [epoch, 0], "it is the host now");
    });
  });
});

test("shared journal, S2 goes on: what may be asked again is answered by the next host, also what was asked while there was none", async () => {
  await inPair(async (pair) => {
    const { nodes, other, atOther } = pair;
    await nodes.inside(other.process, async () => {
      const epoch = await takeOver(atOther, 0);
      await write(atOther, oneRow(0, 0, epoch, "a"));
      const asked = Promise.all([
        atOther.partitions(),
        atOther.park(letterOf("s", 1)),
        atOther.moveCursors([{ stream: "s", offset: 4 }]),
        atOther.index({ partition: 0, epoch, indexedTo: 1, entities: [], snapshots: [], alarms: [] }),
      ]);
      await moveHost(pair);
      const later = atOther.read(0, 0, 1_000);
      const [states, , , indexed] = await asked;
      assert.deepEqual([states[0]?.head, indexed], [1, true]);
      assert.deepEqual(idsOf((await later).rows), ["a"]);
      assert.deepEqual(await atOther.cursors(), [{ stream: "s", offset: 4 }]);
      assert.equal((await atOther.deadLetters(undefined, 10)).length, 1);
    });
  });
});

test("shared journal, S2 goes on: no more than so many requests wait for a host, and a closed journal lets all of them go", async () => {
  await inPair(
    async ({ nodes, one, other, atOther }) => {
      await nodes.inside(other.process, async () => {
        nodes.crash(one);
        await nodes.pause(10_000); // the link is lost
        const waiting = [1, 2, 3].map(() => atOther.partitions());
        const refusals = waiting.map((asked) => assert.rejects(asked, isError("failed")));
        await assert.rejects(atOther.partitions(), isError("failed"));
        await atOther[Symbol.asyncDispose]();
        await Promise.all(refusals);
        await assert.rejects(atOther.append([oneRow(0, 0, 1, "a")]), isError("failed"));
      });
    },
    { waitingMax: 3 },
  );
});

test("shared journal, S3 honest: an append whose host is lost is ambiguous, whether it is in the log or not; a take-over settles it", async () => {
  let [kept, lost] = [0, 0];
  await inPair(async (pair) => {
    const { nodes, other, atOther } = pair;
    await nodes.inside(other.process, async () => {
      const epoch = await takeOver(atOther, 0);
      const appended = assert.rejects(atOther.append([oneRow(0, 0, epoch, "a")]), isError("ambiguous"));
      await nodes.pause(1);
      await moveHost(pair);
      await appended;
      await takeOver(atOther, 0);
      if ((await readAll(atOther, 0)).length > 0) kept += 1;
      else lost += 1;
    });
  });
  assert(kept > 0 && lost > 0, `of ${seeds} ${kept} were in the log`);
});

test("shared journal, S3 honest: what was never asked of the lost host is asked of the next one, also what may not be repeated", async () => {
  await inPair(async (pair) => {
    const { nodes, other, atOther } = pair;
    await nodes.inside(other.process, async () => {
      const epoch = await takeOver(atOther, 0);
      nodes.crash(pair.one);
      await nodes.pause(10_000);
      const appended = atOther.append([oneRow(0, 0, epoch, "a")]);
      const taken = atOther.takeOver(1, 0);
      nodes.name(other);
      assert.deepEqual(await appended, ["written"]);
      assert.deepEqual(await taken, { taken: true, epoch: 1 });
    });
  });
});

test("shared journal, S4 one file: a node that is named waits until the process of the former host has ended", async () => {
  await inPair(async ({ nodes, one, other, atOther }) => {
    nodes.network.pause(one.name);
    await nodes.inside(other.process, async () => {
      nodes.name(other);
      const read = atOther.partitions();
      await nodes.pause(20_000);
      assert.equal(other.store.epochs, undefined);
      nodes.crash(one);
      nodes.name(other);
      assert.equal((await read).length, partitions);
      assert.deepEqual(other.store.epochs, [0, 0]);
    });
  });
});

test("shared journal, S4 one file: a node that opens the log for the first time gives up on a process that does not end", async () => {
  await inPair(async ({ nodes, one, other, atOther }) => {
    await nodes.inside(other.process, async () => atOther[Symbol.asyncDispose]());
    nodes.crash(other);
    nodes.network.pause(one.name);
    const next = nodes.up("ledger-2");
    nodes.name(next);
    await assert.rejects(open(nodes, next), (error) => error instanceof Failure && error.code === "JOURNAL_IN_USE");
  });
});

test("shared journal, S5 confirmed: a host that is lost confirms nothing, the next one does, also before anybody has taken over there", async () => {
  await inPair(
    async (pair) => {
      const { nodes, one, other, atOne, atOther } = pair;
      const old = await nodes.inside(other.process, () => takeOver(atOther, 0));
      const epoch = await nodes.inside(one.process, () => takeOver(atOne, 0));
      await nodes.inside(other.process, async () => {
        const refused = assert.rejects(Promise.resolve(atOther.confirm?.(0, epoch)), isError("failed"));
        await nodes.pause(0);
        nodes.network.cut(one.name, other.name);
        await moveHost(pair);
        await refused;
        assert.equal(await atOther.confirm?.(0, epoch), true);
        assert.equal(await atOther.confirm?.(0, old), false);
        const own = await takeOver(atOther, 0);
        assert.equal(atOther.confirm?.(0, own), true, "at once, at the host");
        assert.equal(atOther.confirm?.(0, epoch), false);
      });
    },
    {},
    { delayMs: [5, 10] },
  );
});

test("shared journal: a host hears of every row, whoever appends it, and of heads behind rows that nobody was told of", async () => {
  await inPair(async (pair) => {
    const { nodes, one, other, atOne, atOther } = pair;
    const heard: string[] = [];
    for (const node of [one, other]) {
      node.store.onHosting(({ epochs, heads }) => heard.push(`${node.name} hosts ${epochs.join()} ${heads.join()}`));
      node.store.onAppended(({ partition, offset, count }: Row) => heard.push(`${node.name} ${partition}:${offset}+${count}`));
      node.store.onTaken((partition, epoch, head) => heard.push(`${node.name} ${partition} taken ${epoch} ${head}`));
    }
    const epoch = await nodes.inside(one.process, () => takeOver(atOne, 0));
    await nodes.inside(one.process, () => write(atOne, oneRow(0, 0, epoch, "a")));
    await nodes.inside(other.process, async () => {
      const own = await takeOver(atOther, 1);
      await write(atOther, oneRow(1, 0, own, "b"));
      await moveHost(pair);
      await write(atOther, oneRow(1, 1, own, "c"));
      await takeOver(atOther, 0);
    });
    assert.deepEqual(heard, [
      "ledger-1 0 taken 1 0",
      "ledger-1 0:0+1",
      "ledger-1 1 taken 1 0",
      "ledger-1 1:0+1",
      "ledger-2 hosts 1,1 1,1",
      "ledger-2 1:1+1",
      "ledger-2 0 taken 2 1",
    ]);
  });
});

test("shared journal: an opening that waits for a host is given up when the store is closed", async () => {
  const nodes = new NodesUnderTest({ seed: 1 });
  const node = nodes.up("ledger-1");
  await nodes.world.runUntil(
    nodes.inside(node.process, async () => {
      const opened = assert.rejects(
        node.store.open(service, partitions),
        (error) => error instanceof Failure && error.code === "UNAVAILABLE",
      );
      await node.store[Symbol.asyncDispose]();
      await opened;
      await assert.rejects(node.store.open(service, partitions), (error) => error instanceof Failure && error.code === "UNAVAILABLE");
    }),
  );
});

test("shared journal: a link that comes before the log is open waits for it; one of another service is refused", async () => {
  const nodes = new NodesUnderTest({ seed: 3 });
  const [one, other, stranger] = [nodes.up("ledger-1"), nodes.up("ledger-2"), nodes.up("door-1", "door")];
  await nodes.world.runUntil(
    (async () => {
      await one.listening;
      nodes.name(one);
      const [early, refused] = [open(nodes, other), open(nodes, stranger)];
      let strangers = 0;
      refused.then(
        () => (strangers += 1),
        () => undefined,
      );
      await nodes.pause(5_000);
      const first = await open(nodes, one);
      const second = await early;
      assert.deepEqual(second.meta, first.meta);
      assert.deepEqual(await nodes.inside(other.process, async () => stateOf(second, 0)), { epoch: 0, head: 0, indexedTo: 0 });
      await nodes.pause(5_000);
      assert.equal(strangers, 0);
    })(),
  );
  assert((nodes.world.trace.marks.get("log_host.refused") ?? 0) > 0);
});
