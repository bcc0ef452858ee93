// The laws E1 to E6 of resident.ts and the bounds of limits.ts, on whole systems in a virtual world.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, Failure, service, system } from "@atoll/core";
import { failureOf, virtually } from "../../test/virtual-system.ts";
import { repeatedAnswer } from "./departure.ts";
import type { EntityLimits } from "./limits.ts";

const Account = contract("account", {
  version: 1,
  key: z.string(),
  commands: {
    put: {
      in: z.object({ n: z.int(), note: z.string().default("none") }),
      out: z.object({ sum: z.int() }),
      rejects: { Negative: z.object({ sum: z.int() }) },
    },
    crash: {},
    poison: {},
  },
  queries: { sum: { out: z.object({ sum: z.int(), version: z.int(), notes: z.array(z.string()) }) } },
});

const account = entity(Account, {
  state: z.object({ sum: z.int(), notes: z.array(z.string()) }),
  initial: { sum: 0, notes: [] },
  events: { Put: z.object({ n: z.int(), note: z.string().default("unsaid") }), Poisoned: z.object({}) },
  decide: {
    put: (s, c, turn) =>
      s.sum + c.n < 0 ? turn.reject("Negative", { sum: s.sum }) : turn.emit("Put", c).reply((after) => ({ sum: after.sum })),
    crash: () => {
      throw new Error("decide broke");
    },
    poison: (_, __, turn) => turn.emit("Poisoned", {}),
  },
  evolve: {
    Put: (s, e) => ({ sum: s.sum + e.n, notes: [...s.notes, e.note] }),
    Poisoned: (s, _, at) => {
      if (poisoned && at.caller !== "nobody") throw new Error("this event cannot be applied");
      return s;
    },
  },
  queries: { sum: (s, _, q) => ({ sum: s.sum, version: q.version, notes: [...s.notes] }) },
});
let poisoned = false;

interface Loose {
  emit(name: string, data: unknown): { reply(value: unknown): unknown };
}

const accounts = (entities: Partial<EntityLimits> = {}, part = account) =>
  system("accounts", { services: [service("accounts", [part], { limits: { partitions: 2, entities } })] });

test("entity: a command's reply and the state agree, and survive a crash of the process", () =>
  virtually(accounts(), async (running) => {
    assert.deepEqual(await running.booted.at(Account, "a").put({ n: 5 }), { rejected: undefined, reply: { sum: 5 } });
    const { booted } = await running.restart();
    assert.deepEqual(await booted.at(Account, "a").sum(), { sum: 5, version: 1, notes: ["none"] });
  }));

test("entity: a rejection is recorded, and the same id hears it again although the state has changed since", () =>
  virtually(accounts(), async ({ booted }) => {
    const at = booted.at(Account, "a");
    assert.deepEqual(await at.put({ n: -1 }, { commandId: "first" }), { rejected: "Negative", details: { sum: 0 } });
    await at.put({ n: 5 });
    assert.deepEqual(await at.put({ n: -1 }, { commandId: "first" }), { rejected: "Negative", details: { sum: 0 } });
  }));

test("entity: the same command id with another input is refused, and nothing is applied", () =>
  virtually(accounts(), async ({ booted }) => {
    const at = booted.at(Account, "a");
    await at.put({ n: 5 }, { commandId: "x" });
    assert.equal((await failureOf(at.put({ n: 6 }, { commandId: "x" }))).code, "COMMAND_ID_REUSED");
    assert.equal((await at.sum()).sum, 5);
  }));

test("entity: a repeated command is answered from the log, also after a restart; while that cannot be read, its outcome is unknown", () =>
  virtually(accounts(), async (running) => {
    const put = (on: typeof running) => on.booted.at(Account, "a").put({ n: 5 }, { commandId: "once" });
    const answer = { rejected: undefined, reply: { sum: 5 } };
    assert.deepEqual(await Promise.all([put(running), put(running)]), [answer, answer]); // the second waits for the first's commit
    await running.booted.at(Account, "a").put({ n: 1 });
    assert.deepEqual(await put(running), answer);
    running.disk.faults = { ...running.disk.faults, failed: 1 };
    assert.deepEqual(await failureOf(put(running)).then(({ code, outcome }) => [code, outcome]), ["UNKNOWN_OUTCOME", "unknown"]);
    assert.equal((await running.booted.at(Account, "a").sum()).sum, 6);
    running.disk.faults = { ...running.disk.faults, failed: 0 };
    assert.deepEqual(await put(await running.restart()), answer);
  }));

