import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@atoll/core/runtime/virtual";
import { mintCommandId } from "./command-id.ts";

test("command id: it is a UUID of version 7 that carries its time, a fresh one at each call", () => {
  const random = seededRandom(1, "test");
  const ids = Array.from(
    { length: 200 },
    (_, i) => [1_767_225_600_000 + i * 1_000_003, mintCommandId(1_767_225_600_000 + i * 1_000_003, random)] as const,
  );
  for (const [time, id] of ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), time);
  }
  assert.equal(new Set(Array.from({ length: 200 }, () => mintCommandId(5, random))).size, 200);
});
