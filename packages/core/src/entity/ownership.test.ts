// The laws E7 to E9 of host.ts: hosts of one entity type in two processes, on one log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLog, placedRecords } from "../journal/simulated/log-laws.ts";
import type { PlannedFault } from "../journal/faults/fault-plan.ts";
import { sharing, type SharedLog } from "../../test/shared-log.ts";
import { Keeper } from "../../test/tally-keeper.ts";

const keyIn = (log: SharedLog, { owner }: Keeper, partition: number): string => {
  assert(log);
  for (let i = 0; ; i++) if (owner.writer.partitionOf("tally", `k${i}`) === partition) return `k${i}`;
};

const append = (call: number, fault: PlannedFault["fault"]): PlannedFault => ({ operation: "append", call, fault });

async function keepers(
  scenario: (log: SharedLog, a: Keeper, b: Keeper) => Promise<void>,
  faults: readonly PlannedFault[] = [],
  partitions = 2,
): Promise<void> {
  await sharing(partitions, async (log) => {
    await scenario(log, new Keeper(log, await log.owner("a", faults)), new Keeper(log, await log.owner("b")));
    checkLog(placedRecords(log.disk.rows("s")));
  });
}

test("E7: what comes for a partition that is not here is given back, or fails as certainly not delivered", () =>
  keepers(async (log, a) => {
    const [here, elsewhere] = [keyIn(log, a, 0), keyIn(log, a, 1)];
    await a.acquire(0, 1);
    const bare = new Keeper(log, await log.owner("c"), false);
    await a.inside(() => {
      a.send(here, "1", 5);
      a.send(elsewhere, "2", 5);
      a.send(elsewhere, "3");
    });
    await bare.inside(() => bare.send(here, "4", 5));
    await log.pause(100);
    assert.deepEqual([a.heard, a.returned, bare.heard], [["1 5"], ["2", "3"], ["4 UNAVAILABLE not-delivered"]]);
  }));

test("E7, E9: when a partition leaves, what is decided is answered, what is not is given back behind it in order, and the next owner goes on from there", () =>
  keepers(
    async (log, a, b) => {
      const [key, other] = [keyIn(log, a, 0), keyIn(log, a, 1)];
      await a.acquire(0, 1);
      await a.acquire(1, 1);
      await a.inside(() => ["1", "2"].forEach((id) => a.send(key, id, 1)));
      await log.pause(30);
      const moved = a.move(0);
      await log.pause(5);
      await a.inside(() => {
        a.send(key, "3", 1);
        a.send(key, "4");
        a.send(other, "5", 7);
      });
      assert.deepEqual(a.returned, [], "behind what is still being stored");
      await moved;
      assert.deepEqual(
        [a.heard.toSorted(), a.returned],
        [
          ["1 1", "2 2", "5 7"],
          ["3", "4"],
        ],
      );
      await a.inside(() => a.send(key, "6", 1));
      await log.pause(200);
      assert.deepEqual(
        [a.heard.toSorted(), a.returned],
        [
          ["1 1", "2 2", "5 7"],
          ["3", "4", "6"],
        ],
      );
      await b.acquire(0, 2);
      await b.inside(() => ["3", "4", "6"].forEach((id) => b.send(key, id, id === "4" ? undefined : 1)));
      await log.pause(100);
      assert.deepEqual([b.heard.toSorted(), b.returned], [["3 3", "4 3", "6 4"], []]);
    },
    [append(1, { kind: "slow", delayMs: 200 })],
  ));

test("E7: what waits for an entity that is still being read is given back when its partition leaves, or is lost", () =>
  keepers(
    async (log, a, b) => {
      const key = keyIn(log, a, 0);
      await b.acquire(0, 1);
      await b.inside(() => b.send(key, "0", 1));
      await log.pause(100);
      for (const epoch of [2, 4]) {
        await a.acquire(0, epoch);
        a.returned.length = 0;
        const reading = a.inside(() => ["1", "2"].forEach((id) => a.send(key, id, 1)));
        await reading;
        if (epoch === 2) await a.move(0);
        else {
          await b.acquire(0, epoch + 1);
          assert.equal(await a.inside(() => a.owner.writer.confirm(0)), false);
        }
        assert.deepEqual([a.heard, a.returned], [[], ["1", "2"]]);
        await log.pause(2_000);
        assert.deepEqual([a.heard, a.returned], [[], ["1", "2"]]);
      }
    },
    ["lookup", "lookup"].map((_, i): PlannedFault => ({ operation: "lookup", call: i + 1, fault: { kind: "slow", delayMs: 1_000 } })),
  ));

