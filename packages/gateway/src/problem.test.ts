import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, failures, type FailureCode } from "@atoll/core";
import { virtually } from "../test/virtual-gateway.ts";
import { failureStatus, problemAnswer, problemOf, Problem, problems } from "./problem.ts";

const documentOf = (error: unknown): { readonly [member: string]: unknown } =>
  JSON.parse(problemAnswer(problemOf(error)).body ?? "") as never;
const codes = Object.keys(failures) as FailureCode[];

test("problems: every failure has a status, and a document with all that RFC 9457 and the clients need", () => {
  for (const code of codes) {
    const { status, headers, body } = problemAnswer(problemOf(new Failure(code, { what: "a secret at /var/lib", at: "x/y.z" })));
    const document = JSON.parse(body ?? "") as { readonly [member: string]: unknown };
    assert.deepEqual([document["status"], document["code"], document["title"]], [status, code, failures[code].title]);
    assert.equal(document["type"], `urn:atoll:problem:${code.toLowerCase().replaceAll("_", "-")}`);
    assert.equal(typeof document["detail"], "string");
    assert.equal(headers["content-type"], "application/problem+json");
  }
});

test("problems: a 503 certainly had no effect and asks to wait, a 504 may have had one, a 500 says which", () => {
  for (const code of codes) {
    const problem = problemOf(new Failure(code, { what: "w" }));
    const { outcome } = failures[code];
    if (failureStatus[code] === 503) assert.deepEqual([outcome, problem.headers["retry-after"]], ["not-delivered", "1"], code);
    if (failureStatus[code] === 504) assert.equal(outcome, "unknown", code);
    assert.equal(problem.members["outcome"], failureStatus[code] >= 500 ? outcome : undefined, code);
    if (outcome === "unknown") assert.ok(failureStatus[code] >= 500, `${code} must not look like the client's mistake`);
  }
});

test("problems: nothing of the inside is told", () => {
  const secret = "a secret at /var/lib";
  for (const error of [
    ...codes.map((code) => new Failure(code, { what: secret, at: secret, cause: new TypeError(secret) })),
    new TypeError(secret),
    secret,
  ]) {
    assert.doesNotMatch(JSON.stringify(documentOf(error)), /secret/);
  }
  assert.deepEqual([documentOf(new TypeError(secret))["status"], documentOf(undefined)["code"]], [500, "INTERNAL"]);
});

test("problems: members cannot replace what identifies the problem", () => {
  const members = { status: 200, code: "OK", type: "x", detail: "own", status_code: 500 };
  const document = documentOf(new Problem("NOT_FOUND", { detail: "d", members }));
  assert.deepEqual([document["status"], document["code"], document["detail"], document["status_code"]], [404, "NOT_FOUND", "own", 500]);
  assert.equal(document["type"], "urn:atoll:problem:not-found");
});

test("problems: no code of the edge's own is one of the system's", () => {
  for (const code of Object.keys(problems)) assert.equal(Object.hasOwn(failures, code), false, code);
});

test("problems: a handler that throws is a 500, and its cause is only in the log", () =>
  virtually(async ({ post, world }) => {
    const { status, json, text } = await post("/acts", { mode: "throw" });
    assert.deepEqual([status, json["code"], json["outcome"]], [500, "DEFECT", "not-delivered"]);
    assert.doesNotMatch(text, /secret/);
    assert.match(world.trace.last(200), /gateway\.request_failed/);
  }));

test("problems: each way to fail has its status", () =>
  virtually(async ({ post, request }) => {
    const seen = async (asked: ReturnType<typeof post>): Promise<unknown> => {
      const { status, json, headers } = await asked;
      return [status, json["code"], json["outcome"] ?? null, headers.get("retry-after")];
    };
    assert.deepEqual(await seen(post("/acts", { mode: "answer-wrong" })), [500, "INVALID_REPLY", "unknown", null]);
    assert.deepEqual(await seen(post("/acts", { mode: "wait", waitMs: 9_000 })), [504, "DEADLINE", "unknown", null]);
    assert.deepEqual(await seen(post("/secrets", undefined)), [403, "ACCESS_DENIED", null, null]);
    assert.deepEqual(await seen(post("/mistakes", { url: "no url" })), [500, "INTERNAL", "unknown", null]);
    assert.deepEqual(await seen(request("GET", "/login")), [401, "UNAUTHENTICATED", null, null]);
  }));

test("problems: what is too much is refused at once", () =>
  virtually(
    async ({ post, pause }) => {
      const first = post("/acts", { mode: "wait", waitMs: 2_000 });
      await pause(500);
      const second = await post("/acts", { mode: "done" });
      assert.deepEqual([(await first).status, second.status, second.json["code"]], [200, 503, "OVERLOADED"]);
      assert.deepEqual([second.headers.get("retry-after"), second.json["outcome"]], ["1", "not-delivered"]);
      assert.equal((await post("/acts", { mode: "done" })).status, 200);
    },
    { limits: { requestsInFlightMax: 1 } },
  ));

test("basic: credentials are UTF-8 after the first colon; without any the client is asked for them", () =>
  virtually(async ({ request }) => {
    const login = (authorization?: string) => request("GET", "/login", authorization === undefined ? {} : { headers: { authorization } });
    const encoded = (pair: string): string => `Basic ${Buffer.from(pair).toString("base64")}`;
    assert.deepEqual((await login(encoded("user:pass:wörd"))).json, { user: "u1" });
    const wrong = await login(encoded("user:nope"));
    assert.deepEqual([wrong.status, wrong.json["rejection"]], [401, "BadCredentials"]);
    for (const unusable of [undefined, "Basic", "Basic %%%", "Bearer abc", encoded("no colon"), "Basic /w=="]) {
      const { status, json, headers } = await login(unusable);
      assert.deepEqual(
        [status, json["code"], headers.get("www-authenticate")],
        [401, "UNAUTHENTICATED", 'Basic realm="atoll", charset="UTF-8"'],
      );
    }
  }));
