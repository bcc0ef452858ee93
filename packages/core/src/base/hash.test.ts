import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprint, hash32, hash53, partitionOf } from "./hash.ts";

/** Computed once by another implementation. They decide where stored data is found again: they never change. */
const golden: readonly (readonly [text: string, hash: number])[] = [
  ["", 2_872_998_923],
  ["a", 2_448_022_055],
  ["hello", 4_120_092_316],
  ["counter\u0000k", 1_344_252_475],
  ["\u0000", 414_626_237],
  ["é", 2_705_881_783],
  ["\u2028", 2_794_384_297],
  ["\u{1f30a}", 2_548_571_956],
  ["\ud800", 1_077_169_969],
  ["The quick brown fox jumps over the lazy dog", 112_255_153],
  ["x".repeat(1_000), 4_228_818_107],
];

test("hash: texts of every kind have the hash they always had", () => {
  for (const [text, hash] of golden) assert.equal(hash32(text), hash, JSON.stringify(text.slice(0, 20)));
});

test("hash: entities are on the partition where they always were", () => {
  const where = [
    partitionOf("cart", "42", 16),
    partitionOf("cart", "43", 16),
    partitionOf("counter", "", 16),
    partitionOf("stock", "sku-1", 64),
  ];
  assert.deepEqual(where, [6, 4, 4, 4]);
  assert.equal(partitionOf("stock", "sku-1", 1), 0);
});

test("hash: type and key do not run into each other", () => {
  assert.notEqual(hash32("ab\u0000c"), hash32("a\u0000bc"));
  const split = Array.from({ length: 6 }, (_, i) => partitionOf("abcdef".slice(0, i), "abcdef".slice(i), 1 << 30));
  assert.equal(new Set(split).size, 6);
});

test("hash: keys that differ in a digit spread over the partitions within a tenth of their share", () => {
  const counts = new Array<number>(16).fill(0);
  for (let i = 0; i < 160_000; i++) {
    const p = partitionOf("cart", String(i), 16);
    counts[p] = (counts[p] as number) + 1;
  }
  for (const count of counts) assert(Math.abs(count - 10_000) < 1_000, String(counts));
});

test("hash: the 53 bits that snapshots keep are the first of the fingerprint, and never change", () => {
  assert.deepEqual(["", "a", "c-1", "\u{1f30a}"].map(hash53), [6025115439000426, 1492050217963444, 2531184564860113, 2329613193437020]);
  for (const text of ["", "hello", "x".repeat(300)]) {
    assert.equal(BigInt(hash53(text)), BigInt(`0x${fingerprint(text)}`) >> 11n);
    assert(Number.isSafeInteger(hash53(text)));
  }
});
