// Each law is shown a log, an index or a history that breaks it and nothing else, and must name itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { Failure, type FailureCode } from "../../base/failure.ts";
import { contract } from "../../contract/index.ts";
import type { LogRecord } from "../record.ts";
import { type Attempt, BrokenLaw, checkAttempts, checkIndex, checkLog, type PlacedRecord, placedRecords } from "./log-laws.ts";
import type { SimulatedImage } from "./simulated-log.ts";

const Tally = contract("tally", {
  version: 1,
  key: z.string(),
  commands: {
    add: { in: z.int(), out: z.object({ sum: z.int(), note: z.string().default("-") }), rejects: { Full: z.object({ max: z.int() }) } },
  },
});

function record(id: string, change: Partial<LogRecord> = {}): LogRecord {
  const common = { type: "tally", key: "a", version: 1, prev: -1, command: "add", minted: 1, input: "", caller: "operator", now: 1 };
  return { ...common, id, events: [["Added", 1, { by: 1 }]], reply: { sum: 1 }, ...change };
}

/** A record per offset of partition 0, under epoch 1. */
const logOf = (...records: readonly LogRecord[]): readonly PlacedRecord[] =>
  records.map((entry, offset) => ({ partition: 0, offset, epoch: 1, record: entry }));

const two = logOf(record("c1"), record("c2", { version: 2, prev: 0 }));

function broken(act: () => void, law: string, what: RegExp): void {
  assert.throws(act, (error) => error instanceof BrokenLaw && error.law === law && what.test(error.message));
}

test("log laws: a log of two chained records breaks none", () => {
  checkLog(two);
  checkLog([]);
  checkLog([...two, { partition: 2, offset: 0, epoch: 1, record: record("c1", { key: "b" }) }]);
});

test("log laws: rows are read record by record, each with its own offset", () => {
  const body = [record("c1"), record("c2", { version: 2, prev: 7 })].map((entry) => JSON.stringify(entry)).join("\n");
  const placed = placedRecords([{ partition: 3, offset: 7, count: 2, epoch: 5, body }]);
  assert.deepEqual(
    placed.map(({ partition, offset, epoch, record: { id } }) => [partition, offset, epoch, id]),
    [
      [3, 7, 5, "c1"],
      [3, 8, 5, "c2"],
    ],
  );
});

test("log laws: a gap between offsets, a first offset above 0 and a falling epoch break the order", () => {
  broken(() => checkLog(two.slice(1)), "order", /offset 1 of epoch 1 is the first/);
  broken(() => checkLog([two[0]!, { ...two[1]!, offset: 2 }]), "order", /offset 2 of epoch 1 follows 0/);
  broken(() => checkLog([{ ...two[0]!, epoch: 2 }, two[1]!]), "order", /of epoch 1 follows 0 of epoch 2/);
});

test("log laws: a command that is in the log of its entity twice was applied twice", () => {
  broken(
    () => checkLog(logOf(record("c1"), record("c1", { version: 2, prev: 0 }))),
    "apply once",
    /add c1 of tally\/a is in the log twice, at offsets 0 and 1/,
  );
});

test("log laws: a record that does not point to its entity's previous one breaks the chain", () => {
  broken(() => checkLog(logOf(record("c1"), record("c2", { version: 2, prev: -1 }))), "chain", /points to -1, .* is at 0/);
  broken(() => checkLog([two[0]!, { ...two[1]!, partition: 1, offset: 0 }]), "chain", /points to 0/);
});

test("log laws: a version that is not the number of events so far is no version", () => {
  broken(
    () => checkLog(logOf(record("c1"), record("c2", { version: 3, prev: 0 }))),
    "version",
    /has version 3, by the events before it it is 2/,
  );
});

const imageOf = (
  indexedTo: number,
  entities: readonly { readonly key: string; readonly version: number; readonly last: number }[],
  alarms: readonly { readonly key: string; readonly due: number }[] = [],
): SimulatedImage => ({
  meta: { logId: "", timeline: 1, partitions: 1 },
  partitions: [{ epoch: 1, head: 2, indexedTo }],
  entities: entities.map((entry) => ({ type: "tally", partition: 0, ...entry })),
  snapshots: [],
  alarms: alarms.map((alarm) => ({ type: "tally", partition: 0, ...alarm })),
  quarantined: [],
  cursors: [],
  deadLetters: [],
});