test("E7: a command that was applied before its owner was paused is answered when that goes on; one that was not is given back, and nothing twice", () =>
  keepers(async (log, a, b) => {
    const key = keyIn(log, a, 0);
    await a.acquire(0, 1);
    await a.inside(() => a.send(key, "1", 1));
    await log.pause(100);
    await a.inside(() => a.send(key, "2", 1));
    a.owner.process.pause();
    await log.pause(100);
    await b.acquire(0, 2);
    await b.inside(() => b.send(key, "3", 10));
    await log.pause(100);
    a.owner.process.resume();
    await a.inside(() => {
      a.send(key, "4", 1);
      a.send(key, "5");
    });
    await log.pause(5_000);
    const logged = placedRecords(log.disk.rows("s")).map(({ record: { id } }) => id);
    assert.deepEqual(logged, logged.includes("2") ? ["1", "2", "3"] : ["1", "3"]);
    assert.deepEqual(a.heard, logged.includes("2") ? ["1 1", "2 2"] : ["1 1"]);
    assert.deepEqual(a.returned, logged.includes("2") ? ["4", "5"] : ["2", "4", "5"]);
    assert.deepEqual(b.heard, [`3 ${logged.includes("2") ? 12 : 11}`]);
    await a.inside(() => a.send(key, "6"));
    assert.equal(a.returned.at(-1), "6");
  }));

test("E8: the zombie: an owner that was paused while another took over answers no query that came after that from its stale state", () =>
  keepers(async (log, a, b) => {
    const key = keyIn(log, a, 0);
    await a.acquire(0, 1);
    await a.inside(() => a.send(key, "1", 1));
    await log.pause(100);
    await a.inside(() => a.send(key, "fresh"));
    await log.pause(50);
    assert.deepEqual(a.heard, ["1 1", "fresh 1"]);
    a.owner.process.pause();
    await b.acquire(0, 2);
    await b.inside(() => b.send(key, "2", 1));
    await log.pause(100);
    assert.deepEqual(b.heard, ["2 2"]);
    const asked = a.inside(() => {
      a.send(key, "stale");
      a.send(key, "local", undefined, { read: "local" });
    });
    a.owner.process.resume();
    await asked;
    await log.pause(1_000);
    assert.deepEqual([a.heard, a.returned], [["1 1", "fresh 1", "local 1"], ["stale"]]);
  }));

test("E8: a query that rests on a commit whose answer was on its way when another took over is confirmed as well", () =>
  keepers(async (log, a, b) => {
    const key = keyIn(log, a, 0);
    await a.acquire(0, 1);
    await a.inside(() => a.send(key, "0", 1));
    await log.pause(100);
    await a.inside(() => a.send(key, "1", 1));
    for (let i = 0; log.disk.rows("s").length < 2; i++) {
      assert(i < 1_000);
      await log.pause(0.05);
    }
    a.owner.process.pause();
    await log.pause(50);
    await b.acquire(0, 2);
    await b.inside(() => b.send(key, "2", 1));
    await log.pause(100);
    assert.deepEqual(b.heard, ["2 3"]);
    a.send(key, "stale"); // it is there before the answer to the commit is
    a.owner.process.resume();
    await log.pause(1_000);
    assert.deepEqual([a.heard, a.returned], [["0 1", "1 2"], ["stale"]]);
  }));

test("E8: a query sees what was decided before it and nothing that came after, also while it waits to be confirmed", () =>
  keepers(async (log, a) => {
    const key = keyIn(log, a, 0);
    await a.acquire(0, 1);
    await a.inside(() => a.send(key, "0", 1));
    await log.pause(100);
    await a.inside(() => {
      a.send(key, "before");
      a.send(key, "1", 1);
      a.send(key, "between");
      a.send(key, "2", 1);
      a.send(key, "after");
    });
    await log.pause(100);
    assert.deepEqual(a.heard.toSorted(), ["0 1", "1 2", "2 3", "after 3", "before 1", "between 2"]);
    assert.equal(a.owner.confirms.length, 3, "each was confirmed after it came");
  }));

test("E8: where nobody else can take over nothing is asked", () =>
  keepers(async (log, a) => {
    const key = keyIn(log, a, 0);
    await a.acquire(0, 1);
    assert.equal(typeof a.owner.writer.confirm(0), "object");
    Object.defineProperty(a.owner.writer, "journal", { value: log.journal });
    assert.equal(a.owner.writer.confirm(0), true);
    await a.inside(() => {
      a.send(key, "1", 1);
      a.send(key, "q");
    });
    await log.pause(100);
    assert.deepEqual([a.heard, a.owner.confirms.length], [["1 1", "q 1"], 1]);
  }));

