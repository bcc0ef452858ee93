import assert from "node:assert/strict";
import { test } from "node:test";
import { Marks } from "./marks.ts";

test("marks: a place is covered from the moment it is on its way to the log, unless it turns out not to be in there (M1, M3)", () => {
  const marks = new Marks();
  marks.add(["s", 3]);
  assert.deepEqual(
    [marks.covers(["s", 3]), marks.covers(["s", 2]), marks.covers(["s", 4]), marks.covers(["t", 0])],
    [true, true, false, false],
  );
  assert.deepEqual(marks.store(), [], "what is not committed is not stored");
  marks.committed(["s", 3]);
  marks.add(["s", 5]);
  marks.add(["t", 1]);
  assert.deepEqual(marks.store(), [["s", 3]]);
  marks.rewind();
  assert.deepEqual([marks.covers(["s", 3]), marks.covers(["s", 5]), marks.covers(["t", 1])], [true, false, false]);
});

test("marks: a commit that is followed by another one under way leaves the newer place covered", () => {
  const marks = new Marks();
  marks.add(["s", 3]);
  marks.add(["s", 7]);
  marks.committed(["s", 3]);
  assert.ok(marks.covers(["s", 7]));
  marks.rewind();
  assert.ok(!marks.covers(["s", 7]));
  assert.ok(marks.covers(["s", 3]));
});
