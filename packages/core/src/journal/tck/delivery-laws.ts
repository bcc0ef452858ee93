// J11 and J12: alarms in their order, cursors that only rise, dead letters.
import assert from "node:assert/strict";
import type { AlarmChange, AlarmEntry, Journal } from "../journal.ts";
import { lawOfJournal, type Subject } from "./journal-under-test.ts";
import { letterOf, recordOf, rowOf, takeOver, write } from "./rows.ts";

/** Indexes `alarms` in a partition that has one record more each time. */
async function indexed(journal: Journal, partition: number, ...steps: readonly (readonly AlarmChange[])[]): Promise<void> {
  const epoch = await takeOver(journal, partition);
  for (const [i, alarms] of steps.entries()) {
    await write(journal, rowOf(partition, i, epoch, [recordOf("k", `r${i}`, i - 1, { version: i + 1 })]));
    assert.equal(await journal.index({ partition, epoch, indexedTo: i + 1, entities: [], snapshots: [], alarms }), true);
  }
}

const change = (key: string, due: number | null, type = "counter"): AlarmChange => ({ type, key, due });
const entry = (partition: number, key: string, due: number, type = "counter"): AlarmEntry => ({ partition, type, key, due });

export function deliveryLaws(subject: Subject): void {
  lawOfJournal(
    subject,
    "J11 alarms: they come earliest first over all partitions, in pages that go on where the one before ended",
    async (journal) => {
      await indexed(journal, 1, [change("b", 20), change("a", 20), change("c", 5), change("a", 20, "basket"), change("\u{1F600}", 20)]);
      await indexed(journal, 0, [change("z", 20), change("y", 1_700_000_000_000), change("\uFFFD", 20, "counter")]);
      const all = [
        entry(1, "c", 5),
        entry(0, "z", 20),
        entry(0, "\uFFFD", 20),
        entry(1, "a", 20, "basket"),
        entry(1, "a", 20),
        entry(1, "b", 20),
        entry(1, "\u{1F600}", 20),
        entry(0, "y", 1_700_000_000_000),
      ];
      assert.deepEqual(await journal.alarms(undefined, 100), all);
      for (const size of [1, 3]) {
        const paged: AlarmEntry[] = [];
        for (let last: AlarmEntry | undefined; ; last = paged.at(-1)) {
          const page = await journal.alarms(last, size);
          assert(page.length <= size);
          if (page.length === 0) break;
          paged.push(...page);
        }
        assert.deepEqual(paged, all);
      }
      assert.deepEqual(await journal.alarms(entry(0, "nobody", 20), 2), all.slice(1, 3), "the one before need not be there any more");
    },
  );

  lawOfJournal(subject, "J11 alarms: an entity has one, the newest; null takes it back, whether or not there was one", async (journal) => {
    await indexed(
      journal,
      2,
      [change("a", 20), change("b", 30)],
      [change("a", 40), change("b", null), change("c", null)],
      [change("b", 0)],
    );
    assert.deepEqual(await journal.alarms(undefined, 10), [entry(2, "b", 0), entry(2, "a", 40)]);
  });

  lawOfJournal(subject, "J10 behind: alarms of an update that is overtaken or of another epoch are not stored", async (journal) => {
    await indexed(journal, 0, [change("a", 20)], [change("a", 30)]);
    const { epoch } = (await journal.partitions())[0] ?? assert.fail("partition 0");
    const update = { partition: 0, entities: [], snapshots: [], alarms: [change("a", 99)] };
    assert.equal(await journal.index({ ...update, epoch, indexedTo: 1 }), true);
    assert.equal(await journal.index({ ...update, epoch: epoch - 1, indexedTo: 2 }), false);
    assert.deepEqual(await journal.alarms(undefined, 10), [entry(0, "a", 30)]);
  });

  lawOfJournal(
    subject,
    "J12 rising: a cursor that is given a lower value keeps the higher one, others of the same call move",
    async (journal) => {
      assert.deepEqual(await journal.cursors(), []);
      await journal.moveCursors([
        { stream: "a", offset: 5 },
        { stream: "b", offset: 1 },
      ]);
      await journal.moveCursors([
        { stream: "a", offset: 3 },
        { stream: "b", offset: 2 },
      ]);
      await journal.moveCursors([]);
      const stored = new Map((await journal.cursors()).map(({ stream, offset }) => [stream, offset]));
      assert.deepEqual(
        stored,
        new Map([
          ["a", 5],
          ["b", 2],
        ]),
      );
    },
  );

  lawOfJournal(
    subject,
    "dead letters: they are listed by stream and place in pages, replaced, and gone once discarded",
    async (journal) => {
      const letters = [letterOf("a", 2), letterOf("a", 10, { key: "", reason: 'two\n"\u2028' }), letterOf("b", 1, { input: "{}" })];
      for (const letter of letters.toReversed()) await journal.park(letter);
      await journal.park(letterOf("a", 2, { reason: "another" }));
      await journal.park(letters[0] ?? assert.fail("a letter"));
      assert.deepEqual(await journal.deadLetters(undefined, 10), letters);
      assert.deepEqual(await journal.deadLetters(undefined, 2), letters.slice(0, 2));
      assert.deepEqual(await journal.deadLetters(letters[1], 2), letters.slice(2));
      assert.equal(await journal.discard("a", 10), true);
      assert.equal(await journal.discard("a", 10), false);
      assert.equal(await journal.discard("c", 1), false);
      assert.deepEqual(await journal.deadLetters({ stream: "a", place: 2 }, 10), letters.slice(2));
    },
  );
}
