import assert from "node:assert/strict";
import { test } from "node:test";
import { prng } from "./prng.ts";

/** The first five words of some seeds, computed once by another implementation: a seed repeats its run for ever. */
const golden: readonly (readonly [seed: number, words: readonly number[]])[] = [
  [0, [2_266_749_544, 3_859_721_991, 3_128_767_472, 1_553_841_669, 3_822_136_429]],
  [1, [3_359_835_970, 1_182_520_828, 4_267_878_529, 3_063_500_945, 52_107_484]],
  [42, [182_880_509, 3_008_686_201, 3_775_342_264, 1_518_397_874, 271_658_881]],
  [-1, [3_808_816_175, 4_158_527_780, 3_722_100_240, 3_084_069_354, 1_751_159_752]],
  [2 ** 31, [3_421_320_014, 2_760_995_257, 3_956_934_077, 3_862_432_895, 2_528_876_980]],
];

test("prng: a seed gives the sequence it always gave", () => {
  for (const [seed, words] of golden) {
    const next = prng(seed);
    assert.deepEqual(
      words.map(() => next() * 2 ** 32),
      words,
      `seed ${seed}`,
    );
  }
  const next = prng(7);
  for (let i = 1; i < 100_000; i++) next();
  assert.equal(next() * 2 ** 32, 63_722_002);
});

test("prng: numbers are in [0, 1) and spread evenly, for neighbouring seeds alike", () => {
  for (const seed of [0, 1, 2, 3]) {
    const next = prng(seed);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const number = next();
      assert(number >= 0 && number < 1);
      counts[Math.floor(number * 10)] = (counts[Math.floor(number * 10)] as number) + 1;
    }
    for (const count of counts) assert(Math.abs(count - 10_000) < 500, String(counts));
  }
});

test("prng: generators of different seeds share nothing", () => {
  const [one, other] = [prng(1), prng(2)];
  const interleaved = Array.from({ length: 5 }, () => [one(), other()] as const);
  const alone = prng(1);
  assert.deepEqual(
    interleaved.map(([number]) => number),
    Array.from({ length: 5 }, () => alone()),
  );
});
