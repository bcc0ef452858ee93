// Both machines of a stream on a channel that keeps, loses, repeats and disorders what they say, over one link after the other; and
// single ends that meet what no honest one says.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  readingFrom,
  sendingNothing,
  stepReading,
  stepSending,
  type ReadingEffect,
  type ReadingInput,
  type ReadingStream,
  type SendingStream,
} from "./stream-machine.ts";

const limits = { batchesAhead: 4, batchesAskedMax: 8 };

interface Said {
  readonly opening: number;
  readonly number: number;
  readonly from: number;
  readonly next: number;
}

/** The publisher's side of one opening, on a log that holds the numbers from 0 to `head`. */
interface Publisher {
  state: SendingStream;
  position: number;
  readonly opening: number;
  /** A batch that waits for room on the link. */
  held: Said | undefined;
}

/** A reader, the publishers of its openings, and what is on its way between them. */
class World {
  reader: ReadingStream;
  readonly taken: number[] = [];
  /** What each batch that is held covers. */
  readonly held: { readonly from: number; readonly next: number }[] = [];
  readonly publishers = new Map<number, Publisher>();
  readonly toReader: Said[] = [];
  readonly toPublisher: { readonly opening: number; readonly demand: number }[] = [];
  readonly reached = new Set<string>();
  head = 0;
  opening = 0;
  openings = 0;
  /** The highest demand that has ever arrived, by opening. */
  readonly arrivedDemand = new Map<number, number>();

  constructor(from: number) {
    this.reader = readingFrom(from);
    this.head = from;
    this.read({ kind: "begin" });
  }

  read(input: ReadingInput, batch?: Said): void {
    const [state, effects] = stepReading(limits, this.reader, input);
    this.reader = state;
    for (const effect of effects) this.perform(effect, batch);
    assert(this.reader.held <= limits.batchesAhead && this.reader.held === this.held.length, "S3: no more is held than may be");
  }

  perform(effect: ReadingEffect, batch: Said | undefined): void {
    switch (effect.kind) {
      case "open":
        assert(2 * effect.demand >= limits.batchesAhead, "S5: an opening asks for at least half");
        this.opening = this.openings += 1;
        this.publishers.set(this.opening, { state: sendingNothing, position: effect.from, opening: this.opening, held: undefined });
        this.toPublisher.push({ opening: this.opening, demand: effect.demand });
        break;
      case "demand":
        this.toPublisher.push({ opening: this.opening, demand: effect.total });
        break;
      case "keep":
        assert(batch);
        this.held.push({ from: batch.from, next: batch.next });
        if (this.held.length === limits.batchesAhead) this.reached.add("full");
        break;
      case "give up":
        this.publishers.delete(this.opening);
        this.reached.add("given up");
        break;
      case "violated":
        assert.fail(effect.why);
    }
  }

  take(): void {
    const batch = this.held.shift();
    if (!batch) return;
    for (let n = batch.from; n < batch.next; n++) this.taken.push(n);
    this.read({ kind: "taken" });
  }

  demand({ opening, demand }: { readonly opening: number; readonly demand: number }): void {
    const publisher = this.publishers.get(opening);
    if (!publisher) return;
    this.arrivedDemand.set(opening, Math.max(this.arrivedDemand.get(opening) ?? 0, demand));
    this.send(publisher, { kind: "demand", total: demand });
  }

  send(publisher: Publisher, input: Parameters<typeof stepSending>[2], next = 0): void {
    const [state, effects] = stepSending(limits, publisher.state, input);
    publisher.state = state;
    for (const effect of effects) {
      if (effect.kind === "violated") assert.fail(effect.why);
      if (effect.kind !== "send") continue;
      const { opening, position: from } = publisher;
      assert(effect.number <= (this.arrivedDemand.get(opening) ?? 0), "S2: nothing is sent that was not asked for");
      assert(publisher.held === undefined, "S6: one batch at a time is on its way out");
      publisher.held = { opening, number: effect.number, from, next };
      publisher.position = next;
    }
  }

  /** Lets the log answer one that reads. */
  page(publisher: Publisher, size: number): void {
    if (publisher.state.phase !== "reading" || publisher.position >= this.head) return;
    this.send(publisher, { kind: "page" }, Math.min(this.head, publisher.position + size));
  }

