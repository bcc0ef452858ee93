import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Seat, wantedOwners } from "./balance.ts";

const names = ["a", "b", "c", "d"] as const;
const free = (...owners: readonly (string | undefined)[]): readonly Seat[] => owners.map((owner) => ({ owner, pin: undefined }));

test("balance: nobody is wanted where there is no candidate, and a single one is wanted everywhere", () => {
  assert.deepEqual(wantedOwners(free("a", undefined), []), [undefined, undefined]);
  assert.deepEqual(wantedOwners(free("a", undefined, "b"), ["b"]), ["b", "b", "b"]);
});

test("balance: a new candidate gets its share from those that have most; nothing moves between the others", () => {
  assert.deepEqual(wantedOwners(free("a", "a", "a", "a", "b", "b"), ["a", "b", "c"]), ["c", "c", "a", "a", "b", "b"]);
});

test("balance: as even as it is, nothing moves", () => {
  assert.deepEqual(wantedOwners(free("b", "a", "b", "b", "a"), ["a", "b"]), ["b", "a", "b", "b", "a"]);
});

test("balance: a pinned partition is where it is pinned, and the others make up for it", () => {
  const seats = free("a", "a", "b", "b").map((seat, p): Seat => (p < 3 ? { ...seat, pin: "b" } : seat));
  assert.deepEqual(wantedOwners(seats, ["a", "b"]), ["b", "b", "b", "a"]);
});

/** Every way to give the partitions to the candidates that keeps the pins. */
function* assignments(seats: readonly Seat[], candidates: readonly string[]): Generator<readonly string[]> {
  const [seat, ...rest] = seats;
  if (seat === undefined) {
    yield [];
    return;
  }
  for (const owner of seat.pin === undefined ? candidates : [seat.pin])
    for (const others of assignments(rest, candidates)) yield [owner, ...others];
}

/** What makes one worse than another: the loads from the highest down, then the moves. */
function costOf(seats: readonly Seat[], candidates: readonly string[], wanted: readonly (string | undefined)[]): readonly number[] {
  const loads = candidates.map((candidate) => wanted.filter((owner) => owner === candidate).length);
  const moves = seats.filter(({ owner }, p) => owner !== undefined && candidates.includes(owner) && owner !== wanted[p]).length;
  return [...loads.sort((x, y) => y - x), moves];
}

const compare = (x: readonly number[], y: readonly number[]): number => {
  const at = x.findIndex((each, i) => each !== y[i]);
  return at < 0 ? 0 : (x[at] as number) - (y[at] as number);
};

test("G3: no other way to give out the partitions is more even, or as even with fewer moves", () => {
  const cases = fc.integer({ min: 1, max: 3 }).chain((count) =>
    fc.record({
      candidates: fc.constant(names.slice(0, count)),
      seats: fc.array(
        fc.record({
          owner: fc.option(fc.constantFrom(...names), { nil: undefined }),
          pin: fc.option(fc.constantFrom(...names.slice(0, count)), { nil: undefined, freq: 3 }),
        }),
        { maxLength: 6 },
      ),
    }),
  );
  fc.assert(
    fc.property(cases, ({ seats, candidates }) => {
      // A pin moves whoever has it, whatever is wanted of the others.
      const cost = costOf(seats, candidates, wantedOwners(seats, candidates));
      for (const other of assignments(seats, candidates))
        assert(compare(cost, costOf(seats, candidates, other)) <= 0, `${other.join("")} is better`);
    }),
    { numRuns: 300 },
  );
});
