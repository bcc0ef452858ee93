// J1, J2, J3, J5, J7: what may be appended, by whom, and what a take-over puts an end to.
import assert from "node:assert/strict";
import type { Appended, Row } from "../journal.ts";
import { lawOfJournal, partitionCount, type Subject } from "./journal-under-test.ts";
import { idsOf, oneRow, readAll, recordOf, rowOf, stateOf, takeOver, write } from "./rows.ts";

export function writeLaws(subject: Subject): void {
  lawOfJournal(subject, "J1 dense: rows at the head are written and move it by their number of records", async (journal) => {
    const epoch = await takeOver(journal, 1);
    await write(journal, oneRow(1, 0, epoch, "a"));
    await write(journal, rowOf(1, 1, epoch, [recordOf("k", "b"), recordOf("k", "c"), recordOf("k", "d")]));
    await write(journal, oneRow(1, 4, epoch, "e"));
    assert.equal((await stateOf(journal, 1)).head, 5);
    assert.deepEqual(idsOf(await readAll(journal, 1)), ["a", "b", "c", "d", "e"]);
  });

  lawOfJournal(subject, "J1 dense: a row before or behind the head is misplaced and not written", async (journal) => {
    const epoch = await takeOver(journal, 0);
    assert.deepEqual(await journal.append([oneRow(0, 1, epoch, "early")]), ["misplaced"]);
    await write(journal, rowOf(0, 0, epoch, [recordOf("k", "a"), recordOf("k", "b")]));
    for (const offset of [0, 1, 3, 1_000_000]) assert.deepEqual(await journal.append([oneRow(0, offset, epoch, "wrong")]), ["misplaced"]);
    assert.equal((await stateOf(journal, 0)).head, 2);
    await write(journal, oneRow(0, 2, epoch, "c"));
    assert.deepEqual(idsOf(await readAll(journal, 0)), ["a", "b", "c"]);
  });

  lawOfJournal(subject, "J1 dense: of several rows under way for one offset exactly one is written", async (journal) => {
    const epoch = await takeOver(journal, 0);
    for (let offset = 0; offset < 10; offset++) {
      const ids = ["x", "y", "z"].map((name) => `${name}${offset}`);
      const results = await Promise.all(ids.map((id) => journal.append([oneRow(0, offset, epoch, id)])));
      const written = ids.filter((_, i) => results[i]?.[0] === "written");
      assert.equal(written.length, 1);
      assert.equal(idsOf(await readAll(journal, 0))[offset], written[0]);
    }
  });

  lawOfJournal(subject, "J2 fenced: only rows of the current epoch are written", async (journal) => {
    const old = await takeOver(journal, 0);
    await write(journal, oneRow(0, 0, old, "a"));
    const epoch = await takeOver(journal, 0);
    for (const wrong of [old, old - 1, epoch + 1]) assert.deepEqual(await journal.append([oneRow(0, 1, wrong, "wrong")]), ["fenced"]);
    await write(journal, oneRow(0, 1, epoch, "b"));
    assert.deepEqual(
      (await readAll(journal, 0)).map((row) => row.epoch),
      [old, epoch],
    );
    assert.deepEqual(idsOf(await readAll(journal, 0)), ["a", "b"]);
  });

  lawOfJournal(subject, "J2 fenced: a take-over of one partition fences no other", async (journal) => {
    const epochs = [await takeOver(journal, 0), await takeOver(journal, 1)] as const;
    await takeOver(journal, 0);
    assert.deepEqual(await journal.append([oneRow(0, 0, epochs[0], "a"), oneRow(1, 0, epochs[1], "b")]), ["fenced", "written"]);
  });

  lawOfJournal(subject, "J3 taken once: a take-over that saw another epoch takes nothing and says the current one", async (journal) => {
    const epoch = await takeOver(journal, 0);
    for (const seen of [epoch - 1, epoch + 1, epoch + 100]) assert.deepEqual(await journal.takeOver(0, seen), { taken: false, epoch });
    assert.equal((await stateOf(journal, 0)).epoch, epoch);
    assert.deepEqual(await journal.takeOver(0, epoch), { taken: true, epoch: epoch + 1 });
  });

  lawOfJournal(
    subject,
    "J3 taken once: the epoch that a taker names is the current one then, however far above the one it saw",
    async (journal) => {
      const seen = await takeOver(journal, 0);
      assert.deepEqual(await journal.takeOver(0, seen, seen + 7), { taken: true, epoch: seen + 7 });
      assert.deepEqual(await journal.takeOver(0, seen, seen + 9), { taken: false, epoch: seen + 7 });
      assert.deepEqual(await journal.append([oneRow(0, 0, seen + 1, "a")]), ["fenced"]);
      assert.deepEqual(await journal.append([oneRow(0, 0, seen + 7, "b")]), ["written"]);
    },
  );

  lawOfJournal(subject, "J3 taken once: of several takers that saw the same epoch one wins", async (journal) => {
    for (let round = 0; round < 10; round++) {
      const { epoch: seen } = await stateOf(journal, 2);
      const results = await Promise.all([1, 2, 3].map(() => journal.takeOver(2, seen)));
      assert.equal(results.filter(({ taken }) => taken).length, 1);
      for (const { epoch } of results) assert.equal(epoch, seen + 1);
    }
  });

  lawOfJournal(subject, "J5 atomic: rows of one append do not depend on each other, results come in their order", async (journal) => {
    const epochs: number[] = [];
    for (let p = 0; p < partitionCount; p++) epochs.push(await takeOver(journal, p));
    const row = (p: number, offset: number, age: number): Row => oneRow(p, offset, (epochs[p] as number) - age, `p${p}`);
    const expected: readonly Appended[] = ["fenced", "written", "misplaced", "written"];
    assert.deepEqual(await journal.append([row(3, 0, 1), row(1, 0, 0), row(0, 7, 0), row(2, 0, 0)]), expected);
    const heads = (await journal.partitions()).map(({ head }) => head);
    assert.deepEqual(heads, [0, 1, 1, 0]);
  });

  lawOfJournal(subject, "J5 atomic: a large row of many records is written whole", async (journal) => {
    const epoch = await takeOver(journal, 0);
    const records = Array.from({ length: 5_000 }, (_, i) => recordOf("k", `r${i}`, -1, { reply: "x".repeat(200) }));
    await write(journal, rowOf(0, 0, epoch, records));
    const ids = idsOf(await readAll(journal, 0));
    assert.deepEqual([ids.length, ids[0], ids[4_999]], [5_000, "r0", "r4999"]);
  });

  lawOfJournal(subject, "J7 after epoch: once a take-over has resolved, no row of an older epoch is added", async (journal) => {
    let head = 0;
    for (let round = 0; round < 15; round++) {
      const { epoch: seen } = await stateOf(journal, 0);
      const before = journal.append([oneRow(0, head, seen, `before${round}`)]);
      const taking = journal.takeOver(0, seen);
      const after = journal.append([oneRow(0, head, seen, `after${round}`)]);
      const { taken, epoch } = await taking;
      assert.deepEqual({ taken, epoch }, { taken: true, epoch: seen + 1 });
      const found = idsOf(await readAll(journal, 0));
      const results = (await Promise.all([before, after])).map(([result]) => result);
      assert.deepEqual(idsOf(await readAll(journal, 0)), found);
      const written = [`before${round}`, `after${round}`].filter((_, i) => results[i] === "written");
      assert.deepEqual(found.slice(head), written);
      head = found.length;
    }
  });
}
