// J8 and J9: rows by offset, records by offset, an entity's records by their chain.
import assert from "node:assert/strict";
import { Failure } from "../../base/failure.ts";
import { type Journal, JournalError } from "../journal.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { lawOfJournal, partitionCount, service, type Subject } from "./journal-under-test.ts";
import { idsOf, oneRow, readAll, recordOf, rowOf, takeOver, write } from "./rows.ts";

/** Text that survives only if nothing on the way reinterprets it. */
const hostileText = [
  "\u0000",
  "a\nb\r\n",
  '"\\/',
  "\u2028\u2029",
  "\ud800 alone",
  "\u{1f30a}",
  "'; drop table log; --",
  "é\u0301 ﷺ",
  "\u001f\u007f",
];

/** Of the damage that a law does: the last record that can be read, or the first that cannot. */
const namesPosition = (error: Error): boolean => /partition 1\b/.test(error.message) && /offset [23]\b/.test(error.message);

/** Rows of 1, 2, 3, … records; record i belongs to entity i mod 3 and points to that one's record before. */
async function threeChains(
  journal: Journal,
  rows: number,
): Promise<{ readonly chains: readonly number[][]; readonly lines: readonly string[] }> {
  const epoch = await takeOver(journal, 0);
  const chains: number[][] = [[], [], []];
  const lines: string[] = [];
  for (let size = 1; size <= rows; size++) {
    const records = Array.from({ length: size }, (_, i) => {
      const offset = lines.length + i;
      const chain = chains[offset % 3] as number[];
      const prev = chain[0] ?? -1;
      chain.unshift(offset);
      return recordOf(`entity-${offset % 3}`, `r${offset}`, prev, { version: chain.length });
    });
    await write(journal, rowOf(0, lines.length, epoch, records));
    lines.push(...records.map(encodeRecord));
  }
  return { chains, lines };
}

const isDamage = (error: unknown): boolean => error instanceof JournalError && error.kind === "damaged" && namesPosition(error);

