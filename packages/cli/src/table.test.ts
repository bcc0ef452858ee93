import assert from "node:assert/strict";
import { test } from "node:test";
import { table } from "./table.ts";

test("table: columns are as wide as their widest cell, and no line ends in spaces", () => {
  assert.equal(
    table(
      ["key", "why"],
      [
        ["a", "x"],
        ["longer", ""],
      ],
    ),
    "KEY     WHY\na       x\nlonger\n",
  );
});

test("table: without a heading there are only rows", () => {
  assert.equal(table(undefined, [["one"], ["two"]]), "one\ntwo\n");
});

test("table: what a terminal would obey is shown instead", () => {
  assert.equal(table(undefined, [["a\u001b[2Jb\nc\u202ed"]]), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d\n");
});
