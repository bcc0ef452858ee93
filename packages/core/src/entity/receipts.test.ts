import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Identity, Receipts } from "./receipts.ts";

/** The same promises, kept the simplest way: everything in one list. */
class Model {
  readonly #max: number;
  kept: (Identity & { readonly offset: number })[] = [];
  forgotten: Identity[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  add(identity: Identity, offset: number): void {
    this.kept.push({ ...identity, offset });
    if (this.kept.length > this.#max) this.forgotten.push(this.kept.shift() as Identity);
  }

  offsetOf(id: string): number | undefined {
    return this.kept.find((receipt) => receipt.id === id)?.offset;
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
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 5 }).map((dropped) => ({ dropped })) },
  { weight: 1, arbitrary: fc.constant("store" as const) },
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
            receipts = Receipts.restore(max, JSON.parse(JSON.stringify(receipts.store(0))));
          } else if ("added" in next) {
            if (receipts.find(next.added.id) !== undefined || receipts.hasForgotten(next.added)) continue; // answered or refused
            receipts.add(next.added, (offset += 3));
            model.add(next.added, offset);
            seen.push(next.added);
          } else {
            const count = Math.min(next.dropped, model.kept.length);
            receipts.dropNewest(count);
            model.kept.splice(model.kept.length - count);
          }
          assert.equal(receipts.size, model.kept.length);
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
  const restored = Receipts.restore(10, receipts.store(2));
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => restored.find(`c${i}`)),
    [0, 1, 2, undefined, undefined],
  );
});
