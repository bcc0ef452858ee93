// What counts as a traceparent, and what becomes of it from hop to hop.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualWorld } from "../runtime/virtual/index.ts";
import { nextSpan, traceField, traceIn, traceOfRequest } from "./trace.ts";

const id = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";
const given = `00-${id}-${span}-01`;
const { random } = new VirtualWorld({ seed: 1 }).process("node");

test("trace: T1 only a traceparent of version 00 is one: 55 characters, lower case, neither id zero", () => {
  assert.equal(traceIn(given), given);
  for (const wrong of [
    "",
    " ",
    "00",
    id,
    given.toUpperCase(),
    `${given}-`,
    `${given}-more`,
    ` ${given}`,
    `${given} `,
    `${given}, ${given}`,
    `01-${id}-${span}-01`,
    `ff-${id}-${span}-01`,
    `00-${id}-${span}-0g`,
    `00-${id}-${span}-1`,
    `00_${id}_${span}_01`,
    `00-${id.slice(1)}g-${span}-01`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${id}-${"0".repeat(16)}-01`,
    `00-${id.slice(1)}-${span}0-01`,
    `00-${id}-${span.slice(1)}\n-01`,
    given.padEnd(1_000_000, "0"),
  ])
    assert.equal(traceIn(wrong), undefined, JSON.stringify(wrong.slice(0, 80)));
});

test("trace: T1 a request without a valid one begins a trace of its own, which nobody has recorded", () => {
  const begun = [null, "", "none", `${given}0`, `01${given.slice(2)}`].map((header) => traceOfRequest(header, random));
  for (const trace of begun) assert.equal(traceIn(trace)?.slice(-3), "-00");
  assert.equal(new Set(begun.map((trace) => trace.slice(3, 35))).size, begun.length);
});

test("trace: T2, T3 each hop keeps the trace id and whether it is sampled, names a span of its own, and passes no other flag on", () => {
  const first = traceOfRequest(given, random);
  const second = nextSpan(first, random);
  for (const trace of [first, second]) {
    assert.equal(traceIn(trace), trace);
    assert.deepEqual([trace.slice(3, 35), trace.slice(-2)], [id, "01"]);
  }
  assert.equal(new Set([given, first, second].map((trace) => trace.slice(36, 52))).size, 3);
  const flags = ["00", "02", "03", "fe", "ff"].map((last) => nextSpan(`00-${id}-${span}-${last}`, random).slice(-2));
  assert.deepEqual(flags, ["00", "00", "01", "00", "01"]);
});

test("trace: a log line has the id alone, and no member where there is no trace", () => {
  assert.deepEqual(traceField(given), { trace: id });
  assert.deepEqual(traceField(undefined), {});
});
