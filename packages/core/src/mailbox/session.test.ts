import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../base/failure.ts";
import { type LogIdentity, Session, type Wanted } from "./session.ts";

const log = (service: string, logId = "a".repeat(32), timeline = 1): LogIdentity => ({ service, logId, timeline });
const name = fc.integer({ min: 0, max: 60 }).map((n) => `service-${n}`);
const sight = fc.tuple(name, fc.integer({ min: 0, max: 1_023 }), fc.integer({ min: -1, max: 2 ** 40 }));

const reaches = (wanted: Wanted | undefined, partition: number, offset: number): boolean =>
  wanted === "head" || (wanted?.get(partition) ?? 0) > offset;

test("session: a token waits for everything that was seen, whatever was seen, and is never longer than 1,024 characters (P1 to P3)", () => {
  fc.assert(
    fc.property(fc.array(sight, { maxLength: 300 }), (sights) => {
      const session = new Session();
      for (const [service, partition, offset] of sights) session.saw(log(service), partition, offset);
      assert(session.token.length <= 1_024, session.token);
      for (const read of [session, Session.parse(session.token)]) {
        for (const [service, partition, offset] of sights)
          if (offset >= 0) assert(reaches(read.wanted(log(service)), partition, offset), `${service} ${partition} ${offset}`);
      }
    }),
  );
});

test("session: few positions are kept exactly, and a service that was not seen is not waited for", () => {
  const session = new Session();
  session.saw(log("stock"), 3, 7);
  session.saw(log("stock"), 3, 5);
  session.saw(log("stock"), 0, 40);
  session.saw(log("orders"), 1, -1);
  assert.equal(session.token, "stock:aaaaaaaa.1:0=15,3=8");
  assert.deepEqual(
    Session.parse(session.token).wanted(log("stock")),
    new Map([
      [0, 41],
      [3, 8],
    ]),
  );
  assert.equal(session.wanted(log("orders")), undefined);
  assert.equal(new Session().token, "");
});

test("session: a service with more positions than fit waits for its head; so does everything, where services are too many", () => {
  const session = new Session();
  for (let p = 0; p < 100; p++) session.saw(log("stock"), p, 1_000_000 + p);
  session.saw(log("carts"), 1, 2);
  assert.equal(session.token, "stock:aaaaaaaa.1:*;carts:aaaaaaaa.1:1=3");
  for (let s = 0; s < 100; s++) session.saw(log(`s${s}`), 0, s);
  assert.equal(session.token, "*");
  assert.equal(Session.parse("*").wanted(log("anything")), "head");
});

test("session: merged ones have seen what each of them has", () => {
  const [a, b] = [new Session(), new Session()];
  a.saw(log("stock"), 0, 5);
  b.saw(log("stock"), 0, 3);
  b.saw(log("stock"), 1, 1);
  b.saw(log("carts"), 2, 0);
  a.merge(b);
  assert.equal(a.token, "stock:aaaaaaaa.1:0=6,1=2;carts:aaaaaaaa.1:2=1");
});

test("session: positions of another log under the same name are LOG_FORKED, never silently passed over", () => {
  const session = Session.parse("stock:aaaaaaaa.1:0=5");
  for (const other of [log("stock", "b".repeat(32)), log("stock", undefined, 2)])
    assert.throws(
      () => session.wanted(other),
      (error) => error instanceof Failure && error.code === "LOG_FORKED" && /stock/.test(error.message),
    );
});

test("session: a token that no session made is refused as INVALID_INPUT", () => {
  const hostile = [
    "stock",
    "stock:aaaaaaaa.1:",
    "stock:aaaaaaaa.1:0=5;",
    "stock:aaaaaaaa.1:0=5;stock:aaaaaaaa.1:1=5",
    "stock:aaaaaaaa.0:0=5",
    "Stock:aaaaaaaa.1:0=5",
    "stock:AAAAAAAA.1:0=5",
    "stock:aaaaaaaa.1:0=-5",
    "stock:aaaaaaaa.1:0=5,*",
    "**",
    `stock:aaaaaaaa.1:${Array.from({ length: 200 }, (_, p) => `${p}=zzzzz`).join(",")}`,
    "\u0000",
  ];
  for (const token of hostile)
    assert.throws(
      () => Session.parse(token),
      (error) => error instanceof Failure && error.code === "INVALID_INPUT",
      token.slice(0, 40),
    );
});