  /** The link takes what was handed over. */
  leave(publisher: Publisher): void {
    const { held } = publisher;
    if (!held) return;
    publisher.held = undefined;
    this.toReader.push(held);
    this.send(publisher, { kind: "left" });
  }

  batch(said: Said): void {
    if (said.opening === this.opening && this.publishers.has(said.opening))
      this.read({ kind: "batch", number: said.number, next: said.next }, said);
  }

  lose(): void {
    this.publishers.clear();
    this.toReader.length = this.toPublisher.length = 0;
    this.read({ kind: "lost" });
  }

  /** Nothing is lost any more, and everybody goes on until nothing is left to do. */
  settle(): void {
    for (let idle = false; !idle;) {
      idle = true;
      const before = JSON.stringify([this.reader, this.taken.length]);
      for (const said of this.toPublisher.splice(0)) this.demand(said);
      for (const publisher of this.publishers.values()) {
        this.page(publisher, 3);
        this.leave(publisher);
      }
      for (const said of this.toReader.splice(0)) this.batch(said);
      this.take();
      if (JSON.stringify([this.reader, this.taken.length]) !== before || this.toPublisher.length > 0) idle = false;
    }
  }
}

type Move = "publish" | "demand" | "batch" | "repeat" | "late" | "page" | "leave" | "take" | "lose" | "drop";
const moves = fc.array(
  fc.tuple(
    fc.constantFrom<Move>(
      "publish",
      "demand",
      "demand",
      "batch",
      "batch",
      "repeat",
      "late",
      "page",
      "page",
      "leave",
      "leave",
      "take",
      "lose",
      "drop",
    ),
    fc.nat(5),
  ),
  { maxLength: 200, size: "max" },
);

function play(world: World, list: readonly (readonly [Move, number])[]): void {
  for (const [move, n] of list) {
    const publishers = [...world.publishers.values()];
    const publisher = publishers[n % Math.max(1, publishers.length)];
    if (move === "publish") world.head += n;
    else if (move === "take") world.take();
    else if (move === "lose") world.lose();
    else if (move === "demand") {
      const said = world.toPublisher.shift();
      if (said) world.demand(said);
    } else if (move === "batch") {
      const said = world.toReader.shift();
      if (said) world.batch(said);
    } else if (move === "repeat") {
      const [demand, batch] = [world.toPublisher[0], world.toReader[0]];
      if (demand) world.demand(demand);
      if (batch) world.batch(batch);
    } else if (move === "late") {
      world.toPublisher.reverse();
      world.toReader.reverse();
    } else if (move === "drop") world.toReader.shift();
    else if (publisher && move === "page") world.page(publisher, n + 1);
    else if (publisher) world.leave(publisher);
  }
}

const upTo = (from: number, head: number): readonly number[] => Array.from({ length: head - from }, (_, i) => from + i);

test("stream S1, S2, S3, S5, S6: whatever is lost, repeated and disordered, each record is taken once and in order, within the bounds", () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(fc.nat(3), moves, (from, list) => {
      const world = new World(from);
      play(world, list);
      for (const mark of world.reached) reached.add(mark);
      assert.deepEqual(world.taken, upTo(from, world.taken.length + from), "S1: in order and without gap at any time");
      world.lose(); // whatever was lost in silence: a link that loses says so
      world.settle();
      assert.deepEqual(world.taken, upTo(from, world.head), "S1: complete in the end");
    }),
    { numRuns: 1_000 },
  );
  assert.deepEqual([...reached].sort(), ["full", "given up"]);
});

test("stream S4: a reader that takes what it has never waits: there is demand left when it has half of what is kept ahead", () => {
  const world = new World(0);
  world.head = 1_000;
  for (const said of world.toPublisher.splice(0)) world.demand(said);
  for (let i = 0; i < 100; i++) {
    const [publisher] = world.publishers.values();
    assert(publisher);
    assert(publisher.state.sent < publisher.state.demand, "the publisher always has something to do");
    const late = world.toPublisher.splice(0); // arrives when the next batch has left already
    world.page(publisher, 1);
    world.leave(publisher);
    for (const said of world.toReader.splice(0)) world.batch(said);
    world.take();
    for (const said of late) world.demand(said);
  }
});