test("log laws: an index that lags is one, an index that claims too much or knows too little is none", () => {
  checkIndex(two, imageOf(0, []));
  checkIndex(two, imageOf(1, [{ key: "a", version: 1, last: 0 }]));
  checkIndex(two, imageOf(2, [{ key: "a", version: 2, last: 1 }]));
  broken(() => checkIndex(two, imageOf(2, [])), "index = fold(log)", /has a record at partition 0, offset 0, below indexedTo/);
  broken(() => checkIndex(two, imageOf(2, [{ key: "a", version: 1, last: 0 }])), "index = fold(log)", /offset 1, below indexedTo/);
  broken(() => checkIndex(two, imageOf(2, [{ key: "a", version: 3, last: 1 }])), "index = fold(log)", /indexed with version 3/);
  broken(() => checkIndex(two, imageOf(0, [{ key: "b", version: 1, last: 0 }])), "index = fold(log)", /tally\/b is indexed/);
});

test("log laws: alarms of the index are those of the records below its position, no more and no less", () => {
  const set = logOf(record("c1", { alarm: 7 }), record("c2", { version: 2, prev: 0 }));
  const reset = logOf(record("c1", { alarm: 7 }), record("c2", { version: 2, prev: 0, alarm: null }));
  const whole = [{ key: "a", version: 2, last: 1 }];
  checkIndex(set, imageOf(2, whole, [{ key: "a", due: 7 }]));
  checkIndex(reset, imageOf(1, [{ key: "a", version: 1, last: 0 }], [{ key: "a", due: 7 }]));
  checkIndex(reset, imageOf(2, whole));
  broken(() => checkIndex(set, imageOf(2, whole)), "index = fold(log)", /tally\/a is to be woken at 7 and the index does not know/);
  broken(() => checkIndex(set, imageOf(2, whole, [{ key: "a", due: 8 }])), "index = fold(log)", /woken at 8, by its records 7/);
  broken(() => checkIndex(reset, imageOf(2, whole, [{ key: "a", due: 7 }])), "index = fold(log)", /woken at 7, by its records never/);
});

const attempt = (heard: Attempt["heard"], change: Partial<Attempt> = {}): Attempt => ({
  to: Tally.add,
  key: "a",
  id: "c1",
  heard,
  loggedWhenHeard: true,
  ...change,
});
const failure = (code: FailureCode): Attempt["heard"] => ({ kind: "failure", failure: new Failure(code, { what: "w" }) });
const reply: Attempt["heard"] = { kind: "reply", value: { sum: 1, note: "-" } };

test("log laws: an answer is compared in the form in which its receiver reads it", () => {
  checkAttempts(two, [attempt(reply)]);
  const rejected = logOf(record("c1", { events: [], version: 0, reply: undefined, rejected: ["Full", { max: 3 }] }));
  checkAttempts(rejected, [attempt({ kind: "rejection", name: "Full", details: { max: 3 } })]);
  broken(() => checkAttempts(rejected, [attempt(reply)]), "one outcome", /answered with reply .*, the log says rejection Full/);
  broken(() => checkAttempts(two, [attempt({ kind: "reply", value: { sum: 2, note: "-" } })]), "one outcome", /"sum":2.*"sum":1/);
});

test("log laws: who was answered is in the log, and was before the answer left", () => {
  broken(() => checkAttempts(two, [attempt(reply, { id: "c3" })]), "acknowledged, in the log", /add c3 of tally\/a/);
  broken(() => checkAttempts(two, [attempt(reply, { key: "b" })]), "acknowledged, in the log", /add c1 of tally\/b/);
  broken(() => checkAttempts(two, [attempt(reply, { loggedWhenHeard: false })]), "nothing before its commit", /add c1/);
});

test("log laws: who was told no by every delivery is not in the log; one unknown or unanswered delivery excuses it", () => {
  const no = attempt(failure("JOURNAL_FAILED"));
  broken(() => checkAttempts(two, [no]), "told no, never in the log", /JOURNAL_FAILED/);
  broken(() => checkAttempts(two, [no, attempt(failure("UNAVAILABLE"))]), "told no, never in the log", /JOURNAL_FAILED, UNAVAILABLE/);
  checkAttempts(two, [no, attempt(failure("DEADLINE"))]);
  checkAttempts(two, [no, attempt(undefined)]);
  checkAttempts(two, [attempt(failure("UNAVAILABLE"), { id: "c3" })]);
  checkAttempts(two, [attempt(failure("COMMAND_ID_REUSED"))]); // the log holds the other command of this id
});
