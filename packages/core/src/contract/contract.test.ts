import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { Failure } from "../base/failure.ts";
import { contract, keyLengthMax } from "./contract.ts";
import type { AnyContract } from "./reference.ts";

const Stock = contract("stock", {
  version: 2,
  key: z.string(),
  commands: { deliver: { in: z.object({ qty: z.int() }) }, sell: { rejects: { SoldOut: z.object({}) } }, none: { rejects: {} } },
  queries: { level: { out: z.object({ left: z.int() }) } },
  topics: { moved: z.object({ left: z.int() }) },
  access: { deliver: ["gateway"], level: "any", moved: ["sales"] },
});

const define = (name: unknown, definition: unknown): AnyContract =>
  (contract as (name: unknown, definition: unknown) => AnyContract)(name, definition);

function refusal(name: unknown, definition: unknown): string {
  try {
    define(name, definition);
  } catch (error) {
    assert.ok(error instanceof Failure && error.code === "INVALID_DEFINITION", String(error));
    return error.message;
  }
  return assert.fail("the definition was accepted");
}

test("contract: gives a reference per command, query and topic, each of which knows its contract", () => {
  const { deliver, level, moved } = Stock;
  assert.deepEqual(
    [deliver.kind, deliver.name, level.kind, level.name, moved.kind, moved.name],
    ["command", "deliver", "query", "level", "topic", "moved"],
  );
  assert.ok(deliver.contract === Stock && level.contract === Stock && moved.contract === Stock);
  assert.equal(Stock.$.name, "stock");
  assert.equal(Stock.$.version, 2);
  assert.deepEqual(Object.keys(Stock.$.operations), ["deliver", "sell", "none", "level"]);
  assert.equal(Stock.$.operations["level"], level);
  assert.equal(Stock.$.topics["moved"], moved);
});

test("contract: what `access` does not list is for the own service", () => {
  assert.deepEqual([Stock.deliver.access, Stock.level.access, Stock.moved.access, Stock.sell.access], [["gateway"], "any", ["sales"], []]);
});

test("contract: an empty `rejects` is none", () => {
  assert.equal("rejects" in Stock.none.operation, false);
  assert.ok(Stock.sell.operation.rejects);
});

test("contract: is frozen, and does not follow later changes of the definition", () => {
  const add = { in: z.object({ n: z.int() }) };
  const access = { add: ["a"] };
  const C = define("c", { version: 1, commands: { add }, access });
  add.in = z.object({ n: z.int().max(0) });
  access.add.push("b");
  assert.deepEqual(C.$.operations["add"]?.checks.input({ n: 5 }), { n: 5 });
  assert.deepEqual(C.$.operations["add"]?.access, ["a"]);
  for (const part of [
    C,
    C.$,
    C.$.operations,
    C.$.topics,
    C.$.operations["add"],
    C.$.operations["add"]?.checks,
    C.$.operations["add"]?.access,
  ]) {
    assert.ok(Object.isFrozen(part));
  }
});

test("contract: a name of Object's own finds no operation and no topic, unless one has it", () => {
  const C = define("c", { version: 1, commands: { a: {}, toString: {} }, access: {} });
  assert.equal(C.$.operations["valueOf"], undefined);
  assert.equal(C.$.topics["toString"], undefined);
  assert.equal(C.$.operations["toString"]?.kind, "command");
  assert.deepEqual(C.$.operations["toString"].access, [], "and Object's own give nobody access");
});

test("contract: a topic's messages are checked like a reply", () => {
  assert.deepEqual(Stock.moved.check({ left: 1, secret: 2 }), { left: 1 });
  assert.throws(
    () => Stock.moved.check({}),
    (error) => error instanceof Failure && error.code === "INVALID_REPLY",
  );
});

test("contract: a key is text that every store tells from every other", () => {
  assert.equal(Stock.$.checkKey("tea"), "tea");
  assert.equal(Stock.$.checkKey("😀".repeat(keyLengthMax / 2)).length, keyLengthMax);
  for (const key of ["", "a\0b", "\ud800", "x".repeat(keyLengthMax + 1), 7, undefined, null, {}]) {
    assert.throws(
      () => Stock.$.checkKey(key),
      (error) => error instanceof Failure && error.code === "INVALID_INPUT" && error.at === "stock key",
    );
  }
});

