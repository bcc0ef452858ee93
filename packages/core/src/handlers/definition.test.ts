import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { Failure } from "../base/failure.ts";
import { contract } from "../contract/index.ts";
import { handlers, unavailable, type AnyHandlers } from "./definition.ts";

const Bank = contract("bank", {
  version: 1,
  commands: { charge: { in: z.object({ cents: z.int() }) } },
  queries: { rate: { out: z.number() } },
});
const handle = { charge: async () => undefined, rate: async () => 1 };

const define = (how: object, of: object = Bank): AnyHandlers => (handlers as unknown as (of: object, how: object) => AnyHandlers)(of, how);

function refusal(how: object, of?: object): string {
  try {
    define(how, of);
  } catch (error) {
    assert.ok(error instanceof Failure && error.code === "INVALID_DEFINITION", String(error));
    return error.message;
  }
  return assert.fail("the definition was accepted");
}

test("handlers: a complete definition becomes frozen data", () => {
  const bank = define({ handle, config: { BANK_URL: z.string() } });
  assert.equal(bank.kind, "handlers");
  assert.equal(bank.contract, Bank);
  assert.deepEqual(Object.keys(bank.how.handle), ["charge", "rate"]);
  assert.deepEqual(Object.keys(bank.how.config), ["BANK_URL"]);
  for (const part of [bank, bank.how, bank.how.handle, bank.how.config]) assert.ok(Object.isFrozen(part));
  assert.deepEqual(Object.keys(define({ handle }).how.config), []);
});

test("handlers: an incomplete or wrong definition is refused with the contract's name and the reason", () => {
  const published = contract("published", { version: 1, topics: { news: z.object({}) } });
  const wrong: readonly (readonly [how: object, message: RegExp, of?: object])[] = [
    [{ handle: { charge: handle.charge } }, /handlers bank.*`handle` lacks "rate": every operation/],
    [{ handle: { ...handle, refund: handle.charge } }, /`handle` names "refund", which is no operation/],
    [{ handle: { ...handle, rate: 1 } }, /`handle\.rate` is not a function/],
    [{}, /`handle` lacks "charge", "rate"/],
    [{ handle, config: { "bank-url": z.string() } }, /"bank-url" is not the name of an environment variable/],
    [{ handle, config: { BANK_URL: "http://127.0.0.1" } }, /"BANK_URL" is not a schema/],
    [{ handle, configuration: {} }, /"configuration" is no part of handlers/],
    [{ handle: {} }, /topic "news".*published by entities/, published],
  ];
  for (const [how, message, of] of wrong) assert.match(refusal(how, of), message);
});

test("unavailable: is a failure whose outcome is unknown and which is retried under the same id", () => {
  const failure = unavailable("bank answered 503");
  assert.ok(failure instanceof Failure);
  assert.deepEqual([failure.code, failure.outcome, failure.retry], ["UNKNOWN_OUTCOME", "unknown", "same-id"]);
  assert.match(failure.message, /bank answered 503/);
});
