import assert from "node:assert/strict";
import { test } from "node:test";
import { historyLine, type Run } from "./archive.ts";
import { beside, sampleOf } from "./measure.ts";
import { type Result, tableOf } from "./report.ts";

const result: Result = {
  name: "speed",
  about: "how fast",
  rows: [
    {
      name: "ask",
      unit: "/s",
      ours: sampleOf([900_000, 1_000_000, 1_100_000]),
      bare: beside({ mailbox: sampleOf([4_000_000]), "mailbox + zod": sampleOf([2_000_000]) }),
      aim: { kind: "at-least", value: 1_500_000 },
    },
    {
      name: "sync",
      unit: "/s",
      ours: sampleOf([850]),
      bare: beside({ disk: sampleOf([1_000]) }),
      aim: { kind: "ratio-at-least", value: 0.8, to: "disk" },
    },
    {
      name: "start",
      unit: "ms",
      ours: sampleOf([1_234]),
      bare: [],
      aim: { kind: "at-most", value: 300 },
      details: { p99_ms: 1.25, heap_bytes: 7 },
    },
    { name: "size", unit: "B", ours: sampleOf([9_999]), bare: [] },
  ],
  before: [],
};

test("report: a line per row and per figure beside it, with unit, spread, ratio, aim and verdict", () => {
  assert.deepEqual(tableOf([result], undefined).split("\n"), [
    "             ours     ±  beside it                ratio  aim            met",
    "",
    "how fast",
    "  ask       1 M/s  10 %  mailbox           4 M/s   0.25  ≥ 1.5 M/s      no",
    "                         mailbox + zod     2 M/s   0.50",
    "  sync     850 /s        disk           1,000 /s   0.85  ≥ 0.8 of disk  yes",
    "  start  1,234 ms                                        ≤ 300 ms       no   p99 1.25 ms",
    "  size    9,999 B",
  ]);
});

test("report: a figure beside ours may have times of its own, and what could not be measured is named with the reason", () => {
  const row = {
    name: "saga",
    unit: "/s",
    ours: sampleOf([1_000]),
    bare: [...beside({ disk: sampleOf([2_000]) }), { name: "peer 1.0", sample: sampleOf([100]), details: { p50_ms: 9.5 } }],
    details: { p50_ms: 1 },
    absent: [{ name: "other", why: "needs a moon" }],
  } as const;
  assert.deepEqual(
    tableOf([{ ...result, rows: [row] }], undefined)
      .split("\n")
      .slice(3),
    [
      "  saga  1,000 /s     disk       2,000 /s   0.50            p50 1 ms",
      "                     peer 1.0     100 /s     10            p50 9.5 ms",
      "                     other                                 not measured: needs a moon",
    ],
  );
});

test("report: against another revision, its figure and the change stand beside ours; what it did not have stays empty", () => {
  const then = { name: "ask", unit: "/s", ours: sampleOf([800_000]), bare: [] } as const;
  const lines = tableOf([{ ...result, before: [then] }], "abc1234").split("\n");
  assert.match(lines[0] ?? "", /ours {5}± {2}abc1234 {2}change {2}beside it/);
  assert.match(lines[3] ?? "", /1 M\/s {2}10 % {2}800 k\/s {3}\+25 % {2}mailbox/);
  assert.match(lines[5] ?? "", /850 \/s {25}disk/);
});

test("history: one line of medians, missed aims and uncommitted changes marked", () => {
  const run: Run = {
    date: "2026-11-23T00:00:00.000Z",
    revision: { commit: "abc1234", dirty: true },
    quick: false,
    machine: { cpu: "c", cores: 2, memoryBytes: 1, system: "s", node: "v24", sqlite: "3", load: 0.123_4 },
    seconds: 1,
    results: [result],
  };
  assert.deepEqual(JSON.parse(historyLine(run)), {
    date: "2026-11-23T00:00:00.000Z",
    commit: "abc1234+",
    node: "v24",
    cpu: "c",
    cores: 2,
    load: 0.123,
    rows: { "ask !": 1_000_000, sync: 850, "start !": 1_230, size: 10_000 },
  });
});
