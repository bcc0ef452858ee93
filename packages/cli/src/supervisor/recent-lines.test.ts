// The newest lines of each node, bounded, and those who follow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { linesMax, RecentLines } from "./recent-lines.ts";

test("lines: the newest of all nodes or of one service, in the order in which they came", () => {
  const lines = new RecentLines();
  for (const [service, node, text] of [
    ["stock", "stock-1", "a"],
    ["shop", "shop-1", "b"],
    ["stock", "stock-2", "c"],
    ["stock", "stock-1", "d"],
  ] as const)
    lines.take(service, node, text);
  assert.deepEqual(lines.newest(undefined, 10), ["a", "b", "c", "d"]);
  assert.deepEqual(lines.newest("stock", 2), ["c", "d"]);
  assert.deepEqual([lines.newest("stock", 0), lines.newest("bank", 5)], [[], []]);
});

test("lines: of each node as many are kept as are allowed, and no more of long ones than there is room for", () => {
  const lines = new RecentLines();
  lines.take("stock", "stock-2", "quiet");
  for (let i = 0; i < 2 * linesMax; i++) lines.take("stock", "stock-1", String(i));
  const kept = lines.newest("stock", 10 * linesMax);
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [linesMax + 1, "quiet", String(2 * linesMax - 1)]);
  for (let i = 0; i < 100; i++) lines.take("stock", "stock-1", "x".repeat(64 * 1_024));
  assert.equal(lines.newest("stock", linesMax).length, 16 + 1);
  for (let i = 0; i < 1_000; i++) lines.take("many", `many-${i}`, "one");
  assert.equal(lines.newest(undefined, 10_000).length, 256);
});

test("lines: a follower hears those that come, until it goes or all ends", () => {
  const lines = new RecentLines();
  const heard: string[] = [];
  const follow = (name: string): (() => void) =>
    lines.follow({
      line: ({ service, text }) => void heard.push(`${name} ${service} ${text}`),
      ended: () => void heard.push(`${name} ended`),
    });
  lines.take("stock", "stock-1", "before");
  const unfollow = follow("a");
  follow("b");
  lines.take("stock", "stock-1", "one");
  unfollow();
  lines.take("shop", "shop-1", "two");
  lines.close();
  lines.take("shop", "shop-1", "three");
  assert.deepEqual(heard, ["a stock one", "b stock one", "b shop two", "b ended"]);
});