export function readLaws(subject: Subject): void {
  lawOfJournal(subject, "J8 read: from any offset come the row that holds it and all above, as they were written", async (journal) => {
    const epoch = await takeOver(journal, 0);
    const rows = [0, 1, 3, 6].map((offset, i) =>
      rowOf(
        0,
        offset,
        epoch,
        Array.from({ length: i + 1 }, (_, j) => recordOf("k", `${offset}+${j}`)),
      ),
    );
    for (const row of rows) await write(journal, row);
    for (let from = 0; from <= 12; from++) {
      const page = await journal.read(0, from, 1 << 20);
      assert.deepEqual(page, { rows: rows.filter((row) => row.offset + row.count > from), next: undefined });
    }
  });

  lawOfJournal(subject, "J8 read: pages end at their bound, hold a row at least, and together hold everything once", async (journal) => {
    const { lines } = await threeChains(journal, 12);
    for (const bytesMax of [0, 1, 300, 1_000, 5_000, 1 << 20]) {
      let from: number | undefined = 0;
      const seen: string[] = [];
      while (from !== undefined) {
        const page: Awaited<ReturnType<Journal["read"]>> = await journal.read(0, from, bytesMax);
        assert(page.rows.length > 0);
        const beforeLast = page.rows.slice(0, -1).reduce((sum, row) => sum + row.body.length, 0);
        assert(beforeLast <= bytesMax, `a page of ${bytesMax} bytes went on after ${beforeLast}`);
        seen.push(...page.rows.flatMap((row) => row.body.split("\n")));
        from = page.next;
      }
      assert.deepEqual(seen, lines);
    }
  });

  lawOfJournal(subject, "J8 read: text of every kind comes back as it was written", async (journal) => {
    const epoch = await takeOver(journal, 0);
    const records = hostileText.map((text, i) => recordOf(text, `r${i}`, -1, { reply: { [text]: text }, events: [["added", 1, text]] }));
    await write(journal, rowOf(0, 0, epoch, records));
    const lines = (await readAll(journal, 0)).flatMap((row) => row.body.split("\n"));
    assert.deepEqual(
      lines.map((line) => decodeRecord(line, "here")),
      records,
    );
    assert.deepEqual(
      await journal.records(
        0,
        records.map((_, i) => i),
      ),
      lines,
    );
    const entities = hostileText.map((key, last) => ({ type: "counter", key, version: 1, last }));
    const snapshots = hostileText.map((key, offset) => ({ type: "counter", key, offset, body: JSON.stringify(key) }));
    assert.equal(await journal.index({ partition: 0, epoch, indexedTo: records.length, entities, snapshots, alarms: [] }), true);
    for (const [i, key] of hostileText.entries()) {
      if (!key.isWellFormed()) continue; // a key is text; half a character is refused before it comes here
      assert.deepEqual(await journal.lookup(0, "counter", key), { entry: entities[i], snapshot: snapshots[i] });
    }
  });

  lawOfJournal(subject, "J8 read: records come in the order asked for, also the same one twice", async (journal) => {
    const { lines } = await threeChains(journal, 6);
    for (const offsets of [[], [0], [20], [20, 0, 7, 7, 1], lines.map((_, i) => i).reverse()]) {
      assert.deepEqual(
        await journal.records(0, offsets),
        offsets.map((offset) => lines[offset]),
      );
    }
  });

  lawOfJournal(subject, "J8 read: a record that is not in the log is an error, never left out", async (journal) => {
    await threeChains(journal, 2);
    await assert.rejects(journal.records(0, [0, 3]), JournalError);
    await assert.rejects(journal.records(1, [0]), JournalError);
  });

  lawOfJournal(
    subject,
    "J8 read: a damaged row is an error that names its position, and what is before it can be read",
    async (journal, under) => {
      const epoch = await takeOver(journal, 1);
      for (let offset = 0; offset < 5; offset++) await write(journal, oneRow(1, offset, epoch, `r${offset}`));
      await journal[Symbol.asyncDispose]();
      await under.damage(service, 1, 3);
      let reopened: Journal;
      try {
        reopened = await under.store().open(service, partitionCount);
      } catch (error) {
        // A store that verifies the log when it opens says so then.
        assert(error instanceof Failure && error.code === "JOURNAL_DAMAGED" && namesPosition(error), String(error));
        return;
      }
      assert.equal((await journalPage(reopened, 1, 0))[0], "r0");
      await assert.rejects(reopened.read(1, 0, 1 << 20), isDamage);
      await assert.rejects(reopened.records(1, [1, 3]), isDamage);
      await assert.rejects(reopened.chain(1, 3, -1, 10, 0), isDamage);
      assert.equal((await reopened.records(1, [2])).length, 1);
    },
  );

  lawOfJournal(subject, "J9 chain: it gives an entity's records newest first, down to but without `after`", async (journal) => {
    const { chains } = await threeChains(journal, 9);
    for (const chain of chains) {
      for (const [start, last] of chain.entries()) {
        assert.deepEqual(await offsetsIn(journal, last, -1), chain.slice(start));
        for (const [end, after] of chain.entries()) {
          assert.deepEqual(await offsetsIn(journal, last, after), start < end ? chain.slice(start, end) : []);
        }
        // An `after` between two records of the entity: a snapshot's position need not be a record of the chain.
        assert.deepEqual(
          await offsetsIn(journal, last, last - 4),
          chain.slice(start).filter((offset) => offset > last - 4),
        );
      }
    }
  });

  lawOfJournal(subject, "J9 chain: it gives at most `max` offsets, and goes on from the last one's `prev`", async (journal) => {
    const { chains } = await threeChains(journal, 9);
    const chain = chains[1] as number[];
    for (const max of [1, 2, 7]) {
      const found: number[] = [];
      let last = chain[0] as number;
      while (last >= 0) {
        const part = (await journal.chain(0, last, -1, max, 0)).offsets;
        assert(part.length >= 1 && part.length <= max);
        found.push(...part);
        const [line] = await journal.records(0, part.slice(-1));
        last = decodeRecord(line as string, "here").prev;
      }
      assert.deepEqual(found, chain);
    }
  });

  lawOfJournal(subject, "J9 chain: it brings the newest records with it, as many as fit", async (journal) => {
    const { chains } = await threeChains(journal, 9);
    const chain = chains[1] as number[];
    const lines = await journal.records(0, chain);
    const [last] = chain as [number];
    const upTo = (count: number): number => lines.slice(0, count).reduce((sum, line) => sum + line.length, 0);
    for (const [count, bytesMax] of [
      [0, 0],
      [0, upTo(1) - 1],
      [1, upTo(1)],
      [4, upTo(5) - 1],
      [5, upTo(5)],
      [lines.length, 1 << 20],
    ] as const) {
      const found = await journal.chain(0, last, -1, 1_000, bytesMax);
      assert.deepEqual(found, { offsets: chain, lines: lines.slice(0, count) });
    }
    assert.deepEqual(await journal.chain(0, last, -1, 2, 1 << 20), { offsets: chain.slice(0, 2), lines: lines.slice(0, 2) });
  });

  lawOfJournal(subject, "J9 chain: it survives reopening", async (journal, under) => {
    const { chains } = await threeChains(journal, 5);
    await journal[Symbol.asyncDispose]();
    const reopened = await under.store().open(service, partitionCount);
    for (const chain of chains) assert.deepEqual(await offsetsIn(reopened, chain[0] as number, -1), chain);
  });
}

/** Offsets of a chain of partition 0. */
async function offsetsIn(journal: Journal, last: number, after: number): Promise<readonly number[]> {
  return (await journal.chain(0, last, after, 1_000, 0)).offsets;
}

/** Ids of the first row from `from` on. */
async function journalPage(journal: Journal, partition: number, from: number): Promise<readonly string[]> {
  return idsOf((await journal.read(partition, from, 1)).rows);
}
