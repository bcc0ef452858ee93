// A topic read over links, at both ends: what a reader gets through restarts, what a publisher sends and keeps, and what becomes of
// those who break the rules of the wire.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, service, system } from "@atoll/core";
import type { EventSource, ExtensionPart, SourceReader } from "@atoll/core/extension";
import type { Link, LinkHandler, LinkLimits, LinkLoss } from "@atoll/core/transport";
import { inRing, type VirtualRing } from "../../../test/virtual-ring.ts";

const Meter = contract("meter", {
  version: 1,
  key: z.string(),
  commands: { count: { in: z.object({ n: z.int() }) } },
  topics: { counted: z.object({ n: z.int() }), closed: z.object({}) },
  access: { count: "any", counted: ["reports"] },
});
const meter = entity(Meter, {
  state: z.object({}),
  initial: {},
  events: { Counted: z.object({ n: z.int() }) },
  decide: { count: (_, { n }, turn) => turn.emit("Counted", { n }) },
  evolve: { Counted: (s) => s },
  publish: { counted: { Counted: ({ n }) => ({ n }) }, closed: {} },
});
const Report = contract("report", { version: 1, queries: { nothing: {} } });

let source: EventSource;
const report: ExtensionPart = {
  kind: "readModel",
  contract: Report,
  async open(room) {
    source = await room.source(Meter.counted);
    return { receive: () => {}, close: () => Promise.resolve() };
  },
};
const meters = system("meters", {
  services: [service("meters", [meter], { limits: { partitions: 1 } }), service("reports", [report])],
});

const count = (ring: VirtualRing, node: Awaited<ReturnType<VirtualRing["up"]>>, from: number, to: number): Promise<void> =>
  ring.inside(async () => {
    for (let n = from; n < to; n++) await node.at(Meter, "a").count({ n });
  });

const numbers = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Reads up to offset `until`, in pages of a record or two. */
async function readTo(ring: VirtualRing, reader: SourceReader, until: number): Promise<readonly number[]> {
  return ring.inside(async () => {
    const read: number[] = [];
    for (let next = -1; next < until;) {
      const page = await reader.next(400);
      for (const { data } of page.items) read.push((data as { n: number }).n);
      next = page.next;
    }
    return read;
  });
}

test("topic stream: a reader gets every message once and in order, through restarts of the publisher, and those that come while it waits", () =>
  inRing(meters, async (ring) => {
    let publisher = await ring.up("meters");
    await ring.up("reports");
    await count(ring, publisher, 0, 40);
    await ring.pause(50);
    const reader = source.read(0, 0);
    assert.deepEqual(await readTo(ring, reader, 10), numbers(0, 10));
    await ring.pause(50);
    await ring.inside(() => publisher.stop(1_000)); // what was sent ahead is with the reader
    const ahead = await readTo(ring, reader, 12);
    publisher = await ring.up("meters");
    const rest = await readTo(ring, reader, 40);
    assert.deepEqual([...ahead, ...rest], numbers(10, 40));
    const late = readTo(ring, reader, 43);
    await ring.pause(50);
    await count(ring, publisher, 40, 43);
    assert.deepEqual(await late, numbers(40, 43));
    assert.equal(source.head(0), 43, "what has arrived is known to be there");
    const waiting = ring.inside(() => reader.next(400));
    await ring.pause(50);
    reader.close();
    assert.deepEqual(await waiting, { items: [], next: 43 });
    assert.deepEqual(await ring.inside(() => reader.next(400)), { items: [], next: 43 });
  }));

test("topic stream: what the publisher refuses reaches the reader, who may ask again", () =>
  inRing(meters, async (ring) => {
    const publisher = await ring.up("meters");
    await ring.up("reports");
    await ring.pause(50);
    await count(ring, publisher, 0, 3);
    const beyond = source.read(0, 9);
    for (let i = 0; i < 2; i++) {
      await assert.rejects(
        ring.inside(() => beyond.next(400)),
        /no offset 9 in partition 0/,
      );
    }
    await count(ring, publisher, 3, 9);
    await count(ring, publisher, 9, 10);
    assert.deepEqual(await readTo(ring, beyond, 10), [9]);
  }));

/** A bare link, and what it hears. */
interface Bare {
  readonly link: Link;
  readonly heard: unknown[][];
  readonly losses: LinkLoss[];
  say(...members: unknown[]): void;
}

async function bareLink(ring: VirtualRing, from = "reports", limits: Partial<LinkLimits> = {}): Promise<Bare> {
  const [heard, losses]: [unknown[][], LinkLoss[]] = [[], []];
  const handle = (): LinkHandler => ({
    message: (message) => void heard.push(message as unknown[]),
    room: () => {},
    closed: (loss) => void losses.push(loss),
  });
  const link = await ring.connect(from, "meters", handle, limits);
  return { link, heard, losses, say: (...members) => void link.send(JSON.stringify(members)) };
}

