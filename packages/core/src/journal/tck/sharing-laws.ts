// What holds between two who have one log open at the same time, each by a journal of its own.
import assert from "node:assert/strict";
import type { Journal } from "../journal.ts";
import { stale } from "./confirm-laws.ts";
import { law, partitionCount, service, type Subject } from "./journal-under-test.ts";
import { idsOf, oneRow, readAll, recordOf, rowOf, stateOf, takeOver, write } from "./rows.ts";

function lawOfTwo(subject: Subject, title: string, check: (one: Journal, other: Journal) => Promise<void>): void {
  law(subject, title, async (under) => {
    const one = await under.store().open(service, partitionCount);
    await check(one, await under.store().open(service, partitionCount));
  });
}

export function sharingLaws(subject: Subject): void {
  lawOfTwo(subject, "two nodes: they have the same log open, and each sees what the other has written", async (one, other) => {
    assert.deepEqual(one.meta, other.meta);
    const epoch = await takeOver(one, 0);
    await write(one, oneRow(0, 0, epoch, "a"));
    assert.deepEqual(idsOf(await readAll(other, 0)), ["a"]);
    assert.deepEqual(await stateOf(other, 0), await stateOf(one, 0));
  });

  lawOfTwo(
    subject,
    "two nodes, J2 fenced: who was taken over from writes nothing more, and the other goes on at the head",
    async (one, other) => {
      const old = await takeOver(one, 0);
      await write(one, oneRow(0, 0, old, "a"));
      const epoch = await takeOver(other, 0);
      assert.deepEqual(await one.append([oneRow(0, 1, old, "late")]), ["fenced"]);
      assert.equal(await one.index({ partition: 0, epoch: old, indexedTo: 1, entities: [], snapshots: [], alarms: [] }), false);
      await write(other, oneRow(0, 1, epoch, "b"));
      assert.deepEqual(await one.append([oneRow(0, 2, old, "late")]), ["fenced"]);
      assert.deepEqual(idsOf(await readAll(one, 0)), ["a", "b"]);
    },
  );

  lawOfTwo(subject, "two nodes, J1 dense: they append to partitions of their own side by side, without a gap", async (one, other) => {
    const nodes = [one, other] as const;
    const appends = nodes.map(async (node, n) => {
      for (const p of [n, n + 2]) {
        const epoch = await takeOver(node, p);
        for (let offset = 0; offset < 20; offset += 2) {
          await write(node, rowOf(p, offset, epoch, [recordOf("k", `${p}.${offset}`), recordOf("k", `${p}.${offset + 1}`)]));
        }
      }
    });
    await Promise.all(appends);
    for (let p = 0; p < partitionCount; p++) {
      const ids = Array.from({ length: 20 }, (_, i) => `${p}.${i}`);
      assert.deepEqual(idsOf(await readAll(nodes[(p + 1) % 2] as Journal, p)), ids);
    }
  });

  lawOfTwo(subject, "two nodes, J3 taken once: of two that saw the same epoch one wins", async (one, other) => {
    for (let round = 0; round < 10; round++) {
      const { epoch: seen } = await stateOf(one, 1);
      const results = await Promise.all([one.takeOver(1, seen), other.takeOver(1, seen, seen + 3)]);
      assert.equal(results.filter(({ taken }) => taken).length, 1);
      assert.equal(results[0].epoch, results[1].epoch);
    }
  });

  lawOfTwo(
    subject,
    "two nodes, J7 after epoch: what one reads once it has taken over is all that the other ever wrote",
    async (one, other) => {
      let [owner, taker] = [one, other];
      let epoch = await takeOver(owner, 0);
      let head = 0;
      for (let round = 0; round < 15; round++) {
        const mine = epoch;
        const written = Array.from({ length: 4 }, (_, i) => `${round}.${i}`).map((id, i) => owner.append([oneRow(0, head + i, mine, id)]));
        const { taken, epoch: next } = await taker.takeOver(0, mine);
        assert.equal(taken, true);
        const found = idsOf(await readAll(taker, 0));
        const results = (await Promise.all(written)).map(([result]) => result);
        assert.deepEqual(
          found.slice(head),
          results.flatMap((result, i) => (result === "written" ? [`${round}.${i}`] : [])),
        );
        assert.deepEqual(idsOf(await readAll(owner, 0)), found);
        head = found.length;
        epoch = next;
        [owner, taker] = [taker, owner];
      }
    },
  );

  lawOfTwo(subject, "two nodes: the end of one does not disturb the other", async (one, other) => {
    const epoch = await takeOver(other, 0);
    await one[Symbol.asyncDispose]();
    await write(other, oneRow(0, 0, epoch, "a"));
    assert.deepEqual(idsOf(await readAll(other, 0)), ["a"]);
  });

  if (subject.options.confirms) {
    lawOfTwo(
      subject,
      "two nodes, J14 confirmed: asked once the other's take-over has resolved, the epoch before it never is",
      (one, other) => stale(one, other),
    );
  }
}
