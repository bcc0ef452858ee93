// The machine alone: two ends and a channel that keeps, loses, repeats and disorders frames as a generator likes; and single
// ends that meet what no honest end sends.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Json } from "../contract/index.ts";
import { helloFrame, welcomeFrame } from "./handshake.ts";
import { frameCharsMax, headCharsMax, type LinkLimits, linkLimits } from "./link-limits.ts";
import { beginLink } from "./link-greeting.ts";
import { stepLink } from "./link-machine.ts";
import {
  beatMsOf,
  hasRoom,
  headEntries,
  headOf,
  type LinkConfig,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type OpenLink,
} from "./link-state.ts";
import type { NodeIdentity } from "./transport.ts";

const limits: LinkLimits = { ...linkLimits, messagesInFlightMax: 8, charsInFlightMax: 600, messageCharsMax: 200, silentMs: 400 };
const [a, b] = ["a", "b"].map((name): NodeIdentity => ({ node: name, service: name, incarnation: name.repeat(32) })) as [
  NodeIdentity,
  NodeIdentity,
];
const caller: LinkConfig = { role: "caller", system: "s", self: a, hello: 1, limits, to: b, ticket: "t" };
const listener: LinkConfig = {
  role: "listener",
  system: "s",
  self: b,
  hello: 2,
  limits,
  full: () => false,
  proves: (_caller, ticket) => ticket === "t",
};

interface Frame {
  readonly frame: Json;
  readonly chars: number;
}

/** One end, with a driver that does what link-end.ts does, and remembers. */
class End {
  readonly config: LinkConfig;
  state: LinkState;
  readonly out: Frame[] = [];
  readonly heard: Json[] = [];
  readonly effects: LinkEffect[] = [];
  taken = 0;
  /** Whether a message was refused since the last `room`. */
  wanting = false;

  constructor(config: LinkConfig) {
    this.config = config;
    const [state, effects] = beginLink(config);
    this.state = state;
    this.#perform(effects);
  }

  step(input: LinkInput): void {
    const wasEnded = this.state.kind === "ended";
    const [state, effects] = stepLink(this.config, this.state, input);
    if (wasEnded) assert.deepEqual([state.kind, effects.length], ["ended", 0], "M5");
    this.state = state;
    this.#perform(effects);
  }

  /** One frame of as many of these messages as there is room for; `sizes` in characters with comma and quotes. */
  send(sizes: readonly number[]): void {
    if (this.state.kind !== "open") return;
    const messages: Json[] = [];
    let chars = 0;
    for (const size of sizes) {
      const message = `${this.taken}`.padEnd(size - 3, ".");
      if (!hasRoom(this.state, messages.length, chars, message.length + 3)) {
        this.wanting = true;
        break;
      }
      if (chars + message.length + 3 > limits.messageCharsMax) break; // a batch closes
      messages.push(message);
      chars += message.length + 3;
      this.taken += 1;
    }
    if (messages.length > 0) this.#write(messages);
    const { sent, credited, sentChars, creditedChars } = this.state;
    assert.ok(sent - credited <= limits.messagesInFlightMax && sentChars - creditedChars <= limits.charsInFlightMax, "T5");
  }

  #write(messages: readonly Json[]): void {
    const frame = [...headOf(this.state as OpenLink), ...messages];
    const { length } = JSON.stringify(frame);
    assert.ok(length <= frameCharsMax(limits));
    this.step({ kind: "sent", messages: messages.length, chars: messages.length === 0 ? 0 : length });
    this.out.push({ frame, chars: length });
  }

  #perform(effects: readonly LinkEffect[]): void {
    for (const effect of effects) {
      this.effects.push(effect);
      switch (effect.kind) {
        case "write":
          this.out.push({ frame: effect.frame, chars: JSON.stringify(effect.frame).length });
          break;
        case "deliver":
          this.heard.push(...effect.frame.slice(headEntries));
          this.step({ kind: "handled", messages: effect.frame.length - headEntries, chars: effect.chars });
          break;
        case "flush":
        case "beat":
          if (this.state.kind === "open") this.#write([]);
          break;
        case "room":
          this.wanting = false;
          break;
        default:
      }
    }
  }
}

function openPair(): readonly [End, End] {
  const ends = [new End(caller), new End(listener)] as const;
  pass(ends[0], ends[1]);
  pass(ends[1], ends[0]);
  assert.deepEqual(
    ends.map(({ state }) => state.kind),
    ["open", "open"],
  );
  return ends;
}

/** Everything from one end to the other, in order. */
function pass(from: End, to: End): void {
  for (let frame = from.out.shift(); frame; frame = from.out.shift()) to.step({ kind: "frame", ...frame });
}

