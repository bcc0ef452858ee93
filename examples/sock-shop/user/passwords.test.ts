import assert from "node:assert/strict";
import { test } from "node:test";
import { costOf, derived, matches, synchronousScrypt, threadPoolScrypt } from "./passwords.ts";

const cost = costOf(4);

test("passwords: the server's function and the simulator's derive the same, which is what RFC 7914 says", async () => {
  const vector = { log2n: 10, r: 8, p: 16 };
  const stored = await derived(synchronousScrypt, "password", "NaCl", vector);
  // The first 32 bytes of the second test vector of RFC 7914, section 12.
  assert.equal(stored, "scrypt:10:8:16:NaCl:fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
  assert.equal(await derived(threadPoolScrypt, "password", "NaCl", vector), stored);
});

test("passwords: the right one matches, whichever cost it was derived at; another one does not", async () => {
  for (const each of [cost, costOf(5), costOf(14)]) {
    const stored = await derived(synchronousScrypt, "correct horse", "salt", each);
    assert.equal(await matches(threadPoolScrypt, "correct horse", stored), true);
    for (const wrong of ["", "correct  horse", "Correct horse", "correct horse "])
      assert.equal(await matches(synchronousScrypt, wrong, stored), false);
  }
});

test("passwords: the same password of two customers is stored as two texts, and a salt may be any text", async () => {
  const stored = await Promise.all(["a", "b", "a:b", "ü%"].map((salt) => derived(synchronousScrypt, "password", salt, cost)));
  assert.equal(new Set(stored).size, 4);
  for (const each of stored) {
    assert.equal(await matches(synchronousScrypt, "password", each), true);
    assert.ok(!each.includes("password"));
  }
});

test("passwords: the same letters match, however they were composed", async () => {
  const stored = await derived(synchronousScrypt, "Zoë", "salt", cost);
  assert.equal(await matches(synchronousScrypt, "Zoe\u0308", stored), true);
});
