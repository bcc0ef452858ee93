import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { basic } from "./basic.ts";
import { Problem } from "./problem.ts";

const encoded = (pair: string | Uint8Array): string => Buffer.from(pair).toString("base64");
const read = (authorization: string) => basic(new Headers({ authorization }));
const refused = (error: unknown): boolean =>
  error instanceof Problem && error.status === 401 && error.headers["www-authenticate"] === 'Basic realm="atoll", charset="UTF-8"';

test("basic: the name ends at the first colon, the rest is the password, in UTF-8", () => {
  assert.deepEqual(read(`Basic ${encoded("user:password")}`), { username: "user", password: "password" });
  assert.deepEqual(read(`basic   ${encoded("Eve_Berger:a:b:ü 💧")}`), { username: "Eve_Berger", password: "a:b:ü 💧" });
  assert.deepEqual(read(`BASIC ${encoded(":")}`), { username: "", password: "" });
});

test("basic: whatever can be read comes back as it was", () =>
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (username, password) => {
      fc.pre(!username.includes(":") && !/\p{Cc}/u.test(username + password));
      assert.deepEqual(read(`Basic ${encoded(`${username}:${password}`)}`), { username, password });
    }),
  ));

test("basic: nothing, another scheme, and what nobody can read are a 401 that says what to send", () => {
  assert.throws(() => basic(new Headers()), refused);
  for (const header of [
    "",
    "Basic",
    "Basic ",
    "Bearer abc",
    "Digest username=x",
    `Basic${encoded("a:b")}`,
    `Basic ${encoded("no colon")}`,
    `Basic ${encoded("a:b")} x`,
    `Basic ${encoded("a:b")},Basic ${encoded("c:d")}`,
    "Basic ====",
    "Basic a",
    "Basic YTpi*",
    "Basic YTpi\u00e9",
    `Basic ${encoded(new Uint8Array([0x61, 0x3a, 0xff, 0xfe]))}`,
    `Basic ${encoded("a\u0000b:c")}`,
    `Basic ${encoded("a:b\r\nx: y")}`,
    `Basic ${encoded("a:b\u0085")}`,
    `Basic ${encoded("x".repeat(12_000))}`,
  ]) {
    assert.throws(() => read(header), refused, header.slice(0, 40));
  }
});
