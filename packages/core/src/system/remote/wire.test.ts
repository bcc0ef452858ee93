// What frames may hold. One of metrics is shown to whoever looks, so a node must not be able to say anything in the name of another.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricFamily } from "../../runtime/index.ts";
import { MalformedFrame } from "./frame-members.ts";
import {
  askedRest,
  askRest,
  batchRest,
  entryText,
  entryTextOf,
  familiesRest,
  metricsRest,
  readAsked,
  readResponded,
  request,
  response,
  type AskedCall,
  type WireItem,
} from "./wire.ts";

const family = (name: string, ...lines: readonly string[]): MetricFamily => ({ name, kind: "gauge", help: `Of ${name}.`, lines });
const sent = (families: readonly MetricFamily[], charsMax: number) =>
  readResponded(JSON.parse(response(7, familiesRest(families, charsMax))));

test("wire: metrics are asked for and arrive as they were", () => {
  assert.deepEqual(readAsked(JSON.parse(request(7, 0, metricsRest))).asked, { kind: "metrics" });
  const families = [family("a", 'a{node="n"} 1'), family("b")];
  assert.deepEqual(sent(families, 1_000), { n: 7, responded: { kind: "metrics", leftOut: 0, families } });
});

test("wire: families beyond the bound are left out and counted, whole ones only", () => {
  const families = [family("a", "a 1", "a 2"), family("b", "b 1"), family("c")];
  const chars = "aOf a.a 1a 2".length;
  for (const [charsMax, kept] of [
    [chars - 1, 0],
    [chars, 1],
    [chars + "bOf b.b 1".length, 2],
    [1_000, 3],
  ] as const)
    assert.deepEqual(sent(families, charsMax).responded, { kind: "metrics", leftOut: 3 - kept, families: families.slice(0, kept) });
});

test("wire: a family whose name is none, whose kind is unknown, or that has a line break anywhere, is a malformed frame", () => {
  for (const entry of [
    ["a b", "gauge", "Of a.", []],
    ["a", "summary", "Of a.", []],
    ["a", "gauge", "Of a.\nb 1", []],
    ["a", "gauge", "Of a.", ["a 1\nb 1"]],
    ["a", "gauge", "Of a.", [1]],
    ["a", "gauge", "Of a.", [], "more"],
    "a",
  ])
    assert.throws(() => readResponded([7, "metrics", 0, [entry]]), MalformedFrame, JSON.stringify(entry));
});

const call: AskedCall = {
  contract: "c",
  version: 1,
  operation: "o",
  key: "k",
  id: "i",
  minted: 5,
  told: undefined,
  read: "strong",
  session: "",
  trace: undefined,
  input: { n: 1 },
};

test("wire: a call arrives as it was asked, with its trace or without, with its input or without", () => {
  for (const trace of [undefined, `00-${"a".repeat(32)}-${"b".repeat(16)}-01`])
    for (const input of [call.input, undefined]) {
      const asked = { ...call, trace, input };
      assert.deepEqual(readAsked(JSON.parse(request(7, 90, askRest(3, askedRest(asked, JSON.stringify(input)))))), {
        n: 7,
        leftMs: 90,
        asked: { kind: "ask", epoch: 3, ...asked },
      });
    }
});

test("wire: a trace that is no traceparent is a malformed frame", () => {
  const good = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const frame = (trace: unknown): unknown => [7, 90, "ask", 3, "c", 1, "o", "k", "i", 5, null, "strong", "", trace];
  assert.equal(readAsked(frame(good)).asked.kind, "ask");
  for (const trace of ["x", `${good}0`, good.toUpperCase(), null, 1, [good]])
    assert.throws(() => readAsked(frame(trace)), MalformedFrame, JSON.stringify(trace));
});

const item: WireItem = { offset: 3, index: 1, at: { key: "k", version: 2, now: 5, caller: "c" }, data: { n: null }, trace: undefined };
const text = { key: '"k"', version: "2", now: "5", caller: '"c"', trace: "", messages: [] };
const itemsIn = (...entries: readonly string[]): unknown => {
  const { responded } = readResponded(JSON.parse(response(7, batchRest(1, 4, entries))));
  return responded.kind === "batch" && responded.items;
};

test("wire: a message of a topic arrives as it is, with the trace of its record or without, written from the record or read off its text", () => {
  for (const trace of [undefined, `00-${"a".repeat(32)}-${"b".repeat(16)}-00`]) {
    const entry = entryTextOf({ ...item, trace });
    assert.equal(entryText(3, text, { index: 1, data: '{"n":null}' }, trace), entry);
    assert.deepEqual(itemsIn(entry), [{ ...item, trace }]);
  }
});

test("wire: without a trace a message has the form that links of protocol 1 have; with one that is none it is malformed", () => {
  const entry = '[3,1,"k",2,5,"c",{"n":null}]';
  assert.equal(entryTextOf(item), entry);
  for (const trace of ['"x"', "null", "1", `"00-${"a".repeat(32)}-${"b".repeat(16)}-00",1`]) {
    const wrong = `${entry.slice(0, -1)},${trace}]`;
    assert.throws(() => itemsIn(wrong), MalformedFrame, wrong);
  }
});
