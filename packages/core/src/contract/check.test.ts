import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import * as z from "zod";
import { Failure } from "../base/failure.ts";
import { checkOf, issuesMax } from "./check.ts";
import { contract } from "./contract.ts";
import type { Schema } from "./schema.ts";

/** A hand-written Standard Schema: hands back the very object it was given, as some libraries do. */
const handWritten: Schema = {
  "~standard": {
    version: 1,
    vendor: "hand",
    validate: (value) =>
      typeof value === "object" && value !== null && typeof (value as { readonly by?: unknown }).by === "number"
        ? { value: value as never }
        : { issues: [{ message: "`by` is missing", path: [{ key: "by" }] }] },
  },
};

const Shelf = contract("shelf", {
  version: 1,
  key: z.string(),
  commands: {
    put: {
      in: z.object({ by: z.int().positive(), note: z.string().default("none"), tags: z.array(z.string()).optional() }),
      out: z.object({ total: z.int() }),
      rejects: { Full: z.object({ room: z.int() }) },
    },
    hand: { in: handWritten },
    any: { in: z.any() },
    json: { in: z.json() },
    ping: {},
  },
});

function failureOf(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Failure, `not a Failure: ${String(error)}`);
    return error;
  }
  return assert.fail("it did not fail");
}

test("check: unknown members are ignored and defaults applied", () => {
  assert.deepEqual(Shelf.put.checks.input({ by: 2, color: "red" }), { by: 2, note: "none" });
});

test("check: a hand-written schema decides for itself what is unknown and what is a default", () => {
  const tolerant: Schema = {
    "~standard": {
      version: 1,
      vendor: "hand",
      validate: (value) => ({ value: { by: 1, ...(value as { readonly by?: number }), color: undefined } }),
    },
  };
  assert.deepEqual(checkOf(tolerant, "x")({ color: "red" }), { by: 1 });
});

test("check: what it returns is deeply frozen and never the caller's, also if the library hands back what it was given", () => {
  const given = { by: 1, nested: { list: [{ n: 1 }] } };
  for (const command of [Shelf.hand, Shelf.any, Shelf.json]) {
    const taken = command.checks.input(given) as typeof given;
    given.nested.list[0] = { n: 2 };
    assert.deepEqual(taken, { by: 1, nested: { list: [{ n: 1 }] } });
    assert.ok(Object.isFrozen(taken) && Object.isFrozen(taken.nested.list) && Object.isFrozen(taken.nested.list[0]));
    assert.ok(!Object.isFrozen(given) && !Object.isFrozen(given.nested), "the caller keeps the use of its own object");
    given.nested.list[0] = { n: 1 };
  }
});

test("check: any input either fits and is frozen, or is a Failure with pointers", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      try {
        assert.ok(Object.isFrozen(Shelf.put.checks.input(value)));
      } catch (error) {
        assert.ok(error instanceof Failure && error.code === "INVALID_INPUT" && error.issues.length > 0, String(error));
      }
    }),
  );
});

test("check: findings have RFC 6901 pointers, and the message quotes them", () => {
  const failure = failureOf(() => Shelf.put.checks.input({ by: "x", tags: ["a", 7] }));
  assert.equal(failure.code, "INVALID_INPUT");
  assert.equal(failure.at, "shelf.put");
  assert.deepEqual(
    failure.issues.map((issue) => issue.pointer),
    ["/by", "/tags/1"],
  );
  assert.match(failure.message, /\/by: .*number/);
  assert.equal(failureOf(() => Shelf.hand.checks.input({})).issues[0]?.pointer, "/by", "path segments that are objects");
  const strange = checkOf(z.object({ "a/b": z.object({ "~": z.string() }) }), "x");
  assert.equal(failureOf(() => strange({ "a/b": { "~": 1 } })).issues[0]?.pointer, "/a~1b/~0");
});

