// Laws of opening and closing.
import assert from "node:assert/strict";
import { Failure } from "../../base/failure.ts";
import { JournalError } from "../journal.ts";
import { law, lawOfJournal, partitionCount, service, type Subject } from "./journal-under-test.ts";
import { idsOf, oneRow, readAll, takeOver, write } from "./rows.ts";

export function storeLaws(subject: Subject): void {
  lawOfJournal(subject, "open: a new journal is empty and has an identity", async (journal) => {
    assert.match(journal.meta.logId, /^[0-9a-f]{32}$/);
    assert.equal(journal.meta.timeline, 1);
    assert.equal(journal.meta.partitions, partitionCount);
    const states = await journal.partitions();
    assert.equal(states.length, partitionCount);
    for (const { head, indexedTo } of states) assert.deepEqual({ head, indexedTo }, { head: 0, indexedTo: 0 });
    assert.deepEqual(await journal.quarantined(), []);
    for (let p = 0; p < partitionCount; p++) assert.deepEqual(await journal.read(p, 0, 1_000), { rows: [], next: undefined });
  });

  lawOfJournal(subject, "open: a journal that exists keeps its identity and its number of partitions", async (journal, under) => {
    const { meta } = journal;
    await journal[Symbol.asyncDispose]();
    const again = await under.store().open(service, partitionCount * 2);
    assert.deepEqual(again.meta, meta);
    assert.equal((await again.partitions()).length, partitionCount);
  });

  law(subject, "exists: there is a journal once it was opened, also after it is closed, and also for the next process", async (under) => {
    assert.equal(await under.store().exists(service), false);
    const journal = await under.store().open(service, partitionCount);
    assert.equal(await under.store().exists(service), true);
    assert.equal(await under.store().exists("another"), false);
    await journal[Symbol.asyncDispose]();
    assert.equal(await under.store().exists(service), true);
    await under.crash();
    assert.equal(await under.store().exists(service), true);
  });

  law(subject, "open: the journals of two services know nothing of each other", async (under) => {
    const one = await under.store().open("one", 2);
    const two = await under.store().open("two", 3);
    assert.notEqual(one.meta.logId, two.meta.logId);
    await write(one, oneRow(0, 0, await takeOver(one, 0), "a"));
    assert.deepEqual(
      (await two.partitions()).map(({ head }) => head),
      [0, 0, 0],
    );
    assert.deepEqual(await readAll(two, 0), []);
  });

  if (subject.options.exclusive) {
    lawOfJournal(subject, "open: a journal that is open is refused a second time, until it is closed", async (journal, under) => {
      await assert.rejects(
        under.store().open(service, partitionCount),
        (error) => error instanceof Failure && error.code === "JOURNAL_IN_USE",
      );
      await write(journal, oneRow(0, 0, await takeOver(journal, 0), "a"));
      await journal[Symbol.asyncDispose]();
      const again = await under.store().open(service, partitionCount);
      assert.deepEqual(idsOf(await readAll(again, 0)), ["a"]);
    });
  }

  lawOfJournal(subject, "open: closing waits for what is under way, and twice is once", async (journal, under) => {
    const epoch = await takeOver(journal, 0);
    const appended = journal.append([oneRow(0, 0, epoch, "a")]);
    await journal[Symbol.asyncDispose]();
    await journal[Symbol.asyncDispose]();
    assert.deepEqual(await appended, ["written"]);
    const again = await under.store().open(service, partitionCount);
    assert.deepEqual(idsOf(await readAll(again, 0)), ["a"]);
  });

  lawOfJournal(subject, "J6 honest: a closed journal answers with a definite error and writes nothing", async (journal, under) => {
    const epoch = await takeOver(journal, 0);
    await journal[Symbol.asyncDispose]();
    await assert.rejects(journal.append([oneRow(0, 0, epoch, "a")]), (error) => error instanceof JournalError && error.kind === "failed");
    const again = await under.store().open(service, partitionCount);
    assert.deepEqual(await readAll(again, 0), []);
  });
}
