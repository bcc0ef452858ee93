import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { JournalError } from "./journal.ts";
import { decodeRecord, encodeRecord, type LogRecord } from "./record.ts";

const replied: LogRecord = {
  type: "cart",
  key: "42",
  version: 3,
  prev: 17,
  command: "add",
  id: "0123456789abcdef0123456789abcdef",
  minted: 1_767_225_600_000,
  input: "9f86d081",
  caller: "gateway",
  now: 1_767_225_600_123,
  events: [
    ["added", 1, { sku: "sock-1", quantity: 2 }],
    ["priced", 2, null],
  ],
  reply: { total: 2 },
};
const { reply: _, ...silent } = replied;
const rejected: LogRecord = { ...silent, version: 0, prev: -1, events: [], rejected: ["full", { max: 100 }] };
/** What format 2 adds. */
const told: LogRecord = {
  ...replied,
  told: ["orders/sell@0123456789abcdef0123456789abcdef.1/3", 69_632],
  topics: [
    ["changed", { total: 2 }],
    ["changed", null],
  ],
  alarm: 1_767_225_700_000,
};
const silenced: LogRecord = { ...silent, alarm: null };
/** What ADR 0041 adds to format 2. */
const traced: LogRecord = { ...told, trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
const first = [replied, silent, rejected];
const samples = [...first, told, silenced];

const where = "partition 3, offset 18";
const isDamage = (error: unknown): boolean => error instanceof JournalError && error.kind === "damaged" && error.message.includes(where);

/** The line of `replied` with some fields replaced, by values or by raw JSON. */
const lineWith = (change: { readonly [field: string]: unknown }): string => JSON.stringify({ ...replied, ...change });

test("record: what was encoded is decoded as it was, on one line", () => {
  for (const record of [...samples, traced]) {
    const line = encodeRecord(record);
    assert(!line.includes("\n"));
    assert.deepEqual(decodeRecord(line, where), record);
  }
});

test("record: any text and any JSON survive, and stay on one line", () => {
  const text = fc.string({ unit: "binary" });
  const wild = fc.record({ key: text, id: text, data: fc.jsonValue(), name: text });
  fc.assert(
    fc.property(wild, ({ key, id, data, name }) => {
      const record: LogRecord = { ...replied, key, id, events: [[name, 1, data]], reply: data };
      const line = encodeRecord(record);
      assert(!/[\n\r]/.test(line));
      // Through JSON once: -0 becomes 0, which is no concern of the log.
      assert.deepEqual(decodeRecord(line, where), JSON.parse(JSON.stringify(record)));
    }),
    { seed: 9 },
  );
});

test("record: the stored form is the one that logs are full of; another is a decision, with a new format number", () => {
  assert.equal(
    encodeRecord(rejected),
    '{"type":"cart","key":"42","version":0,"prev":-1,"command":"add","id":"0123456789abcdef0123456789abcdef","minted":1767225600000,"input":"9f86d081","caller":"gateway","now":1767225600123,"events":[],"rejected":["full",{"max":100}]}',
  );
  const hashOf = (records: readonly LogRecord[]): string => createHash("sha256").update(records.map(encodeRecord).join("\n")).digest("hex");
  assert.equal(hashOf(first), "b9e86cbd533ada003a8aa7c68568bad7ab0f4aac4ddfd74a83663e363abe7312", "as in format 1");
  assert.equal(hashOf(samples), "4db707c6c4eeaf43443c0851e09532555703e1230b0f186fdbb5b6d59bb15ab0", "format 2");
  assert.equal(
    hashOf([traced]),
    "fb5a0407242c1a0d3723d4edad73deddefd7ee5bf14b6cc531feddd8f1ec2b3b",
    "format 2 with a trace, which programs of format 2 without traces read as well",
  );
});

test("record: a line that is cut anywhere is damaged, and its position is named", () => {
  const line = encodeRecord(replied);
  for (let length = 0; length < line.length; length++) assert.throws(() => decodeRecord(line.slice(0, length), where), isDamage);
});

test("record: a flipped byte is named as damage or leaves a record of the right form", () => {
  const line = encodeRecord(replied);
  for (let i = 0; i < line.length; i++) {
    const flipped = line.slice(0, i) + String.fromCharCode(line.charCodeAt(i) ^ 0x04) + line.slice(i + 1);
    try {
      assert.deepEqual(Object.keys(decodeRecord(flipped, where)).length, Object.keys(replied).length);
    } catch (error) {
      assert(isDamage(error), String(error));
    }
  }
});

test("record: JSON that is not a record is refused", () => {
  for (const line of [
    "null",
    "true",
    "7",
    '"text"',
    "[]",
    "{}",
    `[${encodeRecord(replied)}]`,
    `${encodeRecord(replied)}{}`,
    "\ufeff{}",
    "",
  ]) {
    assert.throws(() => decodeRecord(line, where), isDamage, line);
  }
});

test("record: a field that is missing or of another type is refused, whichever it is", () => {
  const optional = new Set(["reply", "rejected"]);
  for (const field of Object.keys(replied)) {
    if (optional.has(field)) continue;
    for (const wrong of [undefined, null, true, {}, [null], { toString: "x" }]) {
      assert.throws(() => decodeRecord(lineWith({ [field]: wrong }), where), isDamage, `${field} is ${JSON.stringify(wrong)}`);
    }
    const other = typeof replied[field as keyof LogRecord] === "number" ? "1" : 1;
    assert.throws(() => decodeRecord(lineWith({ [field]: other }), where), isDamage, `${field} is ${JSON.stringify(other)}`);
  }
});

test("record: numbers out of range are refused", () => {
  const wrong: { readonly [field: string]: readonly string[] } = {
    version: ["-1", "1.5", "1e400", "9007199254740992"],
    prev: ["-2", "0.5", "-1e400"],
    minted: ["1e400", "-1e400"],
    now: ["1e400"],
  };
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      const line = lineWith({ [field]: "@" }).replace('"@"', value);
      assert.throws(() => decodeRecord(line, where), isDamage, `${field} is ${value}`);
    }
  }
});

