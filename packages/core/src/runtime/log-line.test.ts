import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { fieldsText, logLine } from "./log-line.ts";
import type { LogFields } from "./runtime.ts";

const parse = (fields: LogFields): { [name: string]: unknown } =>
  JSON.parse(logLine(0, "info", "test.event", fields)) as { [name: string]: unknown };

test("log line: one line of JSON with time, level and event first", () => {
  assert.equal(
    logLine(1_767_225_600_000, "warn", "entity.quarantined", { key: "a\nb", count: 2, ok: true, none: null }),
    '{"time":"2026-01-01T00:00:00.000Z","level":"warn","event":"entity.quarantined","key":"a\\nb","count":2,"ok":true,"none":null}',
  );
});

test("log line: fields named like the entry's own do not replace them", () => {
  const line = parse({ time: "t", level: "l", event: "e" });
  assert.deepEqual([line["event"], line["level"], line["event_"], line["time_"], line["level_"]], ["test.event", "info", "e", "t", "l"]);
});

test("log line: an error becomes code, message, stack and cause", () => {
  const cause = Object.assign(new RangeError("the answer was lost"), { kind: "ambiguous" });
  const error = new Failure("INVALID_INPUT", { what: "no", issues: [{ pointer: "/a", detail: "missing" }], cause });
  const line = parse({ error })["error"] as { [name: string]: unknown };
  assert.equal(line["code"], "INVALID_INPUT");
  assert.equal(line["message"], error.message);
  assert.ok(String(line["stack"]).includes("log-line.test"));
  assert.deepEqual(line["issues"], [{ pointer: "/a", detail: "missing" }]);
  const { kind, message } = line["cause"] as { [name: string]: unknown };
  assert.deepEqual({ kind, message }, { kind: "ambiguous", message: "the answer was lost" });
  assert.equal((parse({ error: new RangeError("r") })["error"] as { code: string }).code, "RangeError");
});

test("log line: what JSON cannot say is named instead of thrown", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const hostile = {
    get broken(): never {
      throw new RangeError("getter");
    },
  };
  const line = parse({
    big: 10n,
    nan: Number.NaN,
    fn: () => 1,
    symbol: Symbol("s"),
    missing: undefined,
    bytes: new Uint8Array(3),
    date: new Date(0),
    circle,
    hostile,
    json: {
      toJSON() {
        throw new RangeError("toJSON");
      },
    },
  });
  assert.deepEqual(
    { ...line, circle: typeof line["circle"] },
    {
      time: "1970-01-01T00:00:00.000Z",
      level: "info",
      event: "test.event",
      big: "10",
      nan: "NaN",
      fn: "[function]",
      symbol: "[symbol]",
      bytes: "[3 bytes]",
      date: "1970-01-01T00:00:00.000Z",
      circle: "object",
      hostile: { broken: "[unreadable: RangeError: getter]" },
      json: "[unreadable: RangeError: toJSON]",
    },
  );
  assert.ok(JSON.stringify(line["circle"]).includes("[deeper]"));
});

test("log line: a field named __proto__ is written like any other", () => {
  const fields = JSON.parse('{"__proto__":{"polluted":1},"in":{"__proto__":2}}') as LogFields;
  assert.ok(logLine(0, "info", "e", fields).endsWith('"__proto__":{"polluted":1},"in":{"__proto__":2}}'));
});

test("log line: its length is bounded whatever it is given", () => {
  const wide = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, "x"]));
  const deep: unknown[] = Array.from({ length: 1_000 }, () => Array.from({ length: 1_000 }, () => wide));
  const line = logLine(0, "info", "e", { text: "y".repeat(10_000_000), ["n".repeat(10_000)]: 1, wide, deep });
  assert.ok(line.length < 100_000, `${line.length} characters`);
  assert.ok(line.includes("more)"));
  assert.equal((JSON.parse(line) as { wide: { more: number } }).wide.more, 950);
});

test("log line: fields alone are JSON", () => {
  assert.equal(fieldsText({ a: 1, e: [1n] }), '{"a":1,"e":["1"]}');
});
