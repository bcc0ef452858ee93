// What a process prints, as entries of the supervisor's log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonLogger } from "@atoll/core/runtime/node";
import { LogRelay } from "./log-relay.ts";

function relayed(...pieces: readonly string[]): readonly { readonly [field: string]: unknown }[] {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const relay = new LogRelay({ of: { node: "stock-1", service: "stock" }, write, logger: jsonLogger({ write }) });
  for (const piece of pieces) relay.push(piece);
  relay.end();
  return lines.map((line) => JSON.parse(line) as { readonly [field: string]: unknown });
}

test("an entry keeps what it says and tells its node; a field that says another one is kept beside", () => {
  const entry = { time: "2026-01-01T00:00:00.000Z", level: "info", event: "link.lost", service: "stock", node: "bank-1", n: 1 };
  assert.deepEqual(relayed(`${JSON.stringify(entry)}\n`), [
    { time: entry.time, level: "info", event: "link.lost", service: "stock", node: "stock-1", node_: "bank-1", n: 1 },
  ]);
});

test("what is cut anywhere is one line; what is no entry becomes one; a line has a bound", () => {
  const [first, second, ...more] = relayed('{"time":"t","lev', 'el":"info","event":"e"}\nTypeError: ', "no\n\n");
  assert.deepEqual(
    [first?.["event"], second?.["event"], second?.["text"], second?.["node"], more],
    ["e", "node.printed", "TypeError: no", "stock-1", []],
  );
  assert.equal(relayed("x".repeat(200_000)).length, 4);
});
