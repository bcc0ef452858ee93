// What the worker makes of requests: which fail and which do not suffer from it, and who waits for whom.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { type Journal, JournalError, type Row } from "../journal.ts";
import { idsOf, oneRow, readAll, recordOf, rowOf, stateOf, takeOver, write } from "../tck/rows.ts";
import { service } from "./process-under-test.ts";
import { SqliteJournalStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./sqlite-under-test.ts";

const partitions = 4;
let root = "";
before(async () => {
  root = await temporaryDirectory();
});
after(() => rm(root, { recursive: true, force: true }));

const open = (name: string): Promise<Journal> => new SqliteJournalStore(join(root, name), { log: () => {} }).open(service, partitions);

const isRefusal = (error: unknown): boolean => error instanceof JournalError && error.kind === "refused";

test("sqlite: a row that the database refuses is refused alone, those committed with it are written", async () => {
  await (await open("trigger"))[Symbol.asyncDispose]();
  const db = new DatabaseSync(join(root, "trigger", service, "log.db"));
  db.exec("create trigger poison before insert on log when new.body like '%poisoned%' begin select raise(rollback, 'poisoned'); end");
  db.close();
  await using journal = await open("trigger");
  const epochs = await Promise.all([0, 1, 2, 3].map((p) => takeOver(journal, p)));
  const rowIn = (p: number, id: string): Row => oneRow(p, 0, epochs[p] as number, id);
  // Posted together, so that the worker takes them into one commit.
  const answers = await Promise.allSettled([
    journal.append([rowIn(0, "a")]),
    journal.append([rowIn(1, "b"), rowIn(2, "poisoned")]),
    journal.append([rowIn(3, "d")]),
    journal.takeOver(3, epochs[3] as number),
  ]);
  assert.deepEqual(answers[0], { status: "fulfilled", value: ["written"] });
  assert(answers[1].status === "rejected" && isRefusal(answers[1].reason));
  assert.match(String(answers[1].reason), /poisoned/);
  assert.deepEqual(answers[2], { status: "fulfilled", value: ["written"] });
  assert.deepEqual(answers[3], { status: "fulfilled", value: { taken: true, epoch: (epochs[3] as number) + 1 } });
  const stored = await Promise.all([0, 1, 2, 3].map(async (p) => idsOf(await readAll(journal, p))));
  assert.deepEqual(stored, [["a"], [], [], ["d"]]);
  await write(journal, rowIn(1, "b"), rowIn(2, "c"));
});

test("sqlite: a row that contradicts itself or is too large is refused, and nothing of its append is written", async () => {
  await using journal = await open("malformed");
  const epochs = await Promise.all([0, 1].map((p) => takeOver(journal, p)));
  const good = oneRow(0, 0, epochs[0] as number, "good");
  const bad = oneRow(1, 0, epochs[1] as number, "bad");
  await assert.rejects(journal.append([good, { ...bad, count: 2 }]), isRefusal);
  await assert.rejects(journal.append([good, { ...bad, body: `${bad.body}\n${bad.body}` }]), isRefusal);
  await assert.rejects(journal.append([good, { ...bad, body: "x".repeat(64 * 2 ** 20 + 1) }]), isRefusal);
  await assert.rejects(journal.append([good, { ...bad, partition: partitions }]), isRefusal);
  assert.deepEqual(
    (await journal.partitions()).map(({ head }) => head),
    [0, 0, 0, 0],
  );
  await write(journal, good, bad);
});

test("sqlite: an append is answered before a long chain that was asked for earlier, and the chain is answered among appends", async () => {
  await using journal = await open("turns");
  const epoch = await takeOver(journal, 0);
  const rows = 100;
  const each = 200;
  for (let r = 0; r < rows; r++) {
    const records = Array.from({ length: each }, (_, i) => recordOf("k", `${r}.${i}`, r * each + i - 1));
    await write(journal, rowOf(0, r * each, epoch, records));
  }
  const other = await takeOver(journal, 1);
  const order: string[] = [];
  const chain = journal.chain(0, rows * each - 1, -1, rows * each, 0).then(({ offsets }) => {
    order.push("chain");
    return offsets;
  });
  await write(journal, oneRow(1, 0, other, "first"));
  order.push("append");
  // Never a moment without an append under way, until the chain is there.
  for (let offset = 1; !order.includes("chain"); offset++) await write(journal, oneRow(1, offset, other, `${offset}`));
  assert.deepEqual(order, ["append", "chain"]);
  assert.equal((await chain).length, rows * each);
});

test("sqlite: more requests than the journal's bound are refused at once and have no effect, the others are answered", async () => {
  await using journal = await open("bound");
  const epoch = await takeOver(journal, 0);
  const under = Array.from({ length: 16_384 }, () => journal.partitions());
  const beyond = journal.append([oneRow(0, 0, epoch, "beyond")]);
  await assert.rejects(beyond, (error) => error instanceof JournalError && error.kind === "failed");
  assert.equal((await Promise.all(under)).length, under.length);
  assert.equal((await stateOf(journal, 0)).head, 0);
  await write(journal, oneRow(0, 0, epoch, "a"));
});

test("sqlite: closing answers everything that was asked before, and refuses what is asked after", async () => {
  const journal = await open("closing");
  const epoch = await takeOver(journal, 0);
  const asked = [
    journal.append([oneRow(0, 0, epoch, "a")]),
    journal.read(0, 0, 100),
    journal.chain(0, -1, -1, 5, 0),
    journal.quarantined(),
  ];
  const closed = journal[Symbol.asyncDispose]();
  await assert.rejects(journal.partitions(), (error) => error instanceof JournalError && error.kind === "failed");
  await closed;
  const outcomes = await Promise.allSettled(asked);
  assert(outcomes.every(({ status }) => status === "fulfilled"));
});

test("sqlite: once the keys of the index are read an entity it does not know is denied without asking the thread, also after reopening", async () => {
  const stored = Array.from({ length: 2_000 }, (_, i) => `k${i}`);
  const denying = async (journal: Journal): Promise<readonly string[]> => {
    while (journal.mayHold(0, "counter", "new")) await journal.partitions(); // the thread reads while nobody asks
    return stored.filter((key) => !journal.mayHold(0, "counter", key));
  };
  const journal = await open("keys");
  const epoch = await takeOver(journal, 0);
  await write(journal, oneRow(0, 0, epoch, "a"));
  assert.equal((await denying(journal)).length, stored.length);
  const entities = stored.map((key) => ({ type: "counter", key, version: 1, last: 0 }));
  await journal.index({ partition: 0, epoch, indexedTo: 1, entities, snapshots: [], alarms: [] });
  assert.deepEqual(await denying(journal), []);
  await journal[Symbol.asyncDispose]();
  await using reopened = await open("keys");
  assert.deepEqual(await denying(reopened), []);
});
