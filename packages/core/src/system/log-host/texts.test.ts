import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Json } from "../../contract/index.ts";
import { logHostLimits } from "./limits.ts";
import { MalformedMessage } from "./reader.ts";
import { TextsIn, TextsOut } from "./texts.ts";

test("texts: whatever their length, and whenever there is room, they arrive whole, in order, in messages that are short enough", () => {
  const limits = { ...logHostLimits, wholeCharsMax: 20, partCharsMax: 7 };
  fc.assert(
    fc.property(fc.array(fc.json({ maxDepth: 2 })), fc.infiniteStream(fc.boolean()), (texts, takes) => {
      const messages: string[] = [];
      const out = new TextsOut(
        {
          send: (message) => {
            if (!takes.next().value) return false;
            messages.push(message);
            return true;
          },
        },
        limits,
      );
      const left: number[] = [];
      for (const [i, text] of texts.entries()) out.send(text, () => left.push(i));
      for (let rounds = 0; left.length < texts.length; rounds++) {
        assert(rounds < 10_000);
        out.room();
      }
      assert.equal(out.waitingChars, 0);
      assert.deepEqual(left, [...texts.keys()]);
      const into = new TextsIn(limits);
      const arrived = messages.flatMap((message) => into.take(JSON.parse(message) as Json) ?? []);
      assert.deepEqual(
        arrived.map(({ value }) => value),
        texts.map((text) => JSON.parse(text) as Json),
      );
      for (const message of messages) assert(message.length <= 20 || message.length <= 6 * 7 + 12);
    }),
  );
});

test("texts: a character that is cut in two arrives as it was", () => {
  const sent: string[] = [];
  new TextsOut({ send: (message) => sent.push(message) > 0 }, { ...logHostLimits, wholeCharsMax: 1, partCharsMax: 2 }).send('"\u{1F600}"');
  const into = new TextsIn(logHostLimits);
  assert.deepEqual(
    sent.map((message) => into.take(JSON.parse(message))?.value),
    [undefined, "\u{1F600}"],
  );
});

test("texts: parts that are too many, empty, no JSON, or torn apart are refused", () => {
  const limits = { ...logHostLimits, textCharsMax: 10 };
  const refused = (...messages: readonly Json[]): void => {
    const into = new TextsIn(limits);
    for (const message of messages.slice(0, -1)) assert.equal(into.take(message), undefined);
    assert.throws(() => into.take(messages.at(-1)), MalformedMessage);
  };
  refused(["part", "12345"], ["part", "67890"], ["part", "1"]);
  refused(["part", "1"], ["last", ""]);
  refused(["part", ""]);
  refused(["part", "[1"], ["last", ","]);
  refused(["part", 1]);
  refused(["part", "[1"], [1, "partitions"]);
});
