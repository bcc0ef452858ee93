import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { Failure } from "../base/failure.ts";
import { contract } from "../contract/index.ts";
import { subscription } from "./definition.ts";

const Order = contract("order", { version: 1, key: z.string(), commands: { confirm: {} }, topics: { confirmed: z.object({}) } });
const react = (): undefined => undefined;

test("subscription: a definition becomes frozen data, and begins at the start unless it says otherwise", () => {
  const defined = subscription("sell", Order.confirmed, react);
  assert.deepEqual([defined.kind, defined.name, defined.topic, defined.from], ["subscription", "sell", Order.confirmed, "start"]);
  assert.ok(Object.isFrozen(defined));
  assert.equal(subscription("sell", Order.confirmed, react, { from: "now" }).from, "now");
});

test("subscription: a wrong definition is refused with its name and the reason", () => {
  const refused = (what: () => unknown, pattern: RegExp): void =>
    assert.throws(what, (error) => error instanceof Failure && error.code === "INVALID_DEFINITION" && pattern.test(error.message));
  refused(() => subscription("Bad Name", Order.confirmed, react), /subscription "Bad Name"/);
  refused(() => subscription("s", Order.confirm as never, react), /not of a topic/);
  refused(() => subscription("s", Order.confirmed, 1 as never), /`react` is not a function/);
  refused(() => subscription("s", Order.confirmed, react, { from: "later" as never }), /"start" or "now", not "later"/);
});