const log = { logId: "", timeline: 0 };
/** Members of a request to read partition 0 in pages of one record. */
const opening = (from: number, demand: number): readonly unknown[] => [
  0,
  "stream",
  "meter",
  1,
  "counted",
  log.logId,
  log.timeline,
  0,
  from,
  1,
  demand,
];

async function served(ring: VirtualRing): Promise<{ readonly publisher: Awaited<ReturnType<VirtualRing["up"]>>; readonly bare: Bare }> {
  const publisher = await ring.up("meters");
  await count(ring, publisher, 0, 20);
  const bare = await bareLink(ring);
  bare.say(1, 0, "describe", "meter", 1, "counted");
  await ring.pause(50);
  const [, kind, logId, timeline] = bare.heard.pop() ?? [];
  assert.equal(kind, "log");
  Object.assign(log, { logId, timeline });
  return { publisher, bare };
}

const batchesOf = ({ heard }: Bare, n: number): readonly unknown[] =>
  heard.filter(([of, kind]) => of === n && kind === "batch").map(([, , number, next]) => [number, next]);

test("topic stream S2: batches come only as far as they are asked for, numbered, whatever is said twice; a stream given up gets none", () =>
  inRing(meters, async (ring) => {
    const { bare } = await served(ring);
    bare.say(7, ...opening(3, 2));
    await ring.pause(50);
    assert.deepEqual(batchesOf(bare, 7), [
      [1, 4],
      [2, 5],
    ]);
    for (const demand of [3, 3, 2, 0]) bare.say(7, 0, "more", demand);
    await ring.pause(50);
    assert.deepEqual(batchesOf(bare, 7).slice(2), [[3, 6]]);
    bare.say(7, 0, "cancel");
    bare.say(7, 0, "more", 20);
    await ring.pause(50);
    assert.deepEqual([batchesOf(bare, 7).length, bare.losses], [3, []]);
    bare.say(7, ...opening(19, 5));
    await ring.pause(50);
    assert.deepEqual(batchesOf(bare, 7).slice(3), [[1, 20]], "a number that is free again opens another");
  }));

test("topic stream: where more is asked for than a link has room for, every stream gets all of it in order, and answers do not wait behind it", () =>
  inRing(meters, async (ring) => {
    const { publisher } = await served(ring);
    await count(ring, publisher, 20, 64);
    const narrow = await bareLink(ring, "reports", { messagesInFlightMax: 2 });
    const streams = numbers(10, 30);
    for (const n of streams) {
      narrow.say(n, ...opening(0, 64));
      await ring.pause(1); // its own credit is as narrow
    }
    narrow.say(5, 0, "health");
    await ring.pause(2_000);
    for (const n of streams) {
      const whole = numbers(1, 65).map((number) => [number, number]);
      assert.deepEqual(batchesOf(narrow, n), whole);
    }
    const answered = narrow.heard.findIndex(([n]) => n === 5);
    assert(answered >= 0 && answered < narrow.heard.length - 1, "the answer came between the batches");
    assert.deepEqual(narrow.losses, []);
  }));

test("topic stream: a node that leaves says so on every stream, so that its reader looks for another", () =>
  inRing(meters, async (ring) => {
    const { publisher, bare } = await served(ring);
    bare.say(7, ...opening(0, 1));
    bare.say(8, ...opening(20, 1));
    await ring.pause(50);
    const stopped = ring.inside(() => publisher.stop(1_000));
    await ring.pause(1);
    assert.deepEqual(
      bare.heard.filter(([, kind]) => kind === "again").map(([n]) => n),
      [7, 8],
    );
    await stopped;
  }));

test("topic stream S3: who asks for too much, or says what is no stream, loses the link; the other readers do not notice", () =>
  inRing(meters, async (ring) => {
    const { bare } = await served(ring);
    bare.say(1, ...opening(0, 1));
    const wrongs: readonly (readonly unknown[])[] = [
      opening(0, 65),
      opening(0, -1),
      opening(0, 1).slice(0, -1),
      [...opening(0, 1), 1],
      [0, "more", "many"],
      [0, "more"],
    ];
    for (const wrong of wrongs) {
      const hostile = await bareLink(ring);
      hostile.say(1, ...wrong);
      await ring.pause(50);
      assert.equal(hostile.losses.length, 1, JSON.stringify(wrong));
    }
    const greedy = await bareLink(ring);
    greedy.say(1, ...opening(0, 1));
    greedy.say(1, 0, "more", 66);
    await ring.pause(50);
    assert.equal(greedy.losses.length, 1, "more than 64 ahead of what was sent");
    const stranger = await bareLink(ring, "others");
    stranger.say(1, ...opening(0, 1));
    await ring.pause(50);
    assert.deepEqual([stranger.heard[0]?.slice(0, 3), stranger.losses], [[1, "failure", "ACCESS_DENIED"], []]);
    bare.say(1, 0, "more", 4);
    await ring.pause(50);
    assert.deepEqual([batchesOf(bare, 1).length, bare.losses], [4, []]);
  }));
