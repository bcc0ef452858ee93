// T1 to T5: what is promised of a link that is open, and of its end.
import assert from "node:assert/strict";
import { Failure } from "../../base/failure.ts";
import { prng } from "../../base/prng.ts";
import type { Json } from "../../contract/index.ts";
import { law, type Subject } from "./transport-under-test.ts";

const numbers = (count: number): readonly Json[] => Array.from({ length: count }, (_, i) => ({ i }));

export function linkLaws(subject: Subject): void {
  law(subject, "T1 T2 T3: what both ends send at once arrives whole, once, in order", async (stage) => {
    const { near, far } = await stage.pair({ messagesInFlightMax: 64 });
    const [there, back] = [numbers(2_000), numbers(1_700)];
    await Promise.all([near.sendAll(there), far.sendAll(back), far.arrived(there.length), near.arrived(back.length)]);
    assert.deepEqual(far.messages, there);
    assert.deepEqual(near.messages, back);
    assert.deepEqual([...near.broken, ...far.broken, ...near.losses, ...far.losses], []);
  });

  law(subject, "T1: what is answered within message arrives in order, also over many rounds", async (stage) => {
    const { near, far } = await stage.pair({ messagesInFlightMax: 8 });
    far.onMessage = (message) => assert.ok(far.link.send(JSON.stringify({ answer: message })));
    near.onMessage = () => {
      if (near.messages.length < 300) near.link.send(JSON.stringify(near.messages.length));
    };
    near.link.send(JSON.stringify(0));
    await near.arrived(300);
    assert.deepEqual(
      near.messages,
      Array.from({ length: 300 }, (_, i) => ({ answer: i })),
    );
  });

  law(subject, "T1: what one turn sends leaves in frames of at most batchMessages", async (stage) => {
    const [a, b] = [stage.node({ name: "a", limits: { batchMessages: 4 } }), stage.node({ name: "b" })];
    const { near, far } = await stage.link(a, b);
    const frames = (): number => a.metric('atoll_link_frames_total{direction="out"}');
    const before = frames();
    await near.sendAll(numbers(10));
    await far.arrived(10);
    assert.deepEqual(far.messages, numbers(10));
    assert.equal(frames() - before, 3);
  });

  law(subject, "T1: every kind of JSON arrives as it was sent", async (stage) => {
    const { near, far } = await stage.pair();
    const all: readonly Json[] = [
      null, true, false, 0, -1.5e300, 1e21, "", "plain", "zwölf Boxkämpfer", "\u0000\u2028\ud800", "𝄞", "[1,2,3", "\\u0000\n\"",
      [], {}, [[[]]], { "": "", __proto__x: 1, "a\nb": [null] }, ["bye", "no"], { atoll: "link", refused: "ticket", what: "" },
    ]; // prettier-ignore
    await near.sendAll(all);
    await far.arrived(all.length);
    assert.deepEqual(far.messages, all);
  });

  law(subject, "T3 T4: what was sent before close arrives, nothing after it; both ends hear of it once, with the reason", async (stage) => {
    const { near, far } = await stage.pair();
    for (let i = 0; i < 10; i++) near.link.send(JSON.stringify(i));
    near.close("enough");
    assert.equal(near.link.send(JSON.stringify(10)), false);
    near.close("again");
    assert.equal(near.losses.length, 0, "not within the call");
    assert.deepEqual(await far.loss(), { kind: "closed", by: "there", why: "enough" });
    assert.deepEqual(await near.loss(), { kind: "closed", by: "here", why: "enough" });
    assert.deepEqual(
      far.messages,
      numbers(10).map((_, i) => i),
    );
    assert.equal(far.link.send(JSON.stringify("late")), false);
    far.link.close();
    near.link.close();
    assert.deepEqual([near.losses.length, far.losses.length], [1, 1]);
  });

  law(subject, "T4: after a close within message nothing more arrives, of the same batch neither", async (stage) => {
    const { near, far } = await stage.pair();
    far.onMessage = (message) => {
      if (message === 3) far.close();
    };
    for (let i = 0; i < 10; i++) near.link.send(JSON.stringify(i));
    await Promise.all([near.loss(), far.loss()]);
    assert.deepEqual(far.messages, [0, 1, 2, 3]);
  });

  law(subject, "T4: when both ends close at once, each hears of it once", async (stage) => {
    const { near, far } = await stage.pair();
    near.close("near");
    far.close("far");
    const losses = await Promise.all([near.loss(), far.loss()]);
    assert.deepEqual(
      losses.map(({ kind }) => kind),
      ["closed", "closed"],
    );
  });

  law(subject, "T4: a handler that throws ends its link with a reason at both ends, and no other link", async (stage) => {
    const [a, b, c] = ["a", "b", "c"].map((name) => stage.node({ name }));
    const failing = await stage.link(a!, b!);
    const other = await stage.link(a!, c!);
    failing.far.onMessage = () => {
      throw new RangeError("planted");
    };
    for (let i = 0; i < 5; i++) failing.near.link.send(JSON.stringify(i));
    const [near, far] = await Promise.all([failing.near.loss(), failing.far.loss()]);
    assert.deepEqual([near.kind, far.kind], ["closed", "failed"]);
    assert.deepEqual(failing.far.messages, [0]);
    assert.ok(stage.under.logged().includes("link.handler_failed"));
    other.near.link.send(JSON.stringify("on"));
    await other.far.arrived(1);
  });

  law(subject, "T4: an idle link lives", async (stage) => {
    const [a, b] = [stage.node({ name: "a", limits: { silentMs: 120 } }), stage.node({ name: "b", limits: { silentMs: 100 } })];
    const { near, far } = await stage.link(a, b);
    await stage.wait(a, 700);
    near.link.send(JSON.stringify("still here"));
    await far.arrived(1);
    assert.deepEqual([...near.losses, ...far.losses], []);
  });

  boundLaws(subject);
}

