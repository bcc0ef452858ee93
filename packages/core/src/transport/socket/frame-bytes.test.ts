import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { bytesOf, FrameReader, type FrameSink } from "./frame-bytes.ts";

class Sink implements FrameSink {
  readonly frames: unknown[] = [];
  readonly garbles: string[] = [];
  isOver = false;
  readonly frameCharsMax: number;

  constructor(frameCharsMax = 1_000) {
    this.frameCharsMax = frameCharsMax;
  }

  received(frame: unknown): void {
    this.frames.push(frame);
  }

  garbled(why: string): void {
    this.garbles.push(why);
  }
}

test("frame bytes: whatever is written is read again, however the bytes are cut", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "ß", "€", "𝄞", "\ufffd", "\u0000"), maxLength: 30 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 60 }), (texts, cuts) => {
      const sink = new Sink();
      const reader = new FrameReader(sink);
      let rest = Buffer.concat(texts.map((one) => bytesOf(JSON.stringify(one))));
      for (const cut of cuts) {
        reader.push(rest.subarray(0, cut));
        rest = rest.subarray(cut);
      }
      reader.push(rest);
      assert.deepEqual([sink.frames, sink.garbles], [texts, []]);
    }),
  );
});

test("frame bytes: nothing is read behind what is no frame, and nothing once the sink is over", () => {
  const good = bytesOf("1");
  for (const bad of [
    bytesOf(""),
    bytesOf("{"),
    bytesOf(`"${"x".repeat(999)}"`),
    Buffer.from([0xff, 0, 0, 0]),
    Buffer.from([0, 0, 0, 3, 0x22, 0xff, 0x22]),
  ]) {
    for (const size of [1, 3, 5_000]) {
      const sink = new Sink();
      const reader = new FrameReader(sink);
      const all = Buffer.concat([good, bad, good]);
      for (let from = 0; from < all.length; from += size) reader.push(all.subarray(from, from + size));
      assert.deepEqual([sink.frames, sink.garbles.length], [[1], 1]);
    }
  }
  const over = new Sink();
  const reader = new FrameReader(over);
  over.received = (frame) => {
    over.frames.push(frame);
    over.isOver = true;
  };
  reader.push(Buffer.concat([good, good]));
  assert.deepEqual(over.frames, [1]);
});

test("frame bytes: memory grows with what has arrived, not with what was announced, nor with the number of pieces", () => {
  const readers = Array.from({ length: 200 }, () => new FrameReader(new Sink(2 ** 25)));
  globalThis.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  for (const reader of readers) {
    reader.push(Buffer.from([0x05, 0, 0, 0]));
    for (let i = 0; i < 1_000; i++) reader.push(Buffer.from("x"));
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < readers.length * 20_000, `${grown} bytes for 200 readers with 1 kB each, of 80 MB announced`);
});