test("contract: a key takes the form that its schema gives it", () => {
  const C = contract("c", { version: 1, key: z.string().trim().toLowerCase(), commands: { a: {} } });
  assert.equal(C.$.keyed, true);
  assert.equal(C.$.checkKey(" Tea "), "tea");
});

test("contract: without a key there is one address, and a key for it is refused", () => {
  const C = contract("c", { version: 1, commands: { a: {} } });
  assert.equal(C.$.keyed, false);
  assert.equal(C.$.checkKey(undefined), "");
  assert.throws(
    () => C.$.checkKey("x"),
    (error) => error instanceof Failure && error.code === "INVALID_INPUT",
  );
});

test("contract: a wrong definition is refused with the name of contract and operation, and the reason", () => {
  const s = z.object({});
  const wrong: readonly (readonly [name: unknown, definition: unknown, message: RegExp])[] = [
    ["Stock", { version: 1 }, /contract Stock.*a-z/],
    ["a".repeat(64), { version: 1 }, /1 to 63/],
    ["1st", { version: 1 }, /starts with a letter/],
    [undefined, { version: 1 }, /contract undefined/],
    ["c", undefined, /not an object/],
    ["c", [], /not an object/],
    ["c", { version: 0 }, /whole number from 1, not 0/],
    ["c", { version: 1.5 }, /1\.5/],
    ["c", { version: "1" }, /whole number/],
    ["c", {}, /not undefined/],
    ["c", { version: 1, key: "id" }, /`key` is not a schema/],
    ["c", { version: 1, command: {} }, /"command" is no part of a contract.*commands/],
    ["c", { version: 1, commands: [] }, /not an object/],
    ["c", { version: 1, commands: { "a-b": {} } }, /c\.a-b.*A-Z/],
    ["c", { version: 1, commands: { ["__proto__"]: {} } }, /starts with a letter/],
    ["c", { version: 1, commands: { "": {} } }, /1 to 63/],
    ["c", { version: 1, commands: { a: {} }, queries: { a: {} } }, /c\.a.*command and a query.*one namespace/],
    ["c", { version: 1, queries: { a: {} }, topics: { a: s } }, /query and a topic/],
    ["c", { version: 1, commands: { a: null } }, /c\.a.*an operation is an object/],
    ["c", { version: 1, commands: { a: { input: s } } }, /c\.a.*"input" is no part of an operation.*in, out, rejects/],
    ["c", { version: 1, commands: { a: { in: {} } } }, /c\.a.*`in` is not a schema/],
    ["c", { version: 1, commands: { a: { out: { "~standard": { version: 1 } } } } }, /`out` is not a schema/],
    [
      "c",
      { version: 1, commands: { a: { out: { "~standard": { version: 2, validate: () => ({ value: 1 }) } } } } },
      /`out` is not a schema/,
    ],
    ["c", { version: 1, commands: { a: { rejects: [] } } }, /`rejects` is not an object/],
    ["c", { version: 1, commands: { a: { rejects: { No: 1 } } } }, /rejection "No" is not a schema/],
    ["c", { version: 1, commands: { a: { rejects: { "no way": s } } } }, /rejection "no way".*A-Z/],
    ["c", { version: 1, topics: { t: {} } }, /c\.t.*schema/],
    ["c", { version: 1, access: { a: "any" } }, /c\.a.*no command, query or topic/],
    ["c", { version: 1, commands: { a: {} }, access: { a: "all" } }, /c\.a.*"any" or a list/],
    ["c", { version: 1, commands: { a: {} }, access: { a: ["Shop"] } }, /c\.a.*"any" or a list/],
    ["c", { version: 1, access: "any" }, /`access` is not an object/],
  ];
  for (const [name, definition, message] of wrong) assert.match(refusal(name, definition), message);
});

test("contract: names that would answer for a reference are refused in every section", () => {
  for (const name of ["then", "catch", "finally", "toJSON", "constructor", "$"]) {
    for (const section of ["commands", "queries", "topics"]) {
      const message = refusal("c", { version: 1, [section]: { [name]: section === "topics" ? z.object({}) : {} } });
      assert.ok(message.includes(`(contract c.${name})`) && message.includes("references get awaited"), message);
    }
  }
});
