// Sagas, subscriptions and tells while the partitions of their service's log move between its nodes, are taken over, and nodes stand
// still and die: SM1 to SM3 (system/saga/host.ts), D7 and D8 (subscription/delivery.ts), and the outbox's order and once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokenLaw, checkLog } from "@atoll/core/journal/simulated";
import { deaf, movingPartitions } from "./moving.ts";
import { MovingWorld, type Word } from "./moving-world.ts";
import { checkSagas } from "./saga-laws.ts";
import { eachSeed } from "./seeds.ts";

const partitions = Array.from({ length: movingPartitions }, (_, p) => p);
const order = (key: string, cents = 500) => ({ key, sku: "tea", qty: 1, cents });

async function begin(moving: MovingWorld): Promise<void> {
  await moving.start();
  await moving.start();
  await Promise.all(partitions.map((p) => moving.move(p, p % 2)));
}

/** Everything that was said, heard once by each that it is for, in the order in which each speaker said it. */
function checkListened({
  words,
  listened,
}: {
  readonly words: readonly Word[];
  readonly listened: ReadonlyMap<string, readonly number[]>;
}): void {
  const said = new Map<string, number[]>();
  for (const { from, n, to } of words)
    for (const key of to) {
      const lane = `${from} to ${key}`;
      const known = said.get(lane);
      if (known) known.push(n);
      else said.set(lane, [n]);
    }
  for (const [lane, ns] of said) {
    const heard = listened.get(lane) ?? [];
    if (heard.join() !== ns.toSorted((a, b) => a - b).join())
      throw new BrokenLaw("once and in order", `${lane}: ${ns.join()} was said, and ${heard.join()} heard`);
  }
}

function check(moving: MovingWorld): void {
  try {
    checkLog(moving.log());
    checkSagas(moving);
    checkListened({ words: moving.words, listened: moving.listened() });
    for (const { error } of moving.world.failures) throw error;
  } catch (error) {
    if (error instanceof Error) error.message += ` (seed ${moving.world.seed})\n${moving.world.trace.last(60)}`;
    throw error;
  }
}

async function settle(moving: MovingWorld, heardOf: number): Promise<void> {
  for (let i = 0; i < 3_000; i++) {
    await moving.pause(100);
    const heard = [...moving.listened().values()].reduce((sum, { length }) => sum + length, 0);
    if (heard >= heardOf && moving.heard.size === moving.orders.length && moving.gauge("atoll_sagas_running") === 0) break;
  }
  await moving.pause(5_000); // what is told twice is told by now
}

test("moving: at whatever write of a saga its partition leaves or is taken over, it goes on elsewhere: one outcome, each step and undo once", async () => {
  for (const how of ["move", "seize"] as const)
    for (const mood of ["works", "declines"] as const)
      for (let at = 1; at <= 6; at++) {
        const moving = new MovingWorld(at);
        moving.books.mood = (what) => (what === "charge" ? mood : "works");
        await moving.world.runUntil(
          (async () => {
            await begin(moving);
            await moving.deliver();
            const partition = moving.partitionOfSaga("a");
            let writes = 0;
            moving.onAppend = (rows) => {
              if (!rows.some((row) => row.partition === partition && row.body.includes('"type":"checkout"'))) return;
              if ((writes += 1) === at) void moving[how](partition, (partition + 1) % 2);
            };
            await moving.order(order("a"));
            assert.equal(moving.asked, 1, "who waits is given back, and hears the outcome without asking again");
            await settle(moving, 0);
          })(),
        );
        check(moving);
      }
});

const marks = [
  "moved",
  "taken over",
  "paused",
  "crashed",
  ...["checkout", "$outbox", "stock", "listener", "speaker"].map((name) => `passed on: ${name}`),
];