test("entity: two command ids that cannot be told apart by their hash are never both applied", () => {
  const message = { id: "second", address: "account/a.put", to: Account.put } as unknown as Parameters<typeof repeatedAnswer>[0];
  const record = { id: "first", input: "same" } as Parameters<typeof repeatedAnswer>[1];
  const answer = repeatedAnswer(message, record, "same");
  assert.ok(answer instanceof Failure && answer.code === "COMMAND_ID_REUSED" && answer.outcome === "not-delivered");
});

test("entity: one that is always busy does not push the others out of memory", () =>
  virtually(accounts({ residentBytesMax: 250_000 }), async ({ booted, process }) => {
    for (let i = 0; i < 10; i++) await booted.at(Account, `k${i}`).put({ n: i });
    for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 50 }, () => booted.at(Account, "hot").put({ n: 1 })));
    assert.match(process.metrics.render(), /atoll_entities_resident\{[^}]*\} 11\n/);
  }));

const uuid7 = (ms: number): string =>
  `${ms
    .toString(16)
    .padStart(12, "0")
    .replace(/^(.{8})(.{4})$/, "$1-$2")}-7000-8000-000000000000`;

test("entity: an id whose receipt was forgotten is refused as TOO_OLD, a fresh one is not, also after a restart from a snapshot", () =>
  virtually(accounts({ receiptsMax: 4, mailboxCapacity: 4, snapshotEvery: 3 }), async (running) => {
    const timed = uuid7(running.process.clock.now());
    await running.booted.at(Account, "a").put({ n: 1 }, { commandId: "free" });
    await running.booted.at(Account, "a").put({ n: 1 }, { commandId: timed });
    await running.pause(5);
    for (let i = 0; i < 6; i++) await running.booted.at(Account, "a").put({ n: 1 }, { commandId: `more${i}` });
    await running.pause(5_000); // the index has stored a snapshot
    assert.ok(running.disk.image("accounts")?.snapshots.length, "a snapshot is stored");
    const again = await running.restart();
    for (const at of [running.booted.at, again.booted.at].slice(1)) {
      assert.equal((await failureOf(at(Account, "a").put({ n: 1 }, { commandId: "free" }))).code, "TOO_OLD");
      assert.equal((await failureOf(at(Account, "a").put({ n: 1 }, { commandId: timed }))).code, "TOO_OLD");
      assert.deepEqual(await at(Account, "a").put({ n: 1 }, { commandId: "fresh" }), { rejected: undefined, reply: { sum: 9 } });
    }
  }));

test("entity: more unanswered messages than the mailbox holds are refused at once as OVERLOADED, and certainly not applied", () =>
  virtually(accounts({ mailboxCapacity: 8 }), async (running) => {
    const asked = Array.from({ length: 20 }, () => running.booted.at(Account, "a").put({ n: 1 }));
    const results = await Promise.allSettled(asked);
    const refused = results.filter((result) => result.status === "rejected").map(({ reason }) => reason as Failure);
    assert.equal(refused.length, 12);
    for (const { code, outcome } of refused) assert.deepEqual([code, outcome], ["OVERLOADED", "not-delivered"]);
    assert.equal((await running.booted.at(Account, "a").sum()).sum, 8);
  }));

test("entity: idle entities leave memory above the bound, the longest unused first, and come back as they were", () =>
  virtually(accounts({ residentsMax: 3 }), async ({ booted, process }) => {
    for (let i = 0; i < 10; i++) await booted.at(Account, `k${i}`).put({ n: i });
    for (let i = 0; i < 10; i++) assert.equal((await booted.at(Account, `k${i}`).sum()).sum, i);
    const resident = /atoll_entities_resident\{[^}]*\} (\d+)/.exec(process.metrics.render())?.[1];
    assert.ok(Number(resident) <= 3, `${resident} entities are resident`);
  }));

