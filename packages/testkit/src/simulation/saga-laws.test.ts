import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlacedRecord } from "@atoll/core/journal/simulated";
import { checkSagas } from "./saga-laws.ts";

type Event = readonly [kind: string, data?: object];

/** A log of one saga, a record an event. */
const log = (...events: readonly Event[]): readonly PlacedRecord[] =>
  events.map(([kind, data = {}], i) => ({
    partition: 0,
    offset: i,
    epoch: 1,
    record: {
      type: "trip",
      key: "t",
      version: i + 1,
      prev: i - 1,
      command: "record",
      id: `#${i}`,
      minted: i,
      input: "",
      caller: "test",
      now: i,
      events: [[kind, 1, { at: i, ...data }]],
    },
  }));

const started: Event = ["Started", { run: "r", version: 1 }];
const done = (step: string): Event => ["Done", { step, n: 1 }];
const undone = (step: string): Event => ["Undone", { step, n: 1 }];
const turned: Event = ["Turned", { cause: { kind: "deadline" } }];
const ended: Event = ["Ended"];

test("sagas: what ends done, ends undone in reverse, waits or is parked breaks no law", () => {
  checkSagas("trip", log(started, done("a"), done("b"), ended));
  checkSagas("trip", log(started, done("a"), done("b"), turned, undone("b"), undone("a"), ended));
  checkSagas("trip", log(started, done("a"), turned, ["Apologised", { step: "a", n: 1, why: "", owner: "", due: 1 }], ended));
  checkSagas("trip", log(started, done("a"), ["Suspended", { until: 9 }]));
  checkSagas("trip", log(started, ["Parked", { why: "x" }]));
  checkSagas("other", log(started));
});

test("sagas: each law is broken by a log that breaks it", () => {
  const broken: readonly (readonly [log: readonly PlacedRecord[], law: RegExp])[] = [
    [log(started, done("a")), /ends, waits or is parked: saga trip\/t: it is running at rest/],
    [log(started, done("a"), turned), /it is undoing at rest/],
    [log(started, done("a"), done("a"), ended), /comes to one thing: .* it came twice to a\/1, a\/1/],
    [log(started, done("a"), undone("a"), ended), /undo after a turn/],
    [
      log(started, done("a"), done("b"), turned, undone("a"), undone("b"), ended),
      /undo in reverse: .* did a\/1, b\/1 and undid a\/1, b\/1/,
    ],
    [log(started, done("a"), turned, undone("a"), undone("a"), ended), /undo in reverse/],
    [log(started, done("a"), turned, undone("b"), ended), /undo in reverse/],
    [log(started, ended, ended), /one ending/],
  ];
  for (const [records, law] of broken) assert.throws(() => checkSagas("trip", records), law);
});