test("moving: under moves, take-overs, pauses and crashes every saga ends once, and everything told is heard once and in order", () =>
  eachSeed("moving", 60, marks, async (seed) => {
    const moving = new MovingWorld(seed);
    const { world } = moving;
    const { random } = world;
    let told = 0;
    await world.runUntil(
      (async () => {
        // The bank makes up its mind once about each order; what it did may be answered, or not.
        const declined = new Set(["a", "b", "c", "d", "e"].filter(() => random.next() < 0.3));
        moving.books.mood = (what, key) => {
          if (what === "refund") return "works";
          return declined.has(key) ? "declines" : random.next() < 0.2 ? "fails after" : "works";
        };
        await begin(moving);
        await moving.deliver();
        let over = false;
        void moving.attend(() => over);
        const trouble = (async () => {
          for (let left = 12; left > 0; left--) {
            await moving.pause(random.next() * 400);
            const { up } = moving;
            const to = up[Math.floor(random.next() * up.length)] as number;
            const partition = Math.floor(random.next() * movingPartitions);
            const draw = random.next();
            if (draw < 0.45) void moving.move(partition, to);
            else if (draw < 0.75) void moving.seize(partition, to);
            else if (draw < 0.9) {
              moving.pauseNode(to);
              const others = up.filter((index) => index !== to);
              for (const p of partitions) if (moving.isOwner(to, p)) void moving.seize(p, others[p % others.length] ?? to);
              void moving.pause(random.next() * 8_000).then(() => moving.resume(to));
            } else {
              const next = await moving.start();
              moving.crash(to);
              for (const p of partitions) if (moving.isOwner(to, p)) void moving.seize(p, next);
            }
          }
        })();
        const some = (): readonly string[] => ["x", "y", "z"].filter(() => random.next() < 0.5);
        const speaking = ["s1", "s2", "relay1", "relay2"].map(async (from) => {
          for (let n = 1; n <= 6; n++) {
            const to = some();
            told += to.length;
            await moving.say({ from, n, to });
            await moving.pause(random.next() * 400);
          }
        });
        const ordering = ["a", "b", "c", "d", "e"].map(async (key) => {
          await moving.pause(random.next() * 1_500);
          await moving.order(order(key));
        });
        await Promise.all([...speaking, ...ordering]);
        await trouble;
        for (const index of moving.up) moving.resume(index);
        await settle(moving, told);
        over = true;
      })(),
    );
    check(moving);
    assert.equal(
      [...moving.listened().values()].reduce((sum, { length }) => sum + length, 0),
      told,
    );
    return world.trace.marks;
  }));

test("moving: what needs an operator is listed, counted and dealt with on the node that has its partition, and on no other", async () => {
  const moving = new MovingWorld(1);
  const keys = ["a", "b", "c", "d", "e"];
  let closed = true;
  moving.books.mood = () => (closed ? "is denied" : "works");
  await moving.world.runUntil(
    (async () => {
      await begin(moving);
      await moving.deliver();
      const ordered = Promise.all(keys.map((key) => moving.order(order(key))));
      for (const n of [1, 2, 3, 4, 5]) await moving.say({ from: "relay1", n, to: [deaf] });
      await moving.pause(20_000);

      const parked = (index: number): Promise<readonly string[]> =>
        moving.on(index, async (booted) => (await booted.sagas.list({ state: "parked" })).entries.map(({ key }) => key).sort());
      const counted = (index: number): Promise<number> =>
        moving.on(index, (booted) => booted.health().find(({ name }) => name === "orders")?.sagas?.parked ?? 0);
      const here = (index: number): readonly string[] => keys.filter((key) => moving.isOwner(index, moving.partitionOfSaga(key)));
      const asOwned = async (): Promise<void> => {
        for (const index of [0, 1]) {
          assert.deepEqual(await parked(index), here(index));
          assert.equal(await counted(index), here(index).length);
          for (const key of keys)
            assert.equal(await moving.on(index, (booted) => booted.sagas.isHere("orders", key)), here(index).includes(key));
        }
      };
      assert.ok(here(0).length > 0 && here(1).length > 0);
      await asOwned();
      const letters = (index: number): Promise<readonly string[]> =>
        moving.on(
          index,
          async (booted) => (await booted.deadLetters("orders")?.list(undefined))?.map(({ stream, place }) => `${stream} ${place}`) ?? [],
        );
      const quarantined = (index: number): Promise<number> => moving.on(index, (booted) => booted.quarantined().length);
      const sum = async (of: (index: number) => Promise<number>): Promise<number> => (await of(0)) + (await of(1));
      assert.equal(await sum(async (index) => (await letters(index)).length), 5);
      assert.equal(await sum(quarantined), 1);

      const [key] = here(0) as readonly [string];
      await assert.rejects(
        moving.on(1, (booted) => booted.sagas.retry("orders", key)),
        /there is no saga/,
      );
      for (const p of partitions) await moving.move(p, 1);
      await moving.pause(1_000);
      await asOwned();
      assert.deepEqual(here(1), keys);
      assert.deepEqual(await letters(0), []);
      assert.equal((await letters(1)).length, 5);
      assert.equal(await quarantined(0), 0);
      closed = false;
      for (const one of keys) await moving.on(1, (booted) => booted.sagas.retry("orders", one));
      await ordered;
      assert.deepEqual(await parked(1), []);
      assert.equal(await counted(1), 0);
    })(),
  );
});
