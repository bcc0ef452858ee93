import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Identity, Receipts } from "./receipts.ts";

/** The same promises, kept the simplest way: everything in two lists. */
class Model {
  readonly #max: number;
  kept: (Identity & { readonly offset: number })[] = [];
  open: (Identity & { readonly offset: number })[] = [];
  forgotten: Identity[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  committed(): void {
    this.kept.push(this.open.shift() as Identity & { readonly offset: number });
    if (this.kept.length > this.#max) this.forgotten.push(this.kept.shift() as Identity);
  }

  offsetOf(id: string): number | undefined {
    return [...this.kept, ...this.open].find((receipt) => receipt.id === id)?.offset;
  }

  hasForgotten({ id, minted, timeless }: Identity): boolean {
    if (!timeless) return this.forgotten.some((gone) => !gone.timeless && gone.minted >= minted);
    const named = this.forgotten.filter((gone) => gone.timeless).slice(-4 * this.#max);
    return named.some((gone) => gone.id === id);
  }
}

const identity = fc.record({ id: fc.integer({ min: 0, max: 400 }).map((n) => `id-${n}`), minted: fc.integer(), timeless: fc.boolean() });
const act = fc.oneof(
  { weight: 12, arbitrary: identity.map((added) => ({ added })) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 5 }).map((committed) => ({ committed })) },
  { weight: 1, arbitrary: fc.constantFrom("rewind" as const, "store" as const) },
);

for (const max of [1, 3, 4, 7, 100]) {
  test(`receipts: with room for ${max} they know what a plain list knows, through growth, loss and storing`, () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 3 * max + 40 }), fc.array(identity, { maxLength: 20 }), (acts, asked) => {
        let receipts = new Receipts(max);
        const model = new Model(max);
        const seen: Identity[] = [];
        let offset = 0;
        for (const next of acts) {
          if (next === "store") {
            receipts = Receipts.restore(max, JSON.parse(JSON.stringify(receipts.store())));
            model.open = [];
          } else if (next === "rewind") {
            receipts.rewind();
            model.open = [];
          } else if ("added" in next) {
            if (receipts.find(next.added.id) !== undefined || receipts.hasForgotten(next.added)) continue; // answered or refused
            receipts.add(next.added, (offset += 3));
            model.open.push({ ...next.added, offset });
            seen.push(next.added);
          } else {
            for (let left = Math.min(next.committed, model.open.length); left > 0; left--) {
              receipts.committed();
              model.committed();
            }
          }
          assert.equal(receipts.size, model.kept.length + model.open.length);
        }
        for (const one of [...seen, ...asked]) {
          assert.equal(receipts.find(one.id), model.offsetOf(one.id), one.id);
          if (receipts.find(one.id) === undefined) assert.equal(receipts.hasForgotten(one), model.hasForgotten(one), JSON.stringify(one));
        }
      }),
      { numRuns: 1_000 },
    );
  });
}

test("receipts: what is stored leaves out the newest, whose records are not committed", () => {
  const receipts = new Receipts(10);
  for (let i = 0; i < 5; i++) receipts.add({ id: `c${i}`, minted: i }, i);
  for (let i = 0; i < 3; i++) receipts.committed();
  const restored = Receipts.restore(10, receipts.store());
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => restored.find(`c${i}`)),
    [0, 1, 2, undefined, undefined],
  );
});

test("receipts: what turns out not to be in the log has made nothing forgotten, also where it was more than is kept (R2)", () => {
  const receipts = new Receipts(2);
  const add = (n: number): void => receipts.add({ id: `c${n}`, minted: n }, n);
  for (const n of [1, 2]) {
    add(n);
    receipts.committed();
  }
  for (const n of [3, 4, 5, 6]) add(n);
  receipts.rewind();
  assert.deepEqual([receipts.find("c1"), receipts.find("c2"), receipts.find("c3"), receipts.size], [1, 2, undefined, 2]);
  assert.deepEqual([receipts.hasForgotten({ id: "c3", minted: 3 }), receipts.hasForgotten({ id: "c0", minted: 0 })], [false, false]);
});

test("receipts: where fewer are kept than when they were stored, the oldest are forgotten", () => {
  const receipts = new Receipts(10);
  for (let i = 0; i < 5; i++) {
    receipts.add({ id: `c${i}`, minted: i }, i);
    receipts.committed();
  }
  const restored = Receipts.restore(2, receipts.store());
  assert.deepEqual([restored.size, restored.find("c2"), restored.find("c3")], [2, undefined, 3]);
  assert.deepEqual([restored.hasForgotten({ id: "c2", minted: 2 }), restored.hasForgotten({ id: "x", minted: 3 })], [true, false]);
});