test("E6, E7: a key in quarantine is known to the next owner of its partition, and one that was released elsewhere runs again", () =>
  sharing(1, async (log) => {
    const a = new Keeper(log, await log.owner("a"), true, { strikesMax: 1 });
    const b = new Keeper(log, await log.owner("b"));
    await a.acquire(0, 1);
    await a.inside(() => {
      a.send("bad", "crash", 0);
      a.send("good", "1", 1);
    });
    await log.pause(100);
    assert.deepEqual(
      a.host.quarantined().map(({ key }) => key),
      ["bad"],
    );
    await a.move(0);
    assert.deepEqual(a.host.quarantined(), []);
    await b.acquire(0, 2);
    await b.inside(() => {
      b.send("bad", "2", 1);
      b.send("good", "3", 1);
    });
    await log.pause(100);
    assert.deepEqual(b.heard.toSorted(), ["2 QUARANTINED not-delivered", "3 2"]);
    assert.equal(await b.inside(() => b.host.release("bad")), true);
    await b.move(0);
    await a.acquire(0, 3);
    await a.inside(() => a.send("bad", "4", 4));
    await log.pause(100);
    assert.equal(a.heard.at(-1), "4 4");
  }));

test("E7 to E9: whatever moves, is fenced or ambiguous, every command is answered as the log says or given back, and is in the log once, 150 seeds", async () => {
  let [moved, lost, returned] = [0, 0, 0];
  for (let seed = 1; seed <= 150; seed++) {
    await sharing(
      2,
      async (log) => {
        const { random } = log.world;
        const kinds: readonly PlannedFault["fault"][] = [
          { kind: "fail-after" },
          { kind: "late", until: { delayMs: 30 } },
          { kind: "fail-before", error: "failed" },
        ];
        const faults = [2, 5, 9].map((call) => append(call, kinds[Math.floor(random.next() * kinds.length)]!));
        const both = [new Keeper(log, await log.owner("a", faults)), new Keeper(log, await log.owner("b"))] as const;
        const sent = new Map<string, Keeper>();
        let granted = 0;
        let by = 0;
        for (let round = 0; round < 30; round++) {
          const [keeper, other] = random.next() < 0.5 ? both : [both[1], both[0]];
          const partition = random.next() < 0.5 ? 0 : 1;
          const draw = random.next();
          granted = Math.max(granted, ...both.flatMap(({ owner: { writer } }) => [writer.epoch(0), writer.epoch(1)])) + 1;
          if (draw < 0.3 && !keeper.owner.writer.owns(partition)) {
            if (random.next() < 0.5 && other.owner.writer.owns(partition)) {
              await other.move(partition);
              moved += 1;
            }
            const { taken } = await keeper.inside(() => keeper.owner.writer.acquire(partition, granted));
            if (taken) await keeper.inside(() => keeper.host.acquired(partition));
          }
          await keeper.inside(() => {
            for (let n = 0; n < 3; n++) {
              const id = `c${(by += 1)}`;
              sent.set(id, keeper);
              keeper.send(`k${by % 5}`, id, 1);
            }
          });
          await log.pause(random.next() * 6);
        }
        await log.pause(20_000);
        const placed = placedRecords(log.disk.rows("s"));
        checkLog(placed);
        const logged = new Map(placed.map(({ record }) => [record.id, record]));
        for (const [id, keeper] of sent) {
          const answers = keeper.heard.filter((word) => word.startsWith(`${id} `));
          const record = logged.get(id);
          if (record)
            assert.deepEqual(
              [answers, keeper.returned.includes(id)],
              [[`${id} ${(record.reply as { sum: number }).sum}`], false],
              `seed ${seed}`,
            );
          else
            assert.equal(
              answers.length + keeper.returned.filter((one) => one === id).length,
              1,
              `seed ${seed}: ${id} was answered ${answers.join()}`,
            );
          if (!record) for (const answer of answers) assert.match(answer, / not-delivered$/);
        }
        for (const keeper of both) {
          for (const key of [0, 1, 2, 3, 4]) {
            const back = keeper.returned.filter((id) => Number(id.slice(1)) % 5 === key).map((id) => Number(id.slice(1)));
            assert.deepEqual(
              back,
              back.toSorted((x, y) => x - y),
              `seed ${seed}: given back in order`,
            );
          }
          lost += keeper.owner.lost.length;
          returned += keeper.returned.length;
        }
      },
      seed,
    );
  }
  assert(moved > 100 && lost > 100 && returned > 1_000, `${moved} moved, ${lost} lost, ${returned} returned`);
});
