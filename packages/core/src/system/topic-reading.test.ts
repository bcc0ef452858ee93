// Reading a topic from outside, on whole systems in a virtual world: the laws TR1 to TR4.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, service, system, type System, type TopicFrom, type TopicReading } from "@atoll/core";
import { virtually, type VirtualSystem } from "../../test/virtual-system.ts";

const Said = z.object({ n: z.int() });
const topicsOf = (said: typeof Said) =>
  contract("voice", {
    version: 1,
    key: z.string(),
    commands: { say: { in: Said }, echo: { in: Said }, cough: {} },
    topics: { said, unheard: z.object({}) },
    access: { say: "any", said: ["elsewhere"] },
  });
const Voice = topicsOf(Said);
const voiceOf = (C: typeof Voice, partitions = 3): System =>
  system("choir", {
    services: [
      service(
        "voices",
        [
          entity(C, {
            state: z.object({}),
            initial: {},
            events: { Said, Coughed: z.object({}) },
            decide: {
              say: (_, c, turn) => turn.emit("Said", c),
              echo: (_, { n }, turn) => turn.emit("Said", { n }).emit("Said", { n: n + 1 }),
              cough: (_, __, turn) => turn.emit("Coughed", {}),
            },
            evolve: { Said: (s) => s, Coughed: (s) => s },
            publish: { said: { Said: (e) => e }, unheard: {} },
          }),
        ],
        { limits: { partitions } },
      ),
    ],
  });
const choir = voiceOf(Voice);

const say = (running: VirtualSystem, key: string, n: number): Promise<void> =>
  running.inside(() => running.booted.at(Voice, key).say({ n }));
const open = (running: VirtualSystem, how?: TopicFrom): TopicReading<z.infer<typeof Said>> => running.booted.topic(Voice.said, how);

/** What is given, as "key:n", until the reading ends or `most` came. */
async function given(
  running: VirtualSystem,
  reading: TopicReading<z.infer<typeof Said>>,
  most = Number.POSITIVE_INFINITY,
): Promise<readonly string[]> {
  const heard: string[] = [];
  await running.inside(async () => {
    for await (const { at, message } of reading) if (heard.push(`${at.key}:${message.n}`) >= most) break;
  });
  return heard;
}
const of = (heard: readonly string[], key: string): readonly string[] => heard.filter((entry) => entry.startsWith(`${key}:`));
const keys = ["ann", "ben", "cem", "dan"];

async function sung(running: VirtualSystem): Promise<readonly string[]> {
  for (let n = 0; n < 5; n++) {
    for (const key of keys) await say(running, key, n);
    await running.inside(() => running.booted.at(Voice, "ann").cough());
  }
  return keys.flatMap((key) => Array.from({ length: 5 }, (_, n) => `${key}:${n}`));
}

test("topic reading: from the start it gives every message there is, once, those of one entity in order, and ends (TR1)", () =>
  virtually(choir, async (running) => {
    const all = await sung(running);
    const heard = await given(running, open(running));
    assert.deepEqual([...heard].sort(), [...all].sort());
    for (const key of keys) assert.deepEqual(of(heard, key), of(all, key));
    assert.deepEqual(await given(running, open(running)), heard); // as often as one likes
    assert.deepEqual(await given(running, open(running, { from: "now" })), []);
  }));

test("topic reading: the operator may read a topic that its contract gives to others only, and not one that nobody publishes", () =>
  virtually(choir, async (running) => {
    await say(running, "ann", 1);
    assert.deepEqual(await given(running, open(running)), ["ann:1"]);
    const Nobody = contract("nobody", { version: 1, key: z.string(), topics: { said: Said }, access: { said: "any" } });
    assert.throws(() => running.booted.topic(Nobody.said), { code: "INVALID_DEFINITION" });
  }));

test("topic reading: broken off anywhere, another one from its position goes on exactly there, also in the next process (TR3)", () =>
  virtually(choir, async (first) => {
    await sung(first);
    await first.inside(() => first.booted.at(Voice, "ben").echo({ n: 8 }));
    const all = await given(first, open(first));
    assert.equal(all.length, 22);
    let running = first;
    for (let most = 1; most < all.length; most++) {
      const reading = open(running);
      const before = await given(running, reading, most);
      if (most % 7 === 0) running = await running.restart();
      assert.deepEqual([...before, ...(await given(running, open(running, { from: reading.position })))], all, `after ${most}`);
    }
    const ended = open(running);
    await given(running, ended);
    await say(running, "cem", 9);
    assert.deepEqual(await given(running, open(running, { from: ended.position })), ["cem:9"]);
    assert.deepEqual(await given(running, ended), ["cem:9"]); // the same one goes on as well
  }));