test("entity: a strong read shows what was committed before it was asked; a local one answers at once from the last commit", () =>
  virtually(accounts(), async ({ booted }) => {
    const at = booted.at(Account, "a");
    await at.put({ n: 1 });
    const writing = at.put({ n: 1 });
    const local = await at.sum({ read: "local" });
    const strong = await at.sum();
    await writing;
    assert.ok(local.sum <= strong.sum);
    assert.equal(strong.sum, 2);
  }));

test("entity: a decide that throws answers DEFECT, nothing is committed, and the entity goes on after a restart from its log", () =>
  virtually(accounts(), async ({ booted, disk }) => {
    const at = booted.at(Account, "a");
    await at.put({ n: 1 });
    const failure = await failureOf(at.crash());
    assert.deepEqual([failure.code, failure.outcome], ["DEFECT", "not-delivered"]);
    assert.match(failure.message, /account\/a\.crash.*decide broke/);
    assert.equal((await at.sum()).sum, 1);
    assert.equal(disk.rows("accounts").length, 1);
  }));

test("entity: a key that fails five times in a row is quarantined, others go on, and it returns when released", () =>
  virtually(accounts(), async (running) => {
    const { booted } = running;
    for (let i = 0; i < 5; i++) assert.equal((await failureOf(booted.at(Account, "a").crash({ within: "60s" }))).code, "DEFECT");
    const failure = await failureOf(booted.at(Account, "a").sum());
    assert.equal(failure.code, "QUARANTINED");
    assert.match(failure.message, /decide broke.*quarantine release/s);
    await booted.at(Account, "b").put({ n: 1 });
    assert.deepEqual(
      booted.quarantined().map((entry) => [entry.service, entry.entity, entry.key]),
      [["accounts", "account", "a"]],
    );
    await running.pause(1_000);
    const again = await running.restart();
    assert.equal((await failureOf(again.booted.at(Account, "a").sum())).code, "QUARANTINED", "it holds after a restart");
    assert.equal(await again.booted.release("accounts", "nobody"), 0);
    assert.equal(await again.booted.release("accounts", "a"), 1);
    assert.equal((await again.booted.at(Account, "a").sum()).sum, 0);
  }));

test("entity: failures in a row count on while the key is out of memory between them", () =>
  virtually(accounts(), async (running) => {
    for (let i = 0; i < 5; i++) {
      assert.equal((await failureOf(running.booted.at(Account, "a").crash({ within: "60s" }))).code, "DEFECT");
      await running.pause(60_000);
    }
    assert.equal((await failureOf(running.booted.at(Account, "a").sum())).code, "QUARANTINED");
  }));

test("entity: a success between failures starts their count anew", () =>
  virtually(accounts(), async ({ booted }) => {
    for (let i = 0; i < 12; i++) {
      await failureOf(booted.at(Account, "a").crash({ within: "60s" }));
      await booted.at(Account, "a").put({ n: 1 }, { within: "60s" });
    }
    assert.equal((await booted.at(Account, "a").sum()).sum, 12);
  }));

test("entity: a poisoned event quarantines its key with the record's position, and the key is whole again once the program is mended", async () => {
  poisoned = false;
  await virtually(accounts(), async (running) => {
    await running.booted.at(Account, "a").put({ n: 7 });
    await running.booted.at(Account, "a").poison();
    poisoned = true;
    const sick = await running.restart();
    assert.equal((await failureOf(sick.booted.at(Account, "a").sum({ within: "10m" }))).code, "QUARANTINED");
    const [entry] = sick.booted.quarantined();
    assert.match(entry?.reason ?? "", /record at [0-9a-f]{32}\.1\.\d+\.\d+ cannot be applied: this event cannot be applied/);
    assert.equal(typeof entry?.offset, "number");
    assert.deepEqual(await sick.booted.at(Account, "b").put({ n: 1 }), { rejected: undefined, reply: { sum: 1 } });
    poisoned = false;
    await sick.booted.release("accounts", "a");
    assert.deepEqual(await sick.booted.at(Account, "a").sum(), { sum: 7, version: 2, notes: ["none"] });
  });
});

