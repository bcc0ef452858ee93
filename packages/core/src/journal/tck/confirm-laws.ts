// J14, of journals through which others may take over as well.
import assert from "node:assert/strict";
import type { Journal } from "../journal.ts";
import { lawOfJournal, partitionCount, service, type Subject } from "./journal-under-test.ts";
import { oneRow, stateOf, takeOver, write } from "./rows.ts";

/** Asks a journal that has the operation. */
function confirmed(journal: Journal, partition: number, epoch: number): Promise<boolean> {
  assert(journal.confirm, "the journal confirms epochs");
  return Promise.resolve(journal.confirm(partition, epoch));
}

export function confirmLaws(subject: Subject): void {
  lawOfJournal(subject, "J14 confirmed: of the epochs that there were and may be only the current one is", async (journal) => {
    const first = await takeOver(journal, 0);
    const other = await takeOver(journal, 1);
    const jumped = await journal.takeOver(0, first, first + 5);
    assert.deepEqual(jumped, { taken: true, epoch: first + 5 });
    for (const epoch of [first - 1, first, first + 1, first + 4, first + 6]) assert.equal(await confirmed(journal, 0, epoch), false);
    assert.equal(await confirmed(journal, 0, first + 5), true);
    assert.equal(await confirmed(journal, 1, other), true);
  });

  lawOfJournal(subject, "J14 confirmed: a take-over that took nothing changes nothing", async (journal) => {
    const epoch = await takeOver(journal, 2);
    assert.equal((await journal.takeOver(2, epoch - 1, epoch + 1)).taken, false);
    assert.equal(await confirmed(journal, 2, epoch), true);
    assert.equal(await confirmed(journal, 2, epoch + 1), false);
  });

  lawOfJournal(
    subject,
    "J14 confirmed: the epoch that an earlier process left behind is, before anybody takes over",
    async (journal, under) => {
      const epoch = await takeOver(journal, 3);
      await write(journal, oneRow(3, 0, epoch, "a"));
      await under.crash();
      const reopened = await under.store().open(service, partitionCount);
      const { epoch: found } = await stateOf(reopened, 3);
      assert.equal(await confirmed(reopened, 3, found), true);
      assert.equal(await confirmed(reopened, 3, found + 1), false);
      const next = await takeOver(reopened, 3);
      assert.deepEqual([await confirmed(reopened, 3, found), await confirmed(reopened, 3, next)], [false, true]);
    },
  );

  lawOfJournal(subject, "J14 confirmed: asked once a take-over has resolved, the epoch before it never is", async (journal) => {
    await stale(journal, journal);
  });
}

/** `asker` asks all the time while `taker` takes over. */
export async function stale(asker: Journal, taker: Journal): Promise<void> {
  let epoch = await takeOver(taker, 0);
  let early = 0;
  for (let round = 0; round < 10; round++) {
    let over = false;
    const answers: Promise<void>[] = [];
    const ask = (old: number): Promise<void> => {
      const after = over;
      const judged = async (): Promise<void> => {
        const yes = await confirmed(asker, 0, old);
        assert(!(after && yes), "the epoch was not current any more when it was asked");
        if (yes) early += 1;
      };
      const answer = judged();
      answers.push(answer);
      return answer;
    };
    const old = epoch;
    const first = ask(old);
    const taking = taker.takeOver(0, old).then((taken) => {
      over = true;
      void ask(old); // in the turn in which it has resolved, behind those that are on their way
      return taken;
    });
    for (let i = 0; i < round; i++) await (i === 0 ? first : ask(old));
    ({ epoch } = await taking);
    assert.equal(epoch, old + 1);
    await ask(old);
    assert.equal(await confirmed(asker, 0, epoch), true);
    await Promise.all(answers);
  }
  assert(early > 0, "some were asked before");
}