const side = fc.constantFrom(0, 1);
const size = fc.oneof(fc.integer({ min: 8, max: 30 }), fc.integer({ min: 8, max: limits.messageCharsMax }));
const sending = fc.record({ kind: fc.constant("send" as const), from: side, sizes: fc.array(size, { minLength: 1, maxLength: 6 }) });
const passing = fc.record({ kind: fc.constant("pass" as const), from: side });
const ticking = fc.record({ kind: fc.constant("tick" as const), from: side });
const fault = fc.record({ kind: fc.constantFrom("lose" as const, "repeat" as const, "overtake" as const), from: side });
type Act =
  typeof sending extends fc.Arbitrary<infer T>
    ? T | { readonly kind: "pass" | "tick" | "lose" | "repeat" | "overtake"; readonly from: number }
    : never;

function run(acts: readonly Act[]): readonly [End, End] {
  const ends = openPair();
  for (const act of acts) {
    const [from, to] = [ends[act.from] as End, ends[1 - act.from] as End];
    const first = from.out[0];
    if (act.kind === "send") from.send((act as { readonly sizes: readonly number[] }).sizes);
    else if (act.kind === "tick") from.step({ kind: "tick" });
    else if (first === undefined) continue;
    else if (act.kind === "pass") to.step({ kind: "frame", ...(from.out.shift() as Frame) });
    else if (act.kind === "lose") from.out.shift();
    else if (act.kind === "repeat") to.step({ kind: "frame", ...first });
    else from.out.push(from.out.shift() as Frame);
  }
  return ends;
}

function assertPrefix(ends: readonly [End, End]): void {
  for (const [from, to] of [ends, [ends[1], ends[0]]] as const) {
    assert.ok(to.heard.length <= from.taken);
    to.heard.forEach((message, i) => assert.equal(Number.parseInt(message as string, 10), i, "T1 T2 T3"));
    assert.ok(to.effects.filter(({ kind }) => kind === "end").length <= 1, "T4");
  }
}

test("T1 T2 T3 T5: whatever the channel does, what arrives is a prefix, once, within the credit", () => {
  let [gaps, duplicates] = [0, 0];
  fc.assert(
    fc.property(
      fc.array(fc.oneof(sending, sending, passing, passing, ticking, fault), { minLength: 40, maxLength: 120, size: "max" }),
      (acts) => {
        const ends = run(acts);
        assertPrefix(ends);
        gaps += ends.filter(({ effects }) => effects.some((one) => one.kind === "end" && one.loss.kind === "gap")).length;
        duplicates += ends.filter(({ effects }) => effects.some(({ kind }) => kind === "duplicate")).length;
        for (const { effects } of ends)
          assert.ok(!effects.some((one) => one.kind === "end" && one.loss.kind === "violated"), "honest ends accuse nobody");
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(gaps > 100 && duplicates > 100, `reached: ${gaps} gaps, ${duplicates} duplicates`);
});

test("T5 M2: over a channel that only delays, all that was taken arrives, and who was refused gets room for the largest message", () => {
  let wanted = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(sending, sending, passing), { minLength: 40, maxLength: 120, size: "max" }), (acts) => {
      const ends = run(acts);
      wanted += ends.filter(({ wanting }) => wanting).length;
      while (ends.some(({ out }) => out.length > 0)) {
        pass(ends[0], ends[1]);
        pass(ends[1], ends[0]);
      }
      assertPrefix(ends);
      assert.deepEqual([ends[1].heard.length, ends[0].heard.length], [ends[0].taken, ends[1].taken]);
      for (const { state, wanting } of ends) {
        assert.equal(wanting, false);
        assert.ok(state.kind === "open" && hasRoom(state, 0, 0, limits.messageCharsMax));
      }
    }),
    { numRuns: 1_000 },
  );
  assert.ok(wanted > 100, `reached: ${wanted} ends wanted room`);
});

test("T3 T4 M1: also the loss of the last message is seen, with the next sign of life", () => {
  const [near, far] = openPair();
  near.send([20]);
  near.out.length = 0;
  near.step({ kind: "tick" });
  near.step({ kind: "tick" });
  pass(near, far);
  assert.deepEqual(far.effects.at(-1), { kind: "end", loss: { kind: "gap", why: "1 messages are missing or late" } });
  pass(far, near);
  assert.deepEqual(near.effects.at(-1), { kind: "end", loss: { kind: "closed", by: "there", why: "1 messages are missing or late" } });
});

test("T4 M4: silence is silentMs of ticks without anything heard, and a sign of life leaves only where nothing else did", () => {
  const [near, far] = openPair();
  const ticks = limits.silentMs / beatMsOf(caller, near.state as OpenLink);
  assert.equal(ticks, 4);
  for (let i = 0; i < 20; i++) {
    for (const end of [near, far]) end.step({ kind: "tick" });
    pass(near, far);
    pass(far, near);
  }
  near.step({ kind: "tick" });
  near.send([20]);
  near.out.length = 0;
  near.step({ kind: "tick" });
  assert.equal(near.out.length, 0, "it has spoken");
  for (let i = 0; i < ticks - 1; i++) {
    assert.equal(near.state.kind, "open");
    near.step({ kind: "tick" });
  }
  assert.deepEqual(near.effects.at(-1), { kind: "end", loss: { kind: "silent", why: "nothing was heard for 400 ms" } });
});