test("topic reading: one that follows gives what is published later, as it is on disk, until it is told to stop (TR1, TR2)", () =>
  virtually(choir, async (running) => {
    await say(running, "ann", 0);
    const stop = new AbortController();
    const reading = open(running, { follow: true, signal: stop.signal });
    const heard = given(running, reading);
    for (let n = 1; n < 30; n++) await say(running, keys[n % 4] as string, n);
    await running.pause(100);
    stop.abort();
    const all = await heard;
    assert.equal(all.length, 30);
    for (const key of keys)
      assert.deepEqual(
        of(all, key),
        Array.from({ length: 30 }, (_, n) => `${keys[n % 4]}:${n}`).filter((entry) => entry.startsWith(key)),
      );
    await say(running, "ann", 99);
    assert.deepEqual(await given(running, open(running, { from: reading.position })), ["ann:99"]);
  }));

test("topic reading: a reader that takes its time is given everything all the same, and holds nobody up (TR4)", () =>
  virtually(choir, async (running) => {
    const heard: number[] = [];
    const reading = running.inside(async () => {
      for await (const { message } of open(running, { follow: true })) {
        heard.push(message.n);
        await new Promise<void>((resolve) => void running.process.timers.after(50, resolve));
        if (heard.length === 100) break;
      }
    });
    const before = running.world.timeMs;
    for (let n = 0; n < 100; n++) await say(running, "ann", n);
    assert.ok(running.world.timeMs - before < 5_000, "it was not waited for");
    await reading;
    assert.deepEqual(
      heard,
      Array.from({ length: 100 }, (_, n) => n),
    );
  }));

test("topic reading: one that follows ends with the system, and says so", () =>
  virtually(choir, async (running) => {
    const refused = assert.rejects(given(running, open(running, { follow: true })), { code: "UNAVAILABLE" });
    await say(running, "ann", 1);
    await running.inside(() => running.booted.stop(1_000));
    await refused;
    await assert.rejects(given(running, open(running)), { code: "UNAVAILABLE" });
  }));

test("topic reading: a message that cannot be read ends it, and its position is behind that message", () =>
  virtually(choir, async (first) => {
    for (const n of [1, 13, 2]) await say(first, "ann", n);
    const Strict = topicsOf(Said.refine(({ n }) => n !== 13, "thirteen"));
    const running = await first.restart(voiceOf(Strict));
    const reading = running.booted.topic(Strict.said);
    const heard: string[] = [];
    const read = running.inside(async () => {
      for await (const { message } of reading) heard.push(String(message.n));
    });
    await assert.rejects(read, (error: Error) => /DEFECT|cannot be read/.test(error.message) && /thirteen/.test(error.message));
    assert.deepEqual(heard, ["1"]);
    assert.deepEqual(await given(running, running.booted.topic(Strict.said, { from: reading.position })), ["ann:2"]);
  }));

test("topic reading: a position that is none, of another log, or beyond what this one holds is refused", () =>
  virtually(choir, async (running) => {
    await sung(running);
    const reading = open(running);
    await given(running, reading);
    const { position } = reading;
    for (const from of ["", "yesterday", "0", `${position}_0`])
      assert.throws(() => open(running, { from }), { code: "INVALID_INPUT" }, from);
    assert.throws(() => open(running, { from: position.replace(/^.{12}/, "0123456789ab") }), { code: "LOG_FORKED" });
    assert.throws(() => open(running, { from: position.replace(/[^_.]+$/, "zz") }), { code: "LOG_FORKED" });
  }));

test("topic reading: one that is being read is not read by another loop", () =>
  virtually(choir, async (running) => {
    await sung(running);
    await running.inside(async () => {
      const reading = open(running);
      for await (const { at } of reading) {
        assert.ok(keys.includes(at.key));
        assert.throws(() => reading[Symbol.asyncIterator](), { code: "INVALID_INPUT" });
        break;
      }
    });
  }));