test("entity: an event of an older version is lifted by upcast, and a newer program's event is refused by name", async () => {
  const old = entity(Account, {
    ...account.how,
    events: { Put: z.object({ amount: z.int() }), Poisoned: z.object({}) },
    decide: {
      ...account.how.decide,
      put: (_: unknown, c: { n: number }, turn: Loose) => turn.emit("Put", { amount: c.n }).reply({ sum: 1 }),
    },
    evolve: { ...account.how.evolve, Put: (s: unknown) => s },
  } as never);
  const lifted = entity(Account, {
    ...account.how,
    upcast: { Put: [(v1: { amount: number }) => ({ n: v1.amount, note: "from v1" })] },
  } as never);
  await virtually(accounts({}, old as never), async (running) => {
    await running.booted.at(Account, "a").put({ n: 3 });
    const now = await running.restart(accounts({}, lifted as never));
    assert.deepEqual(await now.booted.at(Account, "a").sum(), { sum: 3, version: 1, notes: ["from v1"] });
    await now.booted.at(Account, "a").put({ n: 4 });
    const back = await now.restart(accounts({}, old as never));
    const failure = await failureOf(back.booted.at(Account, "a").sum({ within: "10m" }));
    assert.match(failure.message, /version 2 of event "Put".*knows up to 1/);
  });
});

test("entity: a snapshot is used after a restart, and ignored once evolve has changed", async () => {
  const other = entity(Account, {
    ...account.how,
    evolve: {
      ...account.how.evolve,
      Put: (s: { sum: number; notes: string[] }, e: { n: number }) => ({ sum: s.sum + 10 * e.n, notes: s.notes }),
    },
  } as never);
  await virtually(accounts({ snapshotEvery: 5 }), async (running) => {
    for (let i = 0; i < 12; i++) await running.booted.at(Account, "a").put({ n: 1 });
    await running.pause(5_000);
    const [snapshot] = running.disk.image("accounts")?.snapshots ?? [];
    assert.ok(snapshot && snapshot.offset >= 4, "a snapshot is stored");
    const same = await running.restart();
    assert.equal((await same.booted.at(Account, "a").sum()).sum, 12);
    const changed = await same.restart(accounts({}, other as never));
    assert.equal((await changed.booted.at(Account, "a").sum()).sum, 120);
  });
});

test("entity: nobody can change its state from outside, in whatever answer it is shown", () =>
  virtually(accounts(), async ({ booted }) => {
    await booted.at(Account, "a").put({ n: 1 });
    const answer = await booted.at(Account, "a").sum();
    assert.throws(() => answer.notes.push("mine"), TypeError);
    assert.deepEqual((await booted.at(Account, "a").sum()).notes, ["none"]);
  }));

test("entity: under a full disk commands fail as JOURNAL_FULL, reads go on, and commands work again once there is room", () =>
  virtually(accounts(), async ({ booted, disk }) => {
    await booted.at(Account, "a").put({ n: 1 });
    disk.faults = { ...disk.faults, full: 1 };
    const failure = await failureOf(booted.at(Account, "a").put({ n: 1 }));
    assert.deepEqual([failure.code, failure.outcome], ["JOURNAL_FULL", "not-delivered"]);
    assert.match(failure.message, /free space/i);
    assert.equal((await booted.at(Account, "a").sum()).sum, 1);
    assert.equal(booted.health()[0]?.state, "failing");
    disk.faults = { ...disk.faults, full: 0 };
    assert.deepEqual(await booted.at(Account, "a").put({ n: 1 }), { rejected: undefined, reply: { sum: 2 } });
    assert.equal(booted.health()[0]?.state, "running");
  }));

test("entity: one command that the journal always refuses fails alone; those committed with it are stored", () =>
  virtually(accounts(), async ({ booted, disk }) => {
    disk.refuses = (row) => row.body.includes("unspeakable");
    const asked = Array.from({ length: 40 }, (_, i) =>
      booted.at(Account, `k${i % 8}`).put({ n: 1, note: i === 17 ? "unspeakable" : "fine" }),
    );
    const results = await Promise.allSettled(asked);
    const codes = results.map((result) => (result.status === "rejected" ? (result.reason as Failure).code : "ok"));
    assert.deepEqual(
      codes.filter((code) => code !== "ok"),
      ["COMMIT_REFUSED"],
    );
    assert.equal(codes[17], "COMMIT_REFUSED");
    let sum = 0;
    for (let k = 0; k < 8; k++) sum += (await booted.at(Account, `k${k}`).sum()).sum;
    assert.equal(sum, 39);
  }));
