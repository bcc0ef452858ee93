// J4 and J5 across a crash: what was answered is there, what was not is there whole or not at all.
import assert from "node:assert/strict";
import type { Journal } from "../journal.ts";
import { type JournalUnderTest, law, lawOfJournal, partitionCount, service, type Subject } from "./journal-under-test.ts";
import { idsOf, letterOf, oneRow, readAll, recordOf, rowOf, stateOf, takeOver, write } from "./rows.ts";

async function crashAndReopen(under: JournalUnderTest): Promise<Journal> {
  await under.crash();
  return under.store().open(service, partitionCount);
}

export function crashLaws(subject: Subject): void {
  lawOfJournal(subject, "J4 durable: rows whose append has resolved survive a crash, and the next one", async (journal, under) => {
    const epoch = await takeOver(journal, 0);
    await write(journal, oneRow(0, 0, epoch, "a"));
    await write(journal, rowOf(0, 1, epoch, [recordOf("k", "b"), recordOf("k", "c")]));
    let reopened = await crashAndReopen(under);
    assert.deepEqual(idsOf(await readAll(reopened, 0)), ["a", "b", "c"]);
    reopened = await crashAndReopen(under);
    assert.deepEqual(idsOf(await readAll(reopened, 0)), ["a", "b", "c"]);
    assert.equal((await stateOf(reopened, 0)).head, 3);
  });

  lawOfJournal(subject, "J4 durable: an epoch that was taken outlives a crash and fences the dead owner's rows", async (journal, under) => {
    const old = await takeOver(journal, 0);
    const epoch = await takeOver(journal, 0);
    const reopened = await crashAndReopen(under);
    assert.equal((await stateOf(reopened, 0)).epoch, epoch);
    assert.deepEqual(await reopened.append([oneRow(0, 0, old, "late")]), ["fenced"]);
    await write(reopened, oneRow(0, 0, epoch, "a"));
  });

  lawOfJournal(subject, "J4 durable: an index that has resolved survives a crash", async (journal, under) => {
    const epoch = await takeOver(journal, 0);
    await write(journal, rowOf(0, 0, epoch, [recordOf("k", "a")]));
    const entry = { type: "counter", key: "k", version: 1, last: 0 };
    const snapshot = { type: "counter", key: "k", offset: 0, body: '{"total":1}' };
    const alarms = [{ type: "counter", key: "k", due: 9 }];
    assert.equal(await journal.index({ partition: 0, epoch, indexedTo: 1, entities: [entry], snapshots: [snapshot], alarms }), true);
    const reopened = await crashAndReopen(under);
    assert.equal((await stateOf(reopened, 0)).indexedTo, 1);
    assert.deepEqual(await reopened.lookup(0, "counter", "k"), { entry, snapshot });
    assert.deepEqual(await reopened.alarms(undefined, 10), [{ partition: 0, type: "counter", key: "k", due: 9 }]);
  });

  lawOfJournal(subject, "J4 durable: a quarantine that has resolved survives a crash, and so does its end", async (journal, under) => {
    const kept = { type: "counter", key: "kept", since: 5, reason: "poisoned", offset: 7 };
    await journal.quarantine(kept);
    await journal.quarantine({ type: "counter", key: "released", since: 6, reason: "poisoned" });
    await journal.release("counter", "released");
    const reopened = await crashAndReopen(under);
    assert.deepEqual(await reopened.quarantined(), [kept]);
  });

  lawOfJournal(subject, "J12 rising: cursors and dead letters that have resolved survive a crash", async (journal, under) => {
    await journal.moveCursors([
      { stream: "a", offset: 3 },
      { stream: "b", offset: 1 },
    ]);
    await journal.park(letterOf("a", 7));
    await journal.park(letterOf("a", 8));
    await journal.discard("a", 8);
    const reopened = await crashAndReopen(under);
    assert.deepEqual(
      (await reopened.cursors()).toSorted((one, other) => (one.stream < other.stream ? -1 : 1)),
      [
        { stream: "a", offset: 3 },
        { stream: "b", offset: 1 },
      ],
    );
    assert.deepEqual(await reopened.deadLetters(undefined, 10), [letterOf("a", 7)]);
  });

  law(
    subject,
    "J5 atomic: rows under way at a crash are in the log whole or not at all, behind those that were answered",
    async (under) => {
      let journal = await under.store().open(service, partitionCount);
      const answered: string[][] = Array.from({ length: partitionCount }, () => []);
      const heads = new Array<number>(partitionCount).fill(0);
      for (let round = 0; round < 10; round++) {
        const epochs: number[] = [];
        for (let p = 0; p < partitionCount; p++) epochs.push(await takeOver(journal, p));
        const row = (p: number, offset: number, name: string) =>
          rowOf(p, offset, epochs[p] as number, [recordOf("k", `${name}-${round}-${p}-0`), recordOf("k", `${name}-${round}-${p}-1`)]);
        for (let p = 0; p < round % partitionCount; p++) {
          await write(journal, row(p, heads[p] as number, "answered"));
          answered[p]?.push(`answered-${round}-${p}-0`, `answered-${round}-${p}-1`);
          heads[p] = (heads[p] as number) + 2;
        }
        const rows = heads.map((head, p) => row(p, head, "underway"));
        const behind = heads.map((head, p) => row(p, head + 2, "behind"));
        // Whether the dead process hears something, and what, is of no consequence.
        void Promise.allSettled([
          journal.append(rows),
          journal.append(behind),
          journal.index({
            partition: 0,
            epoch: epochs[0] as number,
            indexedTo: heads[0] as number,
            entities: [],
            snapshots: [],
            alarms: [],
          }),
        ]);
        journal = await crashAndReopen(under);
        for (let p = 0; p < partitionCount; p++) {
          const ids = idsOf(await readAll(journal, p)); // insists on dense offsets and whole rows
          const tail = ids.slice(heads[p]);
          const expected = ["underway", "behind"].flatMap((name) => [0, 1].map((i) => `${name}-${round}-${p}-${i}`)).slice(0, tail.length);
          assert.deepEqual(ids.slice(0, heads[p]), answered[p]);
          assert.deepEqual(tail, expected);
          const { head, indexedTo } = await stateOf(journal, p);
          assert.equal(head, ids.length);
          assert(indexedTo <= head);
          answered[p] = [...ids];
          heads[p] = head;
        }
      }
    },
  );
}