test("record: events and rejections of another form are refused", () => {
  for (const events of [
    {},
    "added",
    [["added"]],
    [[1, 1, {}]],
    [["added", 0, {}]],
    [["added", "1", {}]],
    [{ 0: "added", 1: 1 }],
    [null],
    [["added", 1, {}], []],
  ]) {
    assert.throws(() => decodeRecord(lineWith({ events }), where), isDamage, JSON.stringify(events));
  }
  for (const rejection of [null, "full", {}, [], [7, {}]]) {
    assert.throws(() => decodeRecord(JSON.stringify({ ...silent, rejected: rejection }), where), isDamage, JSON.stringify(rejection));
  }
  assert.throws(() => decodeRecord(lineWith({ rejected: ["full", {}] }), where), isDamage, "a reply and a rejection");
});

test("record: members that this version does not know are left alone, so that nodes of two versions may share a log", () => {
  const line = lineWith({ unheard: { of: [1] }, trace: "no traceparent, but a text" });
  const { unheard, ...known } = decodeRecord(line, where) as LogRecord & { readonly unheard: unknown };
  assert.deepEqual(unheard, { of: [1] });
  assert.deepEqual(known, { ...replied, trace: "no traceparent, but a text" });
});

test("record: tells, messages, traces and alarms of another form are refused", () => {
  const wrong: { readonly [field: string]: readonly unknown[] } = {
    told: [null, "s", {}, [], ["s"], ["s", -1], ["s", 0.5], [1, 1], ["s", "1"]],
    topics: [null, {}, "t", [null], ["t"], [[]], [[1, {}]], [["t", {}], {}]],
    alarm: [true, "1", [], -1, 0.5, 2 ** 53],
    trace: [null, true, 1, {}, []],
  };
  for (const [field, values] of Object.entries(wrong))
    for (const value of values)
      assert.throws(() => decodeRecord(lineWith({ [field]: value }), where), isDamage, `${field} is ${JSON.stringify(value)}`);
});

test("record: keys that mean something to JavaScript are data, and make no record out of something else", () => {
  const inherited = `{"__proto__":${encodeRecord(replied)}}`;
  assert.throws(() => decodeRecord(inherited, where), isDamage);
  assert.throws(() => decodeRecord(`{"constructor":{"prototype":${encodeRecord(replied)}}}`, where), isDamage);
  const data = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
  const line = encodeRecord({ ...replied, reply: "@" }).replace('"@"', data);
  const record = decodeRecord(line, where);
  assert.equal(({} as { readonly polluted?: unknown }).polluted, undefined);
  assert.equal((record.reply as { readonly polluted?: unknown }).polluted, undefined);
  assert.equal(JSON.stringify(record.reply), data);
  assert.equal(decodeRecord(encodeRecord({ ...replied, key: "__proto__", id: "constructor" }), where).key, "__proto__");
});

test("record: a line of many megabytes and one nested a hundred thousand deep are decoded or refused, not a crash", () => {
  const wide = decodeRecord(lineWith({ reply: "x".repeat(8_000_000) }), where);
  assert.equal((wide.reply as string).length, 8_000_000);
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const attempt = (line: string): boolean => {
    try {
      decodeRecord(line, where);
      return true;
    } catch (error) {
      return isDamage(error);
    }
  };
  assert(attempt(deep));
  assert(attempt(lineWith({ reply: "@" }).replace('"@"', deep)));
  assert(attempt(lineWith({ events: "@" }).replace('"@"', deep)));
});
