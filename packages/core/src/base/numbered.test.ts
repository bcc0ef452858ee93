import assert from "node:assert/strict";
import { test } from "node:test";
import { Numbered } from "./numbered.ts";
import { prng } from "./prng.ts";

test("numbered: does what a Map does, for any order of numbers, also those that share their places", () => {
  for (let seed = 0; seed < 50; seed++) {
    const next = prng(seed);
    const below = (n: number): number => Math.floor(next() * n);
    const numbered = new Numbered<string>();
    const map = new Map<number, string>();
    const spread = [1, 7, 16, 64, 2 ** 33][seed % 5] as number;
    for (let step = 0; step < 2_000; step++) {
      const number = below(200) * spread;
      const text = `${step}`;
      if (next() < 0.5) {
        numbered.set(number, text);
        map.set(number, text);
      } else assert.equal(numbered.delete(number), map.delete(number), `seed ${seed}, step ${step}`);
      assert.equal(numbered.size, map.size);
      const other = below(200) * spread;
      assert.equal(numbered.get(other), map.get(other), `seed ${seed}, step ${step}`);
      assert.equal(numbered.has(other), map.has(other));
    }
    assert.deepEqual(
      numbered.entries(),
      [...map].toSorted(([a], [b]) => a - b),
    );
    numbered.clear();
    assert.deepEqual([numbered.size, numbered.entries()], [0, []]);
  }
});

test("numbered: what is taken out is not held any more", () => {
  const numbered = new Numbered<object>();
  for (let number = 0; number < 1_000; number++) {
    numbered.set(number, {});
    if (number >= 10) numbered.delete(number - 10);
  }
  assert.equal(numbered.size, 10);
  assert.deepEqual(
    numbered.entries().map(([number]) => number),
    [990, 991, 992, 993, 994, 995, 996, 997, 998, 999],
  );
});
