// Requests and answers at the level of `fetch`, on a whole system in a virtual world. What needs sockets is in
// listener.os.test.ts; what a client relies on over HTTP in ../test/http-behaviour.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@atoll/core";
import { virtually, type Answered } from "../test/virtual-gateway.ts";
import { Desk, Stock } from "../test/trial-system.ts";
import { gateway } from "./gateway.ts";
import { route } from "./route.ts";

const problem = ({ status, json }: Answered): readonly unknown[] => [status, json["code"]];
const errors = ({ json }: Answered): unknown => json["errors"];

test("gateway: the body is the operation's input, the reply the answer, the default status that of its kind", () =>
  virtually(async ({ post, request }) => {
    const delivered = await post("/stock/tea/deliveries", { quantity: 2 });
    assert.deepEqual([delivered.status, delivered.text, delivered.headers.get("content-type")], [202, "", null]);
    const level = await request("GET", "/stock/tea");
    assert.deepEqual([level.status, level.json], [200, { sku: "tea", available: 2, note: null }]);
    assert.equal(level.headers.get("content-type"), "application/json");
    const reserved = await post("/stock/tea/reservations", { order: "o1", unknown: "ignored" });
    assert.deepEqual([reserved.status, reserved.json], [201, { left: 1 }]);
    const merged = await request("PUT", "/stock/tea", { headers: { "content-type": "application/json" }, body: '{"quantity":1}' });
    assert.deepEqual([merged.status, merged.text], [204, ""]);
  }));

test("gateway: a rejection is a 409 with its details, unless the route says otherwise", () =>
  virtually(async ({ post, request }) => {
    const soldOut = await post("/stock/tea/reservations", { order: "o1", qty: 3 });
    assert.deepEqual(problem(soldOut), [409, "REJECTED"]);
    assert.deepEqual([soldOut.json["rejection"], soldOut.json["details"]], ["SoldOut", { left: 0 }]);
    assert.equal(soldOut.headers.get("content-type"), "application/problem+json");
    const unknown = await request("GET", "/stock/unknown");
    assert.deepEqual([...problem(unknown), unknown.json["rejection"]], [404, "REJECTED", "UnknownSku"]);
    const declined = await post("/orders", { item: "http://elsewhere/catalogue/declined" });
    assert.deepEqual(
      [...problem(declined), declined.json["message"], "details" in declined.json],
      [406, "REJECTED", "payment declined", false],
    );
  }));

test("gateway: `from` makes the body from reply and request", () =>
  virtually(async ({ post }) => {
    const { status, json } = await post("http://shop.example:8080/orders", { item: "http://elsewhere/catalogue/tea" });
    assert.equal(status, 201);
    assert.match(String(json["id"]), /^[0-9a-f]{32}$/);
    assert.deepEqual(json["_links"], { self: { href: `http://shop.example:8080/orders/${String(json["id"])}` } });
  }));

test("gateway: invalid input is a 422 that points into the body", () =>
  virtually(async ({ post }) => {
    const wrong = await post("/stock/tea/reservations", { order: 1, qty: 0 });
    assert.deepEqual(problem(wrong), [422, "INVALID_INPUT"]);
    assert.deepEqual(
      (errors(wrong) as { pointer: string }[]).map(({ pointer }) => pointer),
      ["/order", "/qty"],
    );
    const own = await post("/orders", { item: "no url" });
    assert.deepEqual(
      (errors(own) as { pointer: string }[]).map(({ pointer }) => pointer),
      ["/item"],
    );
    assert.deepEqual(problem(await post("/stock/tea/deliveries", [])), [422, "INVALID_INPUT"]);
  }));

test("gateway: invalid query, path and mapped input point to where they come from", () =>
  virtually(async ({ request, post }) => {
    const pointers = (answered: Answered): unknown => (errors(answered) as { pointer: string }[]).map(({ pointer }) => pointer);
    assert.deepEqual(pointers(await request("GET", "/list?page=0&sizes=x")), ["#query/page", "#query/sizes/0"]);
    assert.deepEqual(pointers(await request("GET", "/stock/NO")), ["#path/sku"]);
    assert.deepEqual(pointers(await post("/stock/NO/deliveries", { quantity: 1 }, { "idempotency-key": "k" })), ["#path/sku"]);
    assert.deepEqual(problem(await request("GET", "/stock/NO")), [422, "INVALID_INPUT"]);
  }));

