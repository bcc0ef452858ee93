// D1 to D4: what a node answers from a file that another one writes, and what it leaves to that one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "@atoll/core/extension";
import { TableError, type TableStore } from "@atoll/core/tables";
import { ReaderUnderTest } from "./reader-under-test.ts";
import { History, historyOf } from "./shop-under-test.ts";
import { virtually, type VirtualReadModel } from "./virtual-under-test.ts";

let orders = 0;
let readers = 0;
function place(running: VirtualReadModel, count: number): void {
  for (let i = 0; i < count; i++) running.log.append(`o${(orders += 1)}`, ["Placed", { customer: "u", cents: 1 }]);
}

function readerOf(running: VirtualReadModel, how: { readonly timeline?: number } = {}): ReaderUnderTest {
  const runtime = running.world.process(`reader-${(readers += 1)}`);
  const source = running.log.source();
  const log = { ...source.log, ...how };
  return new ReaderUnderTest({
    model: historyOf(1),
    service: "shop",
    runtime,
    tables: running.tables.store(runtime),
    source: () => Promise.resolve({ ...source, log }),
    host: (message) => running.host.host.receive(message),
  });
}

const ordersOf = async (
  of: { value(to: unknown, input?: unknown, session?: Session): Promise<unknown> },
  session?: Session,
): Promise<number> => ((await of.value(History.total, undefined, session)) as { readonly orders: number }).orders;

const seen = ({ log }: VirtualReadModel): Session => {
  const session = new Session();
  session.sawHeads(
    log.source().log,
    log.partitions.map((records) => records.length),
  );
  return session;
};

test("D1: a reader answers by itself what the file shows, and says to the session what it has shown", () =>
  virtually(async (running) => {
    await running.open();
    place(running, 20);
    await running.host.caughtUp(running.log);
    const reader = readerOf(running);
    assert.equal(await ordersOf(reader), 20);
    const session = new Session();
    assert.equal(await ordersOf(reader, session), 20);
    assert.equal(session.token, seen(running).token);
    assert.equal(await ordersOf(reader, session), 20);
    assert.deepEqual(await reader.value(History.of, { customer: "nobody" }), { rejected: "Nobody", details: { customer: "nobody" } });
    assert.equal(reader.handedOn, 0);
  }));

test("D1: a session that has seen more than the file shows is answered by the host, with all that it has seen", () =>
  virtually(async (running) => {
    await running.open();
    place(running, 5);
    await running.host.caughtUp(running.log);
    const reader = readerOf(running);
    assert.equal(await ordersOf(reader), 5);
    for (let round = 1; round <= 30; round++) {
      place(running, 1);
      assert.equal(await ordersOf(reader, seen(running)), 5 + round);
    }
    assert(reader.handedOn > 0);
    const before = reader.handedOn;
    assert.equal(await ordersOf(reader, Session.everything()), 35);
    assert.equal(reader.handedOn, before + 1, "what the head is, the host knows");
    const forked = new Session();
    forked.saw({ service: "shop", logId: "f".repeat(32), timeline: 1 }, 0, 3);
    await assert.rejects(reader.ask(History.total, undefined, forked), { code: "LOG_FORKED" });
  }));

test("D2: through rebuilds under load no query of two readers and the host shows less than one that has ended before it began", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    await virtually(
      async (running) => {
        running.log.pageRecords = 5;
        await running.open();
        place(running, 100);
        await running.host.caughtUp(running.log);
        let least = 0;
        const over = new AbortController();
        const both = [readerOf(running), readerOf(running)];
        const asking = [running.host, ...both].map(async (of) => {
          while (!over.signal.aborted) {
            const atLeast = least;
            const now = await ordersOf(of);
            assert(now >= atLeast, `${now} after ${atLeast}`);
            least = Math.max(least, now);
          }
        });
        const { control } = running.host.host;
        for (let rebuilds = 0; rebuilds < 3; rebuilds++) {
          await control.rebuild();
          while (control.status().rebuilt !== undefined) {
            place(running, 1);
            await running.pause(1);
          }
          await running.pause(20);
        }
        over.abort();
        await Promise.all(asking);
        await running.host.caughtUp(running.log);
        assert.deepEqual(running.files(), [{ name: "order-history-v1-4", state: "live" }]);
        for (const reader of both) await ordersOf(reader);
        await running.pause(150); // one that has looked in vain looks again
        for (const reader of both) await ordersOf(reader);
        const before = both.map(({ handedOn }) => handedOn);
        for (const reader of both) assert.equal(await ordersOf(reader), await ordersOf(running.host));
        assert.deepEqual(
          both.map(({ handedOn }) => handedOn),
          before,
          "both have found the newest file",
        );
      },
      { seed, limits: { batchEventsMax: 5 } },
    );
  }
});

