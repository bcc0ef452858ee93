// The laws between log and program are shown a log that breaks each of them: real records, changed in one place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EntityKernel } from "@atoll/core/entity";
import { BrokenLaw, type PlacedRecord, type SimulatedImage } from "@atoll/core/journal/simulated";
import { account, bank } from "../../test/bank.ts";
import { checkFolds } from "./fold-laws.ts";
import { Witness } from "./stand-in.ts";

/** As a snapshot keeps so many: three numbers each. */
const receipts = (count: number): readonly number[] => new Array<number>(3 * count).fill(1);

type LogRecord = PlacedRecord["record"];

const kernel = new EntityKernel(account, true);
const now = 1_767_225_600_000;

/** A log of two deposits and a rejected withdrawal, decided under the eyes of `witness`. */
function recorded(): { readonly witness: Witness; readonly log: readonly PlacedRecord[] } {
  const witness = new Witness(bank, () => 0);
  const watched = new EntityKernel(witness.system.services[0]!.parts[0] as typeof account, true);
  let state = watched.initial();
  let version = 0;
  const log = (["deposit", "deposit", "withdraw"] as const).map((command, offset): PlacedRecord => {
    const input = { cents: command === "deposit" ? 5 : 50 };
    const verdict = watched.decide(state, version, { name: command, input, key: "a", now, caller: "operator" });
    const { outcome } = verdict;
    ({ state, version } = verdict);
    const record: LogRecord = {
      type: "account",
      key: "a",
      version,
      prev: offset - 1,
      command,
      id: `c${offset}`,
      minted: now,
      input: "",
      caller: "operator",
      now,
      events: verdict.events,
      ...(outcome.kind === "reply" ? { reply: outcome.given } : { rejected: [outcome.name, outcome.given] as const }),
    };
    return { partition: 0, offset, epoch: 1, record };
  });
  return { witness, log };
}

const { witness, log } = recorded();
const check = (records = log, snapshots: SimulatedImage["snapshots"] = []): void => checkFolds(account, records, snapshots, witness, 2);
const changed = (offset: number, change: Partial<LogRecord>): readonly PlacedRecord[] =>
  log.map((entry) => (entry.offset === offset ? { ...entry, record: { ...entry.record, ...change } } : entry));

function broken(act: () => void, law: string, what: RegExp): void {
  assert.throws(act, (error) => error instanceof BrokenLaw && error.law === law && what.test(error.message));
}

const snapshotOf = (cents: number, more: object = {}, offset = 1): SimulatedImage["snapshots"] => {
  const body = { fingerprint: kernel.fingerprint, version: 2, state: { cents }, remembered: { receipts: receipts(2) }, ...more };
  return [{ type: "account", key: "a", partition: 0, offset, body: JSON.stringify(body) }];
};

test("fold laws: what the entity decided, and a snapshot of it, break none", () => {
  check();
  check(log, snapshotOf(10));
});

test("fold laws: a record with other events, another reply or another rejection than decide gives is found", () => {
  const law = "decide at its place";
  broken(
    () => check(changed(0, { events: [["Deposited", 1, { cents: 6 }]] })),
    law,
    /deposit c0 of account\/a.*\n.*at \/events\/0\/2\/cents: expected 6, was 5/,
  );
  broken(() => check(changed(1, { reply: { cents: 11 } })), law, /deposit c1 .*\n.*at \/reply\/cents: expected 11, was 10/);
  broken(
    () => check(changed(2, { rejected: ["TooLittle", { cents: 9 }] })),
    law,
    /withdraw c2 .*\n.*at \/rejected\/1\/cents: expected 9, was 10/,
  );
});

test("fold laws: a record that nobody decided on the version before it is found", () => {
  broken(() => check(log.slice(2)), "decide at its place", /withdraw c2 of account\/a was not decided on version 0/);
  broken(() => check(changed(0, { caller: "mallory" })), "decide at its place", /deposit c0 .* was not decided/);
});

test("fold laws: a snapshot with another state or version than its records make, one without a record, and too many receipts are found", () => {
  const law = "snapshot = fold(log)";
  broken(() => check(log, snapshotOf(11)), law, /snapshot of account\/a at offset 1 .*\n.*at \/state\/cents: expected 10, was 11/);
  broken(() => check(log, snapshotOf(10, { version: 3 })), law, /at \/version: expected 2, was 3/);
  broken(() => check(log, snapshotOf(10, {}, 7)), law, /offset 7, where it has no record/);
  broken(() => check(log, snapshotOf(10, { remembered: { receipts: receipts(3) } })), "bounds", /keeps 3 receipts, 2 are allowed/);
});

test("fold laws: a snapshot of another program is not this one's to judge", () => {
  check(log, snapshotOf(11, { fingerprint: "of another program" }));
});
