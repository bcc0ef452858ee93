import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Progress, type OpenMessage } from "./progress.ts";

test("progress: the cursor is where the oldest message begins that is not done with, in whatever order they end (D2)", () => {
  const message = fc.record({ skip: fc.nat({ max: 3 }), tells: fc.nat({ max: 3 }) });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (messages, choices) => {
      const progress = new Progress(0);
      const open: OpenMessage[] = [];
      const end = (): void => {
        const { value } = choices.next();
        const i = value % open.length;
        const ended = open[i] as OpenMessage;
        progress.done(ended);
        if (ended.left === 0) open.splice(i, 1);
      };
      let offset = 0;
      for (const { skip, tells } of messages) {
        offset += skip;
        progress.taken(offset);
        if (tells > 0) open.push(progress.open(offset, tells));
        if (open.length > 0 && tells === 1) end();
        assert.equal(progress.cursor, open.length > 0 ? Math.min(...open.map((one) => one.offset)) : offset);
      }
      progress.taken((offset += 1));
      while (open.length > 0) {
        end();
        assert.equal(progress.cursor, open.length > 0 ? Math.min(...open.map((one) => one.offset)) : offset);
      }
      assert.equal(progress.ahead, 0);
    }),
  );
});
