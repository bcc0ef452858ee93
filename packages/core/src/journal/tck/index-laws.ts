// J10 and J13: the index, and the quarantine beside it.
import assert from "node:assert/strict";
import { type Journal, JournalError, type IndexUpdate } from "../journal.ts";
import { lawOfJournal, partitionCount, service, type Subject } from "./journal-under-test.ts";
import { recordOf, rowOf, stateOf, takeOver, write } from "./rows.ts";

const entryOf = (key: string, last: number, version = last + 1) => ({ type: "counter", key, version, last });
const snapshotOf = (key: string, offset: number) => ({ type: "counter", key, offset, body: `{"upTo":${offset}}` });

/** Partition 0 with `records` records of entity "k"; the epoch. */
async function filled(journal: Journal, records: number): Promise<number> {
  const epoch = await takeOver(journal, 0);
  const all = Array.from({ length: records }, (_, i) => recordOf("k", `r${i}`, i - 1, { version: i + 1 }));
  await write(journal, rowOf(0, 0, epoch, all));
  return epoch;
}

/** An update of entity "k" in partition 0. */
const update = (epoch: number, indexedTo: number, change: Partial<IndexUpdate> = {}): IndexUpdate => ({
  partition: 0,
  epoch,
  indexedTo,
  entities: [entryOf("k", indexedTo - 1)],
  snapshots: [],
  alarms: [],
  ...change,
});

export function indexLaws(subject: Subject): void {
  lawOfJournal(subject, "J10 behind: what the index does not know is absent, what it knows is as it was stored", async (journal) => {
    const epoch = await filled(journal, 3);
    assert.deepEqual(await journal.lookup(0, "counter", "k"), {});
    assert.equal(await journal.index(update(epoch, 2)), true);
    assert.deepEqual(await journal.lookup(0, "counter", "k"), { entry: entryOf("k", 1) });
    assert.deepEqual(await journal.lookup(0, "counter", "other"), {});
    assert.deepEqual(await journal.lookup(0, "other", "k"), {});
    assert.deepEqual(await stateOf(journal, 0), { epoch, head: 3, indexedTo: 2 });
    assert.equal((await stateOf(journal, 1)).indexedTo, 0);
  });

  lawOfJournal(subject, "J10 behind: a newer update replaces entries and snapshots, and leaves the others", async (journal) => {
    const epoch = await filled(journal, 4);
    const both = [entryOf("k", 1), entryOf("other", 0)];
    await journal.index(update(epoch, 2, { entities: both, snapshots: [snapshotOf("k", 1), snapshotOf("other", 0)] }));
    await journal.index(update(epoch, 4, { snapshots: [snapshotOf("k", 3)] }));
    assert.deepEqual(await journal.lookup(0, "counter", "k"), { entry: entryOf("k", 3), snapshot: snapshotOf("k", 3) });
    assert.deepEqual(await journal.lookup(0, "counter", "other"), { entry: entryOf("other", 0), snapshot: snapshotOf("other", 0) });
    // Nothing new in the log, but a snapshot: the same position again.
    await journal.index(update(epoch, 4, { entities: [], snapshots: [snapshotOf("other", 2)] }));
    assert.deepEqual((await journal.lookup(0, "counter", "other")).snapshot, snapshotOf("other", 2));
  });

  lawOfJournal(subject, "J10 behind: an update of another epoch stores nothing and resolves false", async (journal) => {
    const old = await filled(journal, 2);
    const epoch = await takeOver(journal, 0);
    for (const wrong of [old, epoch + 1]) {
      assert.equal(await journal.index(update(wrong, 2, { snapshots: [snapshotOf("k", 1)] })), false);
      assert.deepEqual(await journal.lookup(0, "counter", "k"), {});
      assert.equal((await stateOf(journal, 0)).indexedTo, 0);
    }
    assert.equal(await journal.index(update(epoch, 2)), true);
  });

  lawOfJournal(subject, "J10 behind: an update below the stored position changes nothing and resolves true", async (journal) => {
    const epoch = await filled(journal, 4);
    await journal.index(update(epoch, 4, { snapshots: [snapshotOf("k", 3)] }));
    assert.equal(await journal.index(update(epoch, 2, { snapshots: [snapshotOf("k", 1)] })), true);
    assert.deepEqual(await journal.lookup(0, "counter", "k"), { entry: entryOf("k", 3), snapshot: snapshotOf("k", 3) });
    assert.equal((await stateOf(journal, 0)).indexedTo, 4);
  });

  lawOfJournal(subject, "J10 behind: an update that claims more than the log holds is not stored", async (journal) => {
    const epoch = await filled(journal, 2);
    try {
      assert.equal(await journal.index(update(epoch, 3)), false);
    } catch (error) {
      assert(error instanceof JournalError && error.kind === "refused", String(error));
    }
    assert.deepEqual(await journal.lookup(0, "counter", "k"), {});
    assert.equal((await stateOf(journal, 0)).indexedTo, 0);
  });

  lawOfJournal(
    subject,
    "J10 behind: after reopening the index is as it was, and takes updates of the epoch that still holds",
    async (journal, under) => {
      const epoch = await filled(journal, 3);
      await journal.index(update(epoch, 3));
      await journal[Symbol.asyncDispose]();
      const reopened = await under.store().open(service, partitionCount);
      assert.deepEqual(await stateOf(reopened, 0), { epoch, head: 3, indexedTo: 3 });
      assert.deepEqual(await reopened.lookup(0, "counter", "k"), { entry: entryOf("k", 2) });
      assert.equal(await reopened.index(update(epoch, 3, { snapshots: [snapshotOf("k", 2)] })), true);
    },
  );

  lawOfJournal(
    subject,
    "J13 absent: what an update has named is never denied, neither before it has answered nor after reopening",
    async (journal, under) => {
      const epoch = await filled(journal, 3);
      const keys = ["k", "", "ключ", "a\u0000b", ...Array.from({ length: 600 }, (_, i) => `k${i}`)];
      const stored = journal.index(update(epoch, 3, { entities: keys.map((key) => entryOf(key, 2)), snapshots: [snapshotOf("k", 2)] }));
      assert.equal(await stored, true);
      const denied = (of: Journal): readonly string[] => keys.filter((key) => !of.mayHold(0, "counter", key));
      assert.deepEqual(denied(journal), []);
      await journal[Symbol.asyncDispose]();
      const reopened = await under.store().open(service, partitionCount);
      for (let asked = 0; asked < 20; asked++) {
        assert.deepEqual(denied(reopened), []);
        await reopened.partitions();
      }
    },
  );

  lawOfJournal(subject, "quarantine: an entry is listed until it is released, and the same entity again replaces it", async (journal) => {
    const first = { type: "counter", key: "a", since: 1, reason: "one" };
    const second = { type: "counter", key: "a", since: 2, reason: "two", offset: 5 };
    const other = { type: "basket", key: "a", since: 3, reason: 'three\n"\u2028' };
    await journal.quarantine(first);
    await journal.quarantine(other);
    await journal.quarantine(second);
    const byType = (await journal.quarantined()).toSorted((a, b) => (a.type < b.type ? -1 : 1));
    assert.deepEqual(byType, [other, second]);
    assert.equal(await journal.release("counter", "a"), true);
    assert.equal(await journal.release("counter", "a"), false);
    assert.equal(await journal.release("counter", "never"), false);
    assert.deepEqual(await journal.quarantined(), [other]);
  });
}