test("gateway: a query is read by its schema, with defaults applied", () =>
  virtually(async ({ request }) => {
    const { json } = await request("GET", "/list?tags=a%2Cb&page=2&sizes=3&deep=true&other=1");
    assert.deepEqual(json, { tags: "a,b", page: 2, sizes: [3], deep: true });
    assert.equal((await request("GET", "/list/size")).json["tags"], "size");
    assert.equal((await request("GET", "/list/x%2Fy")).json["tags"], "x/y");
  }));

test("gateway: a body that cannot be read is a 400", () =>
  virtually(async ({ request }) => {
    const send = (body: string | Uint8Array<ArrayBuffer>) =>
      request("POST", "/acts", { headers: { "content-type": "application/json" }, body });
    for (const body of [
      '{"mode":',
      "no",
      "{'mode':'done'}",
      '{"mode":"done"}}',
      "\u0000",
      new Uint8Array([0x22, 0xff, 0x22]),
      "[".repeat(100_000),
    ]) {
      assert.deepEqual(problem(await send(body)), [400, "MALFORMED"], String(body).slice(0, 20));
    }
    assert.deepEqual(problem(await send(`${"[".repeat(65)}${"]".repeat(65)}`)), [400, "MALFORMED"]);
    assert.deepEqual(problem(await send(`${"[".repeat(64)}${"]".repeat(64)}`)), [422, "INVALID_INPUT"]);
  }));

test("gateway: a missing body is a 422 that says so", () =>
  virtually(async ({ request }) => {
    for (const target of ["/acts", "/orders", "/stock/tea/deliveries"]) {
      const missing = await request("POST", target);
      assert.deepEqual(problem(missing), [422, "INVALID_INPUT"], target);
      assert.deepEqual(errors(missing), [{ pointer: "", detail: "expected a JSON body" }], target);
    }
  }));

test("gateway: a body where none is taken may be empty in every way, but may not say anything", () =>
  virtually(async ({ request }) => {
    const headers = { "content-type": "application/json" };
    assert.equal((await request("POST", "/carts/a/merge")).status, 202);
    assert.equal((await request("POST", "/carts/a/merge", { headers })).status, 202);
    assert.equal((await request("POST", "/carts/a/merge", { headers, body: "{}" })).status, 202);
    assert.deepEqual(problem(await request("POST", "/carts/a/merge", { headers, body: '{"a":1}' })), [422, "INVALID_INPUT"]);
    assert.deepEqual(problem(await request("POST", "/carts/a/merge", { body: "a=1" })), [415, "UNSUPPORTED_MEDIA_TYPE"]);
    assert.equal((await request("DELETE", "/carts/a", { headers })).status, 202);
    assert.equal((await request("DELETE", "/carts/a", { headers, body: "anything" })).status, 202);
    assert.equal((await request("DELETE", "/carts/a/items/1")).status, 204);
    assert.equal((await request("GET", "/stock/tea", { headers })).status, 200);
  }));

test("gateway: JSON in UTF-8 is taken under each of its names, nothing else is", () =>
  virtually(async ({ request }) => {
    const send = (type: string) => request("POST", "/stock/tea/deliveries", { headers: { "content-type": type }, body: '{"quantity":1}' });
    for (const type of [
      "application/json;charset=UTF-8",
      'APPLICATION/JSON; charset="utf-8"',
      "application/hal+json",
      "application/json; version=1",
    ]) {
      assert.equal((await send(type)).status, 202, type);
    }
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/json; charset=latin1",
      "application/jsonx",
      "multipart/form-data",
    ]) {
      assert.deepEqual(problem(await send(type)), [415, "UNSUPPORTED_MEDIA_TYPE"], type);
    }
    const zipped = await request("POST", "/acts", {
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: "{}",
    });
    assert.deepEqual(problem(zipped), [415, "UNSUPPORTED_MEDIA_TYPE"]);
  }));

test("gateway: a body above its bound is a 413, whether or not its length was announced", () =>
  virtually(
    async ({ post }) => {
      assert.equal((await post("/stock/tea/deliveries", { quantity: 1, pad: "x".repeat(60) })).status, 202);
      assert.deepEqual(problem(await post("/stock/tea/deliveries", { quantity: 1, pad: "x".repeat(100) })), [413, "BODY_TOO_LARGE"]);
      assert.deepEqual(problem(await post("/stock/tea/deliveries", { quantity: 1 }, { "content-length": "1000" })), [
        413,
        "BODY_TOO_LARGE",
      ]);
    },
    { limits: { bodyBytesMax: 100 } },
  ));