test("check: the findings of one value are bounded in number and length", () => {
  const { issues } = failureOf(() => checkOf(z.array(z.string()), "x")(new Array(5_000).fill(0)));
  assert.equal(issues.length, issuesMax + 1);
  assert.match(issues.at(-1)?.detail ?? "", /4950 more/);
  const wordy: Schema = { "~standard": { version: 1, vendor: "hand", validate: () => ({ issues: [{ message: "x".repeat(100_000) }] }) } };
  assert.ok((failureOf(() => checkOf(wordy, "x")(1)).issues[0]?.detail.length ?? 0) < 1_000);
});

test("check: an operation without `in` takes nothing but nothing", () => {
  assert.equal(Shelf.ping.checks.input(undefined), undefined);
  for (const given of [{}, null, 0, ""]) assert.equal(failureOf(() => Shelf.ping.checks.input(given)).code, "INVALID_INPUT");
  assert.equal(Shelf.ping.checks.reply(undefined), undefined);
  assert.equal(failureOf(() => Shelf.ping.checks.reply({ ok: true })).code, "INVALID_REPLY");
});

test("check: replies and rejections that break the promise are INVALID_REPLY, whose outcome is unknown", () => {
  assert.deepEqual(Shelf.put.checks.reply({ total: 3, internal: "secret" }), { total: 3 });
  assert.deepEqual(Shelf.put.checks.rejection("Full", { room: 0 }), { room: 0 });
  for (const act of [
    () => Shelf.put.checks.reply({ total: 1.5 }),
    () => Shelf.put.checks.reply(undefined),
    () => Shelf.put.checks.rejection("Full", { room: "none" }),
    () => Shelf.put.checks.rejection("Empty", {}),
    () => Shelf.put.checks.rejection("constructor", {}),
    () => Shelf.ping.checks.rejection("Full", {}),
  ]) {
    const failure = failureOf(act);
    assert.equal(failure.code, "INVALID_REPLY");
    assert.equal(failure.outcome, "unknown");
  }
  assert.match(failureOf(() => Shelf.put.checks.rejection("Empty", {})).message, /"Empty".*Full/);
});

test("check: a schema's output that is not JSON is refused", () => {
  const dated = z.string().transform((text) => new Date(text)) as unknown as Schema;
  assert.match(failureOf(() => checkOf(dated, "x")("2026-01-01")).message, /an instance of Date/);
  const deep = failureOf(() => Shelf.any.checks.input({ a: { b: () => 1 } }));
  assert.deepEqual(
    deep.issues.map((issue) => issue.pointer),
    ["/a/b"],
  );
});

test("check: a schema that answers with a promise is no definition, and its rejection ends nothing", () => {
  const late: Schema = { "~standard": { version: 1, vendor: "hand", validate: () => Promise.reject(new TypeError("unobserved")) } };
  const failure = failureOf(() => checkOf(late, "x.y")({}));
  assert.equal(failure.code, "INVALID_DEFINITION");
  assert.match(failure.message, /x\.y.*synchronously/);
  const refined = z.object({ a: z.string().refine(() => Promise.resolve(true)) });
  assert.equal(failureOf(() => checkOf(refined, "x.y")({ a: "b" })).code, "INVALID_DEFINITION");
  assert.equal(
    failureOf(() => checkOf(late, "x.y", "INVALID_REPLY")({})).code,
    "INVALID_REPLY",
    "of a reply nobody may say that nothing happened",
  );
});

test("check: a schema that throws is no definition, and its error is the cause", () => {
  const boom = new TypeError("boom");
  const throwing: Schema = {
    "~standard": {
      version: 1,
      vendor: "hand",
      validate: () => {
        throw boom;
      },
    },
  };
  const failure = failureOf(() => checkOf(throwing, "x")({}));
  assert.equal(failure.code, "INVALID_DEFINITION");
  assert.equal(failure.cause, boom);
});

test("check: a value that overflows a recursive schema is the value's fault", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 50_000; i++) deep = [deep];
  const failure = failureOf(() => Shelf.json.checks.input(deep));
  assert.equal(failure.code, "INVALID_INPUT");
  assert.match(failure.message, /nested deeper/);
  const cycle: unknown[] = [];
  cycle.push(cycle);
  assert.equal(failureOf(() => Shelf.json.checks.input(cycle)).code, "INVALID_INPUT");
});
