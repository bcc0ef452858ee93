import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "./digest.ts";
import { idempotencyKeyOf } from "./idempotency-key.ts";
import { Problem } from "./problem.ts";

test("idempotency key: a bare token and a structured string are the same key", () => {
  assert.equal(idempotencyKeyOf("8e03978e-40d5-43dd-bc93-6894a57f9324"), "8e03978e-40d5-43dd-bc93-6894a57f9324");
  assert.equal(idempotencyKeyOf('"8e03978e-40d5-43dd-bc93-6894a57f9324"'), "8e03978e-40d5-43dd-bc93-6894a57f9324");
  assert.equal(idempotencyKeyOf(String.raw`"a\"b\\c d"`), String.raw`a"b\c d`);
  assert.equal(idempotencyKeyOf("x".repeat(255)).length, 255);
});

test("idempotency key: what is neither is a problem", () => {
  for (const header of [
    "",
    " ",
    "a b",
    "ä",
    '"',
    '"a',
    '""',
    '"  "',
    String.raw`"a\n"`,
    "x".repeat(256),
    `"${"x".repeat(256)}"`,
    "a, b",
    "\u0007",
  ]) {
    assert.throws(
      () => idempotencyKeyOf(header),
      (error: unknown) => error instanceof Problem && error.status === 400,
      JSON.stringify(header),
    );
  }
});

test("fingerprint: the same JSON value has one text, whatever the order and the spelling of its members", () => {
  const one = JSON.parse('{"b":[1.0,{"y":null,"x":"\\u00e9"}],"a":-0}') as unknown;
  const other = JSON.parse('{ "a": 0, "b": [1, {"x":"é","y":null}] }') as unknown;
  assert.equal(canonicalJson(one), canonicalJson(other));
  assert.equal(canonicalJson(one), '{"a":0,"b":[1,{"x":"é","y":null}]}');
});

test("fingerprint: different JSON values have different texts", () => {
  const texts = ["null", '"null"', "[]", "{}", "[null]", '{"a":null}', "0", "false", '""', '{"__proto__":1}', "[[],[]]", "[[[]]]"];
  assert.equal(new Set(texts.map((text) => canonicalJson(JSON.parse(text)))).size, texts.length);
  assert.notEqual(canonicalJson(undefined), canonicalJson(null));
});