test("gateway: paths, methods, HEAD and OPTIONS", () =>
  virtually(async ({ request }) => {
    for (const path of ["/", "/nothing", "/stock", "/stock/", "/stock/tea/", "/stock/tea/deliveries/1", "/Stock/tea"]) {
      assert.deepEqual(problem(await request("GET", path)), [404, "NOT_FOUND"], path);
    }
    const other = await request("PATCH", "/stock/tea");
    assert.deepEqual([...problem(other), other.headers.get("allow")], [405, "METHOD_NOT_ALLOWED", "GET, PUT, HEAD, OPTIONS"]);
    const options = await request("OPTIONS", "/carts/a");
    assert.deepEqual([options.status, options.text, options.headers.get("allow")], [204, "", "DELETE, OPTIONS"]);
    const head = await request("HEAD", "/stock/tea");
    assert.deepEqual([head.status, head.text, head.headers.get("content-type")], [200, "", "application/json"]);
    assert.equal(head.headers.get("content-length"), String((await request("GET", "/stock/tea")).text.length));
    assert.deepEqual([(await request("HEAD", "/stock/unknown")).status, (await request("HEAD", "/acts")).status], [404, 405]);
  }));

test("gateway: bad percent-encoding is a 400 in path and query, and a long URL a 414", () =>
  virtually(async ({ request }) => {
    for (const target of ["/stock/%", "/stock/%C3", "/nowhere/%zz", "/list?tags=%", "/stock/tea?x=%ff"]) {
      assert.deepEqual(problem(await request("GET", target)), [400, "MALFORMED"], target);
    }
    assert.deepEqual(problem(await request("GET", `/stock/${"a".repeat(9_000)}`)), [414, "URL_TOO_LONG"]);
    assert.deepEqual(problem(await request("GET", `/stock/${"a".repeat(600)}`)), [422, "INVALID_INPUT"]);
  }));

test("gateway: members named like the prototype do no harm", () =>
  virtually(async ({ request }) => {
    const headers = { "content-type": "application/json" };
    const body = '{"__proto__":{"quantity":9},"__proto__":{"admin":true},"constructor":{"prototype":{"quantity":8}},"quantity":1}';
    assert.equal((await request("POST", "/stock/tea/deliveries", { headers, body })).status, 202);
    assert.equal((await request("GET", "/stock/tea")).json["available"], 1);
    assert.equal(({} as { admin?: boolean }).admin, undefined);
    assert.equal((await request("POST", "/stock/tea/deliveries", { headers, body: '{"__proto__":{"quantity":9}}' })).status, 422);
  }));

test("gateway: routes that could answer the same request, or take the gateway's own paths, are refused", () => {
  const level = (path: "GET /a/:id" | "GET /a/:sku") => route(path, Stock.level, { key: () => "k" });
  const invalid = (define: () => unknown): void =>
    assert.throws(define, (error: unknown) => error instanceof Failure && error.code === "INVALID_DEFINITION");
  invalid(() => gateway([level("GET /a/:id"), level("GET /a/:sku")]));
  for (const path of ["GET /health", "GET /metrics", "GET /openapi.json", "GET /docs"] as const)
    invalid(() => gateway([route(path, Desk.login, { input: () => ({ username: "", password: "" }) })]));
  invalid(() => gateway([], { limits: { bodyBytesMax: 0 } }));
  invalid(() => gateway([], { limits: { bodiesMax: 1 } as never }));
  invalid(() => route("GET /a", Stock.level, undefined as never));
  invalid(() => route("POST /a", Desk.drop, { reply: { status: 404 } }));
  invalid(() => route("POST /a", Desk.login, { rejects: { BadCredentials: { status: 500 } } }));
  invalid(() => route("POST /a", Desk.login, { rejects: { BadCredentials: { status: 404, accepted: true } } }));
  invalid(() => route("POST /a", Desk.login, { reply: { later: () => "/a" } } as never));
  invalid(() => route("POST /a", Desk.drop, { reply: { status: 202, later: () => "/a" } }));
  invalid(() => route("POST /a", Desk.drop, { consistency: "session" } as never));
});