/** Keeps files from being told that they are replaced, until it is let go. */
function holdingWords(store: TableStore, held: { refuse: boolean; tried: number }): TableStore {
  return {
    names: (service) => store.names(service),
    read: (service, name) => store.read(service, name),
    remove: (service, name) => store.remove(service, name),
    open: async (service, name) => {
      const file = await store.open(service, name);
      return {
        query: (statement) => file.query(statement),
        sync: () => file.sync(),
        close: () => file.close(),
        write: (groups) => {
          if (!groups.some(({ statements }) => statements.some(({ parameters }) => parameters.includes("replaced"))))
            return file.write(groups);
          held.tried += 1;
          return held.refuse ? Promise.reject(new TableError("failed", "injected")) : file.write(groups);
        },
      };
    },
  };
}

test("D2: while the old file does not say that it is replaced, nobody answers from the new one, also not a reader that comes then", () =>
  virtually(async (running) => {
    const held = { refuse: true, tried: 0 };
    running.through = (store) => holdingWords(store, held);
    await running.open();
    place(running, 10);
    await running.host.caughtUp(running.log);
    const early = readerOf(running);
    assert.equal(await ordersOf(early), 10);
    await running.host.host.control.rebuild();
    while (held.tried === 0) await running.pause(1);
    assert.deepEqual(
      running.files().map(({ state }) => state),
      ["live", "live"],
    );
    place(running, 5); // the new one goes on and applies them, the old one has stopped
    await running.pause(20);
    const late = readerOf(running);
    for (const one of [early, late, running.host]) assert.equal(await ordersOf(one), 10);
    assert.deepEqual([early.handedOn, late.handedOn], [0, 1]);
    held.refuse = false;
    await running.host.caughtUp(running.log);
    await running.pause(200);
    for (const one of [early, late, running.host]) assert.equal(await ordersOf(one), 15);
    assert.deepEqual([early.handedOn, late.handedOn], [0, 1]);
  }));

test("D2: an old file that never takes the word is removed, and its readers go on with the new one", () =>
  virtually(async (running) => {
    const held = { refuse: true, tried: 0 };
    running.through = (store) => holdingWords(store, held);
    await running.open();
    place(running, 10);
    await running.host.caughtUp(running.log);
    const reader = readerOf(running);
    assert.equal(await ordersOf(reader), 10);
    await running.host.host.control.rebuild();
    place(running, 5);
    await running.host.caughtUp(running.log);
    assert.equal(await ordersOf(reader), 15);
    assert.equal(await ordersOf(reader), 15);
    assert.deepEqual(running.files(), [{ name: "order-history-v1-2", state: "live" }]);
    assert.equal(reader.handedOn, 0);
    assert(held.tried > 1);
  }));

test("D3: a file of another timeline than this node's sources is not answered from", () =>
  virtually(async (running) => {
    await running.open();
    place(running, 3);
    await running.host.caughtUp(running.log);
    const reader = readerOf(running, { timeline: 2 });
    assert.equal(await ordersOf(reader), 3);
    assert.equal(reader.handedOn, 1);
  }));

test("D4: a reader goes on while the host is away, and finds what its successor projects", () =>
  virtually(async (running) => {
    await running.open();
    place(running, 10);
    await running.host.caughtUp(running.log);
    const reader = readerOf(running);
    assert.equal(await ordersOf(reader), 10);
    await running.host.close();
    assert.equal(await ordersOf(reader), 10);
    await running.crash();
    place(running, 10);
    await running.host.caughtUp(running.log);
    assert.equal(await ordersOf(reader, seen(running)), 20);
    assert.equal(reader.handedOn, 0);
  }));

test("D4: before there is a file that answers, and after the reader has closed, the host is asked", () =>
  virtually(async (running) => {
    const waiting = readerOf(running);
    await running.open();
    place(running, 2);
    await running.host.caughtUp(running.log);
    await waiting.reader.close();
    assert.equal(await ordersOf(waiting), 2);
    assert.equal(waiting.handedOn, 1);
  }));