test("M3: an end that claims what is not, or sends beyond its credit, is not honest", () => {
  const violated = (frame: Json, chars = 50): string => {
    const [near, far] = openPair();
    near.send([20, 20]);
    pass(near, far);
    near.step({ kind: "frame", frame, chars });
    const effect = near.effects.at(-1);
    return effect?.kind === "end" && effect.loss.kind === "violated" ? effect.loss.why : "not violated";
  };
  assert.equal(violated([0, 3, 0]), "more was handled than was sent");
  assert.equal(violated([0, 2, 1_000]), "more was handled than was sent");
  assert.equal(violated([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), "more was sent than was allowed");
  assert.equal(violated([0, 0, 0, 1], limits.messageCharsMax + headCharsMax + 1), "more was sent than was allowed");
  for (const head of [[], [0], [0, 0], [-1, 0, 0], [0.5, 0, 0], ["0", 0, 0], [0, null, 0]])
    assert.equal(violated(head), "the head of a frame is three counts");
  for (const frame of [null, 1, "bye", {}, { atoll: "link" }]) assert.equal(violated(frame), "a frame is a list");
  const [, far] = openPair();
  far.step({ kind: "frame", frame: [0, 0, 0, 1, 2], chars: 20 });
  far.step({ kind: "frame", frame: [1, 0, 0, 2, 3], chars: 20 });
  assert.deepEqual(far.effects.at(-1), { kind: "end", loss: { kind: "violated", why: "a frame repeats a part of another" } });
});

test("T6: versions that share one agree on the highest they share; those that share none are refused on either side", () => {
  const hello = (protocol: readonly [number, number]): Json =>
    helloFrame({ protocol, system: "s", from: a, to: b, ticket: "t", allows: limits, hello: null });
  const answerTo = (protocol: readonly [number, number]): Json => {
    const end = new End(listener);
    end.step({ kind: "frame", frame: hello(protocol), chars: 300 });
    return end.out[0]?.frame;
  };
  assert.deepEqual((answerTo([1, 9]) as { readonly protocol: number }).protocol, 2);
  assert.deepEqual((answerTo([1, 1]) as { readonly protocol: number }).protocol, 1);
  assert.deepEqual((answerTo([0, 1]) as { readonly protocol: number }).protocol, 1);
  assert.deepEqual(answerTo([3, 9]), { atoll: "link", refused: "protocol", what: "this node speaks 1 to 2, the caller 3 to 9" });
  const answered = (protocol: number): unknown => {
    const end = new End(caller);
    end.step({ kind: "frame", frame: welcomeFrame({ protocol, from: b, allows: limits, hello: null }), chars: 200 });
    return end.effects.at(-1);
  };
  for (const protocol of [1, 2]) assert.deepEqual(answered(protocol), { kind: "open", peer: b, protocol, hello: null });
  assert.deepEqual(answered(3), { kind: "unmet", reason: "protocol", what: "the answer is of version 3" });
});

test("T6: an answer of another node than the one that was meant makes no link", () => {
  const end = new End(caller);
  end.step({
    kind: "frame",
    frame: welcomeFrame({ protocol: 1, from: { ...b, incarnation: "c".repeat(32) }, allows: limits, hello: null }),
    chars: 200,
  });
  const effect = end.effects.at(-1);
  assert.deepEqual([effect?.kind, effect?.kind === "unmet" && effect.reason], ["unmet", "identity"]);
});

test("the form of the handshake and of a frame is what versions 1 and 2 say", () => {
  const [near, far] = [new End(caller), new End(listener)];
  assert.equal(
    JSON.stringify(near.out[0]?.frame),
    `{"atoll":"link","protocol":[1,2],"system":"s","from":{"node":"a","service":"a","incarnation":"${"a".repeat(32)}"},` +
      `"to":{"node":"b","service":"b","incarnation":"${"b".repeat(32)}"},"ticket":"t",` +
      `"allows":{"messagesInFlightMax":8,"charsInFlightMax":600,"messageCharsMax":200,"silentMs":400},"hello":1}`,
  );
  pass(near, far);
  assert.equal(
    JSON.stringify(far.out[0]?.frame),
    `{"atoll":"link","protocol":2,"from":{"node":"b","service":"b","incarnation":"${"b".repeat(32)}"},` +
      `"allows":{"messagesInFlightMax":8,"charsInFlightMax":600,"messageCharsMax":200,"silentMs":400},"hello":2}`,
  );
  pass(far, near);
  near.send([10]);
  assert.equal(JSON.stringify(near.out[0]?.frame), '[0,0,0,"0......"]');
});
