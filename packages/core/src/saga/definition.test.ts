import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { Failure } from "../base/failure.ts";
import { contract } from "../contract/index.ts";
import { saga } from "./definition.ts";

const Checkout = contract("checkout", {
  version: 1,
  key: z.string(),
  commands: { start: { in: z.object({ sku: z.string() }), out: z.object({ ok: z.boolean() }) }, cancel: {} },
});

const define = saga as unknown as (command: unknown, version: unknown, run: unknown, how?: unknown) => unknown;

function refusal(...given: Parameters<typeof define>): string {
  try {
    define(...given);
  } catch (error) {
    assert.ok(error instanceof Failure && error.code === "INVALID_DEFINITION", String(error));
    return error.message;
  }
  return assert.fail("the definition was accepted");
}

test("saga: a definition becomes frozen data, with apologies owed by its service within a week unless it says otherwise", () => {
  const plain = saga(Checkout.start, 1, async () => ({ ok: true }));
  assert.deepEqual([plain.kind, plain.contract, plain.how.owner, plain.how.apologyMs], ["saga", Checkout, undefined, 7 * 86_400_000]);
  assert.ok(Object.isFrozen(plain) && Object.isFrozen(plain.how));
  const { how } = saga(Checkout.start, 2, async () => ({ ok: true }), { apologies: { owner: "care", within: "2h" } });
  assert.deepEqual([how.version, how.owner, how.apologyMs], [2, "care", 7_200_000]);
});

test("saga: what cannot be a saga is refused with the contract's name and the reason", () => {
  const run = async (): Promise<unknown> => undefined;
  const keyless = contract("keyless", { version: 1, commands: { go: {} } });
  const asked = contract("asked", { version: 1, key: z.string(), commands: { go: {} }, queries: { how: { out: z.string() } } });
  const told = contract("told", { version: 1, key: z.string(), commands: { go: {} }, topics: { news: z.string() } });
  const answering = contract("answering", { version: 1, key: z.string(), commands: { go: {}, other: { out: z.string() } } });
  const wrong: readonly (readonly [given: Parameters<typeof define>, message: RegExp])[] = [
    [[keyless.go, 1, run], /saga keyless\.go.*the contract has no key/],
    [[asked.how, 1, run], /saga asked\.how.*implements a command, and this is a query/],
    [[asked.go, 1, run], /query "how": a saga answers none/],
    [[told.go, 1, run], /topic "news": topics are published by entities/],
    [[answering.go, 1, run], /command "other" is a signal to the running saga/],
    [[Checkout.start, 0, run], /the version is a whole number from 1, not 0/],
    [[Checkout.start, 1, undefined], /`run` is not a function/],
    [[Checkout.start, 1, run, { apologies: { within: "soon" } }], /"soon" is not a duration/],
  ];
  for (const [given, message] of wrong) assert.match(refusal(...given), message);
});
