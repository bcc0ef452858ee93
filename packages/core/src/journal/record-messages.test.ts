// Reading messages off the text of a record must come to what decoding the whole record comes to.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decodeRecord, encodeRecord, type LogRecord } from "./record.ts";
import { messagesOf } from "./record-messages.ts";

/** Texts that look like the structure around them. */
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom('"', "\\", '\\"', '","topics":[["said",1]]', '{"type":"', "]}", "\\\\", "\n", "\u2028", ","),
);
const json = fc.jsonValue({ stringUnit: "grapheme" });
const data = fc.oneof(json, text, fc.record({ topics: fc.constant([["said", 1]]), type: text }));
const topic = fc.oneof(fc.constantFrom("said", "said", "sai", 'said","x'), text);
const record = fc
  .record(
    {
      type: fc.constantFrom("source", "source", "source", 'source"'),
      key: text,
      version: fc.nat(),
      prev: fc.constant(-1),
      command: fc.constant("say"),
      id: text,
      minted: fc.nat(),
      timeless: fc.constant(true as const),
      input: text,
      caller: text,
      now: fc.nat(),
      told: fc.tuple(text, fc.nat()),
      trace: text,
      events: fc.array(fc.tuple(text, fc.constant(1), data), { maxLength: 3 }),
      topics: fc.array(fc.tuple(topic, data), { maxLength: 4 }),
      alarm: fc.option(fc.nat()),
      reply: data,
    },
    { requiredKeys: ["type", "key", "version", "prev", "command", "id", "minted", "input", "caller", "now", "events"] },
  )
  .map((value) => value as LogRecord);

const decoded = (line: string): unknown => {
  const { type, key, version, now, caller, trace, topics = [] } = decodeRecord(line, "here");
  const messages = topics.flatMap(([name, of], index) => (name === "said" ? [{ index, data: of }] : []));
  return type === "source" && messages.length > 0 ? { key, version, now, caller, trace, messages } : undefined;
};

const readOff = (line: string): unknown => {
  const read = messagesOf(line, '"source"', '"said"');
  if (!read) return undefined;
  const { key, version, now, caller, trace, messages } = read;
  const of = (member: string): unknown => JSON.parse(member);
  return {
    key: of(key),
    version: of(version),
    now: of(now),
    caller: of(caller),
    trace: trace === "" ? undefined : of(trace),
    messages: messages.map(({ index, data: stored }) => ({ index, data: of(stored) })),
  };
};

test("record messages: what is read off the text of a record is what decoding it says, whatever is in its texts and data", () => {
  let found = 0;
  fc.assert(
    fc.property(record, (value) => {
      const line = encodeRecord(value);
      const wanted = decoded(line);
      if (wanted) found += 1;
      assert.deepEqual(readOff(line), wanted);
    }),
    { numRuns: 3_000 },
  );
  assert(found > 300, `${found} records with messages`);
});

test("record messages: a line that is cut off, or none at all, is damaged, and ends the reading", () => {
  const line = encodeRecord({
    type: "source",
    key: 'a"b',
    version: 1,
    prev: -1,
    command: "say",
    id: "i",
    minted: 1,
    input: "",
    caller: "c",
    now: 1,
    events: [["Said", 1, { n: [1, "]"] }]],
    topics: [["said", { n: 1 }]],
  });
  for (let length = 0; length < line.length; length++)
    assert.throws(() => messagesOf(line.slice(0, length), '"source"', '"said"'), { kind: "damaged" }, line.slice(0, length));
  for (const other of ["{}}", "[]", '{"a"', "null", '{"topics":[[[', "{,}"]) {
    try {
      messagesOf(other, '"source"', '"said"');
    } catch (error) {
      assert.equal((error as { kind?: string }).kind, "damaged", other);
    }
  }
});
