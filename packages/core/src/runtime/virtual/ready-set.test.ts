import assert from "node:assert/strict";
import { test } from "node:test";
import { prng } from "../../base/prng.ts";
import { ReadySet } from "./ready-set.ts";
import { VirtualEvent } from "./virtual-event.ts";
import { VirtualWorld } from "./virtual-world.ts";

const owner = new VirtualWorld({ seed: 0 }).outside;
const event = (id: number): VirtualEvent => new VirtualEvent(id, owner, "soon", () => {}, 0);

test("ready set: every event comes out exactly once, whatever the chances and however adding and taking alternate", () => {
  const next = prng(7);
  const set = new ReadySet();
  const out: number[] = [];
  let id = 0;
  for (let round = 0; round < 200; round++) {
    for (let n = Math.floor(next() * 60); n > 0; n--) set.add(event((id += 1)));
    for (let n = Math.min(set.length, Math.floor(next() * 55)); n > 0; n--) out.push(set.take(next()).id);
  }
  assert.ok(set.length > 0 && id > 4_000, "the set has grown past the size at which it gives back room");
  while (set.length > 0) out.push(set.take(next()).id);
  assert.deepEqual(
    out.toSorted((a, b) => a - b),
    Array.from({ length: id }, (_, i) => i + 1),
  );
});

test("ready set: chance 0 takes the oldest", () => {
  const set = new ReadySet();
  for (let id = 1; id <= 3_000; id++) set.add(event(id));
  for (let id = 1; id <= 3_000; id++) assert.equal(set.take(0).id, id);
  assert.equal(set.length, 0);
});
