// Files that are damaged: refused with what is known of them, and never is a row given out that is not the one stored.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { Failure } from "../../base/failure.ts";
import { JournalError, type Row } from "../journal.ts";
import { readAll, recordOf, rowOf, takeOver, write } from "../tck/rows.ts";
import { LogFile } from "./log-file.ts";
import { followChain, readPage, readRecords, type Slices } from "./log-read.ts";
import { OpenError } from "./open-error.ts";
import { service } from "./process-under-test.ts";
import { SqliteJournalStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./sqlite-under-test.ts";
import { verify } from "./verify.ts";

const partitions = 4;
const rowsEach = 12;
const indexedTo = 8;
let root = "";
/** A closed log of 4 partitions with 12 rows of 2 records each, of which 8 are indexed. */
let image: Buffer;
let rows: readonly (readonly Row[])[];

const storeIn = (directory: string, events: string[] = []): SqliteJournalStore =>
  new SqliteJournalStore(directory, { log: (_, event) => void events.push(event) });

before(async () => {
  root = await temporaryDirectory();
  const journal = await storeIn(join(root, "base")).open(service, partitions);
  for (let p = 0; p < partitions; p++) {
    const epoch = await takeOver(journal, p);
    for (let offset = 0; offset < 2 * rowsEach; offset += 2) {
      const records = [0, 1].map((i) => recordOf(`k${p}`, `${p}-${offset + i}`, offset + i - 1, { version: offset + i + 1 }));
      await write(journal, rowOf(p, offset, epoch, records));
    }
    const of = { type: "counter", key: `k${p}` };
    const last = indexedTo - 1;
    const snapshots = [{ ...of, offset: last, body: "{}" }];
    await journal.index({ partition: p, epoch, indexedTo, entities: [{ ...of, version: indexedTo, last }], snapshots, alarms: [] });
  }
  rows = await Promise.all(Array.from({ length: partitions }, (_, p) => readAll(journal, p)));
  await journal[Symbol.asyncDispose]();
  image = readFileSync(join(root, "base", service, "log.db"));
});

after(() => rm(root, { recursive: true, force: true }));

/** A data directory of this name whose log is `bytes`, changed by `sql`. */
async function directoryWith(name: string, bytes: Uint8Array, sql = ""): Promise<string> {
  const directory = join(root, name);
  await mkdir(join(directory, service), { recursive: true });
  await writeFile(join(directory, service, "log.db"), bytes);
  if (sql !== "") {
    const db = new DatabaseSync(join(directory, service, "log.db"));
    db.exec(sql);
    db.close();
  }
  return directory;
}

async function refusal(directory: string): Promise<Failure> {
  const outcome = await storeIn(directory)
    .open(service, partitions)
    .catch((error: unknown) => error);
  assert(outcome instanceof Failure, `refused with a failure: ${String(outcome)}`);
  assert(outcome.message.includes(join(directory, service, "log.db")), "the path is named");
  return outcome;
}

function all<T>(slices: Slices<T>): T {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}

/** Every row as it can be read now. */
function readEach(log: LogFile): readonly (readonly (Row | "damaged")[])[] {
  return rows.map((expected, p) =>
    expected.map(({ offset }) => {
      try {
        const flat = all(readPage(log, p, offset, 1)).rows as [number, number, number, number, string];
        return { partition: flat[0], offset: flat[1], count: flat[2], epoch: flat[3], body: flat[4] };
      } catch (error) {
        assert(error instanceof JournalError && error.kind === "damaged", String(error));
        return "damaged";
      }
    }),
  );
}

/** Opens the image with one bit flipped in every 41st byte; `look` is told the log, or why it does not open. */
async function flipEach(name: string, look: (opened: LogFile | OpenError, byte: number) => void): Promise<void> {
  const directory = join(root, name);
  await mkdir(directory, { recursive: true });
  for (let at = 0; at < image.length; at += 41) {
    const flipped = Buffer.from(image);
    flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
    writeFileSync(join(directory, "log.db"), flipped);
    let opened: LogFile | OpenError;
    try {
      opened = LogFile.open({ directory, log: () => {} });
    } catch (error) {
      assert(error instanceof OpenError, `byte ${at}: ${String(error)}`);
      opened = error;
    }
    look(opened, at);
    if (opened instanceof LogFile) opened.close();
  }
}

test("sqlite: whichever bit is flipped, the log is refused, or every row is the one that was stored", async () => {
  const outcomes = { refused: 0, same: 0 };
  await flipEach("flipped", (opened, byte) => {
    try {
      if (opened instanceof OpenError) throw opened;
      verify(opened);
    } catch (error) {
      assert(error instanceof OpenError, `byte ${byte}: ${String(error)}`);
      outcomes.refused += 1;
      return;
    }
    assert.deepEqual(readEach(opened), rows, `byte ${byte}`);
    outcomes.same += 1;
  });
  assert(outcomes.refused > 100 && outcomes.same > 100, JSON.stringify(outcomes));
});

test("sqlite: whichever bit is flipped in a log too large to be verified, a row is read as it was stored or reported as damaged", async () => {
  const outcomes = { refused: 0, same: 0, damaged: 0 };
  await flipEach("flipped-unverified", (opened, byte) => {
    try {
      if (opened instanceof OpenError) throw opened;
      verify(opened, 0);
    } catch (error) {
      assert(error instanceof OpenError, `byte ${byte}: ${String(error)}`);
      outcomes.refused += 1;
      return;
    }
    for (const [p, found] of readEach(opened).entries()) {
      for (const [i, row] of found.entries()) {
        if (row === "damaged") outcomes.damaged += 1;
        else assert.deepEqual(row, rows[p]?.[i], `byte ${byte}`);
      }
    }
    outcomes.same += 1;
  });
  assert(outcomes.refused > 0 && outcomes.same > 100 && outcomes.damaged > 100, JSON.stringify(outcomes));
});

test("sqlite: a damaged row is refused at start with partition and last readable offset", async () => {
  const directory = await directoryWith("row", image, "update log set body = replace(body, 'add', 'bad') where p = 2 and o = 10");
  const failure = await refusal(directory);
  assert.equal(failure.code, "JOURNAL_DAMAGED");
  assert.match(failure.message, /partition 2 is readable up to offset 9; the row at partition 2, offset 10 does not match its checksum/);
  assert.match(failure.message, /restore it from a backup/);
});

const breakages: readonly (readonly [title: string, sql: string, message: RegExp])[] = [
  [
    "a row is missing",
    "delete from log where p = 1 and o = 4",
    /partition 1 is readable up to offset 3; the row at partition 1, offset 4 is missing/,
  ],
  ["a row is at another offset", "update log set o = 100 where p = 0 and o = 22", /partition 0 is readable up to offset 21; .* offset 22/],
  ["a row is of another epoch", "update log set epoch = 0 where p = 0 and o = 4", /partition 0, offset 4 does not match its checksum/],
  ["a row counts more than it holds", "update log set n = 3 where p = 0 and o = 22", /partition 0, offset 22 does not match its checksum/],
  ["a row belongs to no partition", "update log set p = 9 where p = 3 and o = 22", /partition 9/],
  ["the first row is damaged", "update log set sum = sum + 1 where p = 3 and o = 0", /nothing of partition 3 is readable/],
  ["an epoch was lowered", "update partition set epoch = 0 where id = 1", /partition 1 has epoch 0, its newest row has 1/],
  ["a partition is missing", "delete from partition where id = 1", /partition 1 has no epoch/],
  ["the identity is missing", "delete from meta", /identity/],
];

for (const [title, sql, message] of breakages) {
  test(`sqlite: a log is refused when ${title}`, async () => {
    const failure = await refusal(await directoryWith(title.replaceAll(" ", "-"), image, sql));
    assert.equal(failure.code, "JOURNAL_DAMAGED");
    assert.match(failure.message, message);
  });
}

test("sqlite: a log that was cut short is refused, at whatever page", async () => {
  for (let bytes = 4_096; bytes < image.length; bytes += 4_096) {
    const directory = await directoryWith(`cut-${bytes}`, image);
    await truncate(join(directory, service, "log.db"), bytes);
    assert.equal((await refusal(directory)).code, "JOURNAL_DAMAGED", `${bytes} bytes`);
  }
});

test("sqlite: of a log too large to be verified whole, what is not indexed is verified at start, the rest when it is read", async () => {
  const damage = (p: number, o: number): string => `update log set body = replace(body, 'add', 'bad') where p = ${p} and o = ${o}`;
  const tail = await directoryWith("tail", image, damage(1, indexedTo));
  const log = LogFile.open({ directory: join(tail, service), log: () => {} });
  assert.throws(() => verify(log, 0), /partition 1 is readable up to offset 7; .* offset 8/);
  log.close();
  const indexed = await directoryWith("indexed", image, damage(1, indexedTo - 2));
  const other = LogFile.open({ directory: join(indexed, service), log: () => {} });
  verify(other, 0);
  const isDamage = (error: unknown): boolean =>
    error instanceof JournalError && error.kind === "damaged" && error.message.startsWith("partition 1, offset 6:");
  assert.throws(() => all(readPage(other, 1, 0, 1 << 20)), isDamage);
  assert.throws(() => all(readRecords(other, 1, [1, 7])), isDamage);
  assert.throws(() => all(followChain(other, 1, 9, -1, 100, 0)), isDamage);
  assert.deepEqual(all(followChain(other, 1, 9, 7, 100, 0)).offsets, [9, 8]);
  other.close();
});

test("sqlite: a newest row that its index has lost is missed, however large the log", async () => {
  const directory = await directoryWith("lost-entry", image);
  const db = new DatabaseSync(join(directory, service, "log.db"));
  const page = db.prepare("select rootpage from sqlite_schema where name = 'sqlite_autoindex_log_1'").get()?.["rootpage"] as number;
  db.close();
  const altered = Buffer.from(image);
  const cellCount = (page - 1) * 4_096 + 3; // of the page, which is the only one of the index: its last entry is gone
  altered.writeUInt16BE(altered.readUInt16BE(cellCount) - 1, cellCount);
  for (const wholeBytesMax of [0, 1 << 30]) {
    writeFileSync(join(directory, service, "log.db"), altered);
    const log = LogFile.open({ directory: join(directory, service), log: () => {} });
    assert.equal(log.partitions[3]?.head, 2 * rowsEach - 2);
    assert.throws(() => verify(log, wholeBytesMax), /partition 3, offset 22/);
    log.close();
  }
});

test("sqlite: an index that claims more than the log holds is dropped and said to be, the log is whole", async () => {
  const claims = [
    "update progress set indexed_to = 25 where p = 0",
    "update entity set last = 24 where p = 1",
    "update snapshot set o = 24 where p = 2",
  ];
  for (const [i, sql] of claims.entries()) {
    const events: string[] = [];
    await using journal = await storeIn(await directoryWith(`claims-${i}`, image, sql), events).open(service, partitions);
    assert.deepEqual(events, ["journal.index_dropped"]);
    for (const { head, indexedTo: upTo } of await journal.partitions()) assert.deepEqual([head, upTo], [2 * rowsEach, 0]);
    assert.deepEqual(await journal.lookup(1, "counter", "k1"), {});
  }
});

test("sqlite: a damaged snapshot is as if there were none", async () => {
  const events: string[] = [];
  const directory = await directoryWith("snapshot", image, "update snapshot set body = '{ }' where p = 1");
  await using journal = await storeIn(directory, events).open(service, partitions);
  assert.deepEqual(await journal.lookup(1, "counter", "k1"), { entry: { type: "counter", key: "k1", version: 8, last: 7 } });
  assert.equal((await journal.lookup(2, "counter", "k2")).snapshot?.offset, 7);
  assert.deepEqual(events, ["journal.snapshot_damaged"]);
});
