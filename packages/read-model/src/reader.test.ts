// D1 to D4: what a node answers from a file that another one writes, and what it leaves to that one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "@atoll/core/extension";
import { TableError, type TableFile, type TableStore } from "@atoll/core/tables";
import { readModel } from "./definition.ts";
import { History, historyTables, order } from "./shop-under-test.ts";
import { ordersOf, place, projected, readerOf, seen } from "./virtual-readers-under-test.ts";
import { virtually } from "./virtual-under-test.ts";

test("D1: a reader answers by itself what the file shows, and says to the session what it has shown", () =>
  virtually(async (running) => {
    await projected(running, 20);
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
    await projected(running, 5);
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
        await projected(running, 100);
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

/** What becomes of the words to files that they are replaced, and how many of them there were. */
interface Words {
  said: number;
  word: (say: () => ReturnType<TableFile["write"]>) => ReturnType<TableFile["write"]>;
}

const refused: Words["word"] = () => Promise.reject(new TableError("failed", "injected"));

function withWords(store: TableStore, words: Words): TableStore {
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
          words.said += 1;
          return words.word(() => file.write(groups));
        },
      };
    },
  };
}

test("D2: while the old file does not say that it is replaced, nobody answers from the new one, also not a reader that comes then", () =>
  virtually(async (running) => {
    const words: Words = { said: 0, word: refused };
    running.through = (store) => withWords(store, words);
    await projected(running, 10);
    const early = readerOf(running);
    assert.equal(await ordersOf(early), 10);
    await running.host.host.control.rebuild();
    while (words.said === 0) await running.pause(1);
    assert.deepEqual(
      running.files().map(({ state }) => state),
      ["live", "live"],
    );
    place(running, 5); // the new one goes on and applies them, the old one has stopped
    await running.pause(20);
    const late = readerOf(running);
    assert.equal(await ordersOf(early), 10);
    let answered = 0;
    const waiting = [late, running.host].map(async (one) => {
      const count = await ordersOf(one);
      answered += 1;
      return count;
    });
    await running.pause(5);
    assert.equal(answered, 0, "the host waits for the word");
    words.word = (say) => say();
    assert.deepEqual(await Promise.all(waiting), [15, 15]);
    await running.pause(200);
    for (const one of [early, late]) assert.equal(await ordersOf(one), 15);
    assert.deepEqual([early.handedOn, late.handedOn], [0, 1]);
  }));

test("D2: from when the old file says that it is replaced the host shows no less than readers do, also if it hears of that late", () =>
  virtually(async (running) => {
    const heard = Promise.withResolvers<void>();
    const word: Words["word"] = async (say) => {
      const refusals = await say();
      await heard.promise;
      return refusals;
    };
    running.through = (store) => withWords(store, { said: 0, word });
    await projected(running, 10);
    const reader = readerOf(running);
    assert.equal(await ordersOf(reader), 10);
    await running.host.host.control.rebuild();
    while (running.files()[0]?.state !== "replaced") await running.pause(1);
    place(running, 5);
    while ((await ordersOf(reader)) < 15) await running.pause(1);
    const asked = ordersOf(running.host);
    await running.pause(20);
    heard.resolve();
    assert.equal(await asked, 15);
    assert.equal(reader.handedOn, 0);
  }));

test("D2: an old file that never takes the word is removed, and its readers go on with the new one", () =>
  virtually(async (running) => {
    const words: Words = { said: 0, word: refused };
    running.through = (store) => withWords(store, words);
    await projected(running, 10);
    const reader = readerOf(running);
    assert.equal(await ordersOf(reader), 10);
    await running.host.host.control.rebuild();
    place(running, 5);
    await running.host.caughtUp(running.log);
    assert.equal(await ordersOf(reader), 15);
    assert.equal(await ordersOf(reader), 15);
    assert.deepEqual(running.files(), [{ name: "order-history-v1-2", state: "live" }]);
    assert.equal(reader.handedOn, 0);
    assert(words.said > 1);
  }));

test("D1: a session that has seen records which mean nothing to the read model is answered here a little later", () =>
  virtually(async (running) => {
    await projected(running, 5);
    const reader = readerOf(running);
    assert.equal(await ordersOf(reader), 5);
    for (let i = 0; i < 8; i++) running.log.append(`idle${i}`);
    await running.host.caughtUp(running.log);
    assert.equal(await ordersOf(reader, seen(running)), 5);
    assert.equal(reader.handedOn, 1, "the host knows more than the file says");
    await running.pause(300);
    assert.equal(await ordersOf(reader, seen(running)), 5);
    assert.equal(reader.handedOn, 1);
  }));

test("D3: a file of another timeline than this node's sources is not answered from", () =>
  virtually(async (running) => {
    await projected(running, 3);
    const reader = readerOf(running, { timeline: 2 });
    assert.equal(await ordersOf(reader), 3);
    assert.equal(reader.handedOn, 1);
  }));

test("D4: a reader goes on while the host is away, and finds what its successor projects", () =>
  virtually(async (running) => {
    await projected(running, 10);
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
    await projected(running, 2);
    await waiting.reader.close();
    assert.equal(await ordersOf(waiting), 2);
    assert.equal(waiting.handedOn, 1);
  }));

test("D4: of a reader that has closed while queries were under way nothing is open any more", () =>
  virtually(async (running) => {
    await projected(running, 5);
    let open = 0;
    const counted = (store: TableStore): TableStore => ({
      names: (service) => store.names(service),
      open: (service, name) => store.open(service, name),
      remove: (service, name) => store.remove(service, name),
      read: async (service, name) => {
        const file = await store.read(service, name);
        open += 1;
        let closing: Promise<void> | undefined;
        const closed = (): Promise<void> => {
          open -= 1;
          return file.close();
        };
        return { query: (statement) => file.query(statement), close: () => (closing ??= closed()) };
      },
    });
    for (let ms = 0; ms < 5; ms++) {
      const reader = readerOf(running, { tables: counted });
      assert.equal(await ordersOf(reader), 5);
      const asked = Array.from({ length: 200 }, () => ordersOf(reader)); // more than run at a time
      await running.pause(ms);
      await reader.reader.close();
      assert.deepEqual(new Set(await Promise.all(asked)), new Set([5]));
      assert.equal(open, 0);
    }
  }));

test("D4: a query whose file is removed under it is answered by the host, also if it makes something else of that failure", () =>
  virtually(async (running) => {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const forgiving = readModel(History, {
      version: 1,
      tables: historyTables,
      from: { order },
      on: {
        order: { Placed: (db, { customer, cents }, at) => db.insertInto("orders").values({ id: at.key, customer, cents, changes: 0 }) },
      },
      queries: {
        of: async () => [],
        total: async (db) => {
          const count = (): Promise<readonly unknown[]> => db.selectFrom("orders").select("id").execute();
          await count();
          begun.resolve();
          await gate.promise;
          const rows = await count().catch(() => []);
          return { orders: rows.length, cents: 0 };
        },
      },
    });
    await projected(running, 5, forgiving);
    const reader = readerOf(running, { model: forgiving });
    const asked = ordersOf(reader);
    await begun.promise;
    await running.host.host.control.rebuild();
    while (running.files().length !== 1 || running.files()[0]?.name !== "order-history-v1-2") await running.pause(1);
    gate.resolve();
    assert.equal(await asked, 5);
    assert.equal(reader.handedOn, 1);
  }));