test("stream S2: a demand that is repeated, or overtaken by a higher one, changes nothing", () => {
  let [state] = stepSending(limits, sendingNothing, { kind: "demand", total: 5 });
  for (const total of [5, 3, 0]) {
    const [after, effects] = stepSending(limits, state, { kind: "demand", total });
    assert.deepEqual([after, effects], [state, []]);
  }
  const numbers: number[] = [];
  for (let i = 0; i < 5; i++) {
    const [sending, effects] = stepSending(limits, state, { kind: "page" });
    for (const effect of effects) if (effect.kind === "send") numbers.push(effect.number);
    [state] = stepSending(limits, sending, { kind: "left" });
  }
  assert.deepEqual([numbers, state.phase], [[1, 2, 3, 4, 5], "idle"]);
});

test("stream S3, S5: a reader that takes nothing is sent `batchesAhead` batches and no more, and opens nothing again while it is full", () => {
  const world = new World(0);
  world.head = 1_000;
  for (let i = 0; i < 50; i++) {
    for (const said of world.toPublisher.splice(0)) world.demand(said);
    for (const publisher of world.publishers.values()) {
      world.page(publisher, 1);
      world.leave(publisher);
    }
    for (const said of world.toReader.splice(0)) world.batch(said);
  }
  assert.equal(world.held.length, limits.batchesAhead);
  const [publisher] = world.publishers.values();
  assert.deepEqual(publisher?.state, { phase: "idle", demand: limits.batchesAhead, sent: limits.batchesAhead });
  for (let i = 0; i < 10; i++) world.lose();
  assert.equal(world.openings, 1);
  world.take();
  assert.equal(world.openings, 1);
  world.take();
  assert.equal(world.openings, 2, "half is free again");
  world.settle();
  assert.equal(world.taken.length, 1_000);
});

test("stream S3: a batch that was not asked for, or that does not move on, and a demand far ahead are violations", () => {
  const [open] = stepReading(limits, readingFrom(5), { kind: "begin" });
  const kinds = (input: ReadingInput): readonly string[] => stepReading(limits, open, input)[1].map(({ kind }) => kind);
  assert.deepEqual(kinds({ kind: "batch", number: 5, next: 9 }), ["violated"]);
  assert.deepEqual(kinds({ kind: "batch", number: 1, next: 5 }), ["violated"]);
  assert.deepEqual(kinds({ kind: "batch", number: 1, next: 6 }), ["keep"]);
  assert.deepEqual(kinds({ kind: "batch", number: 3, next: 9 }), ["give up", "open"]);
  const [, effects] = stepSending(limits, sendingNothing, { kind: "demand", total: limits.batchesAskedMax + 1 });
  assert.deepEqual(
    effects.map(({ kind }) => kind),
    ["violated"],
  );
});

test("stream S7: after its end neither side does anything, whatever comes; one that has failed is opened when somebody asks again", () => {
  const any = fc.constantFrom<ReadingInput>(
    { kind: "begin" },
    { kind: "batch", number: 1, next: 9 },
    { kind: "lost" },
    { kind: "failed" },
    { kind: "close" },
  );
  fc.assert(
    fc.property(fc.array(any), (inputs) => {
      let [state] = stepReading(limits, stepReading(limits, readingFrom(0), { kind: "begin" })[0], { kind: "close" });
      for (const input of inputs) {
        const [next, effects] = stepReading(limits, state, input);
        assert.deepEqual(effects, []);
        state = next;
      }
    }),
  );
  const [failed] = stepReading(limits, stepReading(limits, readingFrom(3), { kind: "begin" })[0], { kind: "failed" });
  assert.deepEqual(stepReading(limits, failed, { kind: "lost" })[1], []);
  assert.deepEqual(stepReading(limits, failed, { kind: "begin" })[1], [{ kind: "open", from: 3, demand: limits.batchesAhead }]);
  const [closed] = stepSending(limits, stepSending(limits, sendingNothing, { kind: "demand", total: 1 })[0], { kind: "close" });
  for (const input of [{ kind: "page" }, { kind: "left" }, { kind: "demand", total: 3 }] as const)
    assert.deepEqual(stepSending(limits, closed, input), [closed, []]);
});
