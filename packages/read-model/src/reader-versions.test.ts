// D2 where the program changes, or its log does: which files a node reads no longer.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TableStore } from "@atoll/core/tables";
import { historyOf } from "./shop-under-test.ts";
import { ordersOf, place, readerOf } from "./virtual-readers-under-test.ts";
import { virtually, type VirtualReadModel } from "./virtual-under-test.ts";

/** Removes as slowly as a disk that has much to do. */
const removingSlowly =
  (running: VirtualReadModel) =>
  (store: TableStore): TableStore => ({
    names: (service) => store.names(service),
    read: (service, name) => store.read(service, name),
    open: (service, name) => store.open(service, name),
    remove: async (service, name) => {
      await running.pause(30);
      await store.remove(service, name);
    },
  });

test("D2: when a new version answers, a node that has the old one's code reads its file no longer", () =>
  virtually(
    async (running) => {
      running.log.pageRecords = 2;
      place(running, 60);
      await running.open(historyOf(1));
      await running.host.caughtUp(running.log);
      const old = readerOf(running, { version: 1 });
      const late = readerOf(running, { version: 2 });
      assert.equal(await ordersOf(old), 60);
      assert.equal(await ordersOf(late), 60);
      assert.deepEqual([old.handedOn, late.handedOn], [0, 1], "version 1 is projected, and answers for all");
      running.through = removingSlowly(running);
      await running.crash(historyOf(2));
      place(running, 1);
      const answering: number[] = [];
      const answered = ordersOf(running.host).then((count) => {
        answering.push(count);
        return count;
      });
      let before = 0;
      while (answering.length === 0) {
        const { handedOn } = old;
        const shown = await ordersOf(old);
        if (old.handedOn > handedOn) break;
        assert.equal(shown, 60, "while the new one is built, the old one shows what it has");
        before += 1;
      }
      assert(before > 5);
      assert.equal(await answered, 61);
      old.handedOn = 0;
      assert.equal(await ordersOf(old), 61);
      assert.equal(old.handedOn, 1);
      await running.pause(150);
      assert.equal(await ordersOf(late), 61);
      assert.equal(late.handedOn, 1, "it reads version 2 now");
    },
    { limits: { batchEventsMax: 1, caughtUpRecords: 0, buildingWaitMs: 5_000 } },
  ));

test("D2: when a version that was rolled back answers, nobody reads the newer one's file, which its program goes on with later", () =>
  virtually(async (running) => {
    place(running, 20);
    await running.open(historyOf(2));
    await running.host.caughtUp(running.log);
    const newer = readerOf(running, { version: 2 });
    assert.equal(await ordersOf(newer), 20);
    await running.crash(historyOf(1));
    place(running, 5);
    await running.host.caughtUp(running.log);
    assert.equal(await ordersOf(running.host), 25);
    assert.equal(await ordersOf(newer), 25);
    assert.equal(newer.handedOn, 1);
    assert.deepEqual(running.files(), [
      { name: "order-history-v1-1", state: "live" },
      { name: "order-history-v2-1", state: "replaced" },
    ]);
    await running.host.close();
    const { reads } = running.log;
    await running.crash(historyOf(2));
    await running.host.caughtUp(running.log);
    assert.deepEqual(running.files(), [{ name: "order-history-v2-1", state: "live" }]);
    assert(running.log.reads - reads < 20, "it was not built anew");
    await running.pause(150);
    assert.equal(await ordersOf(newer), 25);
    assert.equal(newer.handedOn, 1);
  }));

test("D2: a file that nobody goes on with because its log is another one is gone before a rebuilt one answers", () =>
  virtually(async (running) => {
    place(running, 10);
    await running.open();
    await running.host.caughtUp(running.log);
    const reader = readerOf(running); // of a node that has not heard of the restored log
    assert.equal(await ordersOf(reader), 10);
    await running.host.close();
    running.log.timeline += 1;
    running.through = removingSlowly(running);
    await running.crash();
    await assert.rejects(ordersOf(running.host), { code: "LOG_FORKED" });
    await running.host.host.control.rebuild();
    place(running, 1);
    await running.host.caughtUp(running.log);
    assert.equal(await ordersOf(reader), 11);
    assert.equal(reader.handedOn, 1);
  }));