function boundLaws(subject: Subject): void {
  law(subject, "T5: beyond messagesInFlightMax send refuses; then room comes once, and everything taken arrives", async (stage) => {
    const { near, far } = await stage.pair({ messagesInFlightMax: 10 });
    let taken = 0;
    while (near.link.send(JSON.stringify(taken))) taken += 1;
    assert.equal(taken, 10);
    for (let i = 0; i < 5; i++) assert.equal(near.link.send(JSON.stringify("no")), false);
    await near.until(() => near.rooms > 0);
    await far.arrived(10);
    assert.ok(near.link.send(JSON.stringify(10)));
    await far.arrived(11);
    assert.deepEqual([far.messages.length, near.rooms], [11, 1]);
  });

  law(subject, "T5: what one end allows binds the other one, the smaller bound counts", async (stage) => {
    const [a, b] = [
      stage.node({ name: "a", limits: { messagesInFlightMax: 100 } }),
      stage.node({ name: "b", limits: { messagesInFlightMax: 7 } }),
    ];
    const { near, far } = await stage.link(a, b);
    const burst = (from: typeof near): number => {
      let taken = 0;
      while (from.link.send(JSON.stringify(taken))) taken += 1;
      return taken;
    };
    assert.deepEqual([burst(near), burst(far)], [7, 7]);
  });

  law(subject, "T5: ends of unequal bounds serve each other without waiting for a sign of life", async (stage) => {
    for (const [mine, theirs] of [
      [4, 4_096],
      [4_096, 4],
    ] as const) {
      const [a, b] = [
        stage.node({ name: `a${mine}`, limits: { messagesInFlightMax: mine, silentMs: 60_000 } }),
        stage.node({ name: `b${mine}`, limits: { messagesInFlightMax: theirs, silentMs: 60_000 } }),
      ];
      const { near, far } = await stage.link(a, b);
      const beganMs = a.runtime.clock.monotonic();
      await Promise.all([near.sendAll(numbers(100)), far.arrived(100)]); // one way: no credit rides back
      assert.ok(a.runtime.clock.monotonic() - beganMs < 14_000, "before the first of them");
    }
  });

  if (!subject.options.sized) return;

  law(subject, "T5: beyond charsInFlightMax send refuses, whatever the number", async (stage) => {
    const { near, far } = await stage.pair({ charsInFlightMax: 10_000, messageCharsMax: 4_000 });
    const message = "x".repeat(1_000);
    let taken = 0;
    while (near.link.send(JSON.stringify(message))) taken += 1;
    assert.equal(taken, 9);
    await near.until(() => near.rooms > 0);
    assert.ok(near.link.send(JSON.stringify("x".repeat(3_900))), "room is room for the largest message");
    await far.arrived(10);
  });

  law(subject, "T5: a message beyond messageCharsMax is refused with MESSAGE_TOO_LARGE, and the link goes on", async (stage) => {
    const { near, far } = await stage.pair({ charsInFlightMax: 10_000, messageCharsMax: 1_000 });
    assert.throws(
      () => near.link.send(JSON.stringify("x".repeat(1_000))),
      (error) => error instanceof Failure && error.code === "MESSAGE_TOO_LARGE",
    );
    const largest = "x".repeat(997);
    assert.ok(near.link.send(JSON.stringify(largest)));
    await far.arrived(1);
    assert.deepEqual(far.messages, [largest]);
  });

  law(subject, "T5: whatever the sizes, whoever waits for room gets it", async (stage) => {
    const { near, far } = await stage.pair({ messagesInFlightMax: 6, charsInFlightMax: 2_200, messageCharsMax: 1_000, batchChars: 700 });
    const next = prng(11);
    const sizes = Array.from({ length: 400 }, () => Math.floor(next() * (next() < 0.3 ? 990 : 50)));
    await near.sendAll(sizes.map((size) => (size % 2 === 0 ? "x" : "ß").repeat(size)));
    await far.arrived(sizes.length);
    assert.deepEqual(
      far.messages.map((text) => (text as string).length),
      sizes,
    );
  });
}
