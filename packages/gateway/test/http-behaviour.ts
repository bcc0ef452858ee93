// What a client of the trial system relies on, over real HTTP, as one suite against a base URL: run directly, and through a
// proxy that validates every message against the OpenAPI document (prism.ts). The proxy refuses by itself what the document
// does not allow; such refusals are accepted in the place of ours, a contradiction between answer and document never is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedClient } from "./feed-client.ts";

export type Via = "direct" | "prism";

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly json: { readonly [member: string]: unknown };
  readonly text: string;
  /** The proxy did not let the request through. */
  readonly refusedByProxy: boolean;
}

/** Prism makes its validators when it first needs them, which took it half a minute on a busy machine. */
const withinMsBy: { readonly [V in Via]: number } = { direct: 20_000, prism: 120_000 };

const json = { "content-type": "application/json" };

export function httpBehaviour(base: () => string, via: Via): void {
  const withinMs = withinMsBy[via];
  let keys = 0;
  const freshKey = (): string => `${via}-${(keys += 1)}-${Date.now()}`;

  async function ask(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Answered> {
    const response = await fetch(base() + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(withinMs),
    });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "") && text !== "";
    const parsed = isJson ? (JSON.parse(text) as Answered["json"]) : {};
    const type = typeof parsed["type"] === "string" ? parsed["type"] : "";
    assert.doesNotMatch(type, /prism\/errors#(VIOLATIONS|UNKNOWN)/, `${method} ${path}: ${text}`);
    const refusedByProxy = type.includes("stoplight.io/prism") || (via === "prism" && "error" in parsed);
    return { status: response.status, headers: response.headers, json: parsed, text, refusedByProxy };
  }
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answered> =>
    ask("POST", path, JSON.stringify(body), { ...json, ...headers });

  function isProblem(answered: Answered, status: number, code: string): void {
    if (answered.refusedByProxy) {
      assert.ok(answered.status >= 400 && answered.status < 500, answered.text);
      return;
    }
    assert.deepEqual([answered.status, answered.json["code"]], [status, code], answered.text);
    assert.equal(answered.headers.get("content-type"), "application/problem+json");
    for (const member of ["type", "title", "detail"]) assert.equal(typeof answered.json[member], "string", answered.text);
    assert.equal(answered.json["status"], status);
  }

  const name = (rule: string): string => `http (${via}): ${rule}`;

  test(name("commands and queries answer with the status of their route"), async () => {
    assert.equal((await post("/stock/tea/deliveries", { quantity: 5 })).status, 202);
    const level = await ask("GET", "/stock/tea");
    assert.deepEqual([level.status, level.json["sku"], level.json["note"]], [200, "tea", null]);
    assert.ok((level.json["available"] as number) >= 5);
    const reserved = await post("/stock/tea/reservations", { order: freshKey() });
    assert.deepEqual([reserved.status, typeof reserved.json["left"]], [201, "number"]);
    assert.equal((await ask("PUT", "/stock/tea", '{"quantity":1}', json)).status, 204);
    assert.deepEqual([(await ask("DELETE", "/carts/a")).status, (await ask("DELETE", "/carts/a/items/b")).status], [202, 204]);
    assert.equal((await ask("DELETE", "/carts/a", undefined, json)).status, 202);
    assert.equal((await ask("POST", "/carts/a/merge")).status, 202);
  });

  test(name("queries of the URL are read by their schema"), async () => {
    const listed = await ask("GET", "/list?tags=a%2Cb&page=2&sizes=1&sizes=2&deep=true");
    assert.deepEqual([listed.status, listed.json], [200, { tags: "a,b", page: 2, sizes: [1, 2], deep: true }]);
    assert.equal((await ask("GET", "/list?tags=")).status, 200);
    assert.deepEqual([(await ask("GET", "/list/size")).json["tags"], (await ask("GET", "/list/other")).json["tags"]], ["size", "other"]);
    isProblem(await ask("GET", "/list?page=0"), 422, "INVALID_INPUT");
  });

  test(name("rejections come with the status of the route and their details"), async () => {
    const soldOut = await post("/stock/none/reservations", { order: "o", qty: 1 });
    isProblem(soldOut, 409, "REJECTED");
    assert.deepEqual([soldOut.json["rejection"], soldOut.json["details"]], ["SoldOut", { left: 0 }]);
    isProblem(await ask("GET", "/stock/unknown"), 404, "REJECTED");
    const declined = await post("/orders", { item: "http://catalogue/catalogue/declined" });
    isProblem(declined, 406, "REJECTED");
    assert.equal(declined.json["message"], "payment declined");
    isProblem(await post("/orders", { item: "http://catalogue/catalogue/odd" }), 409, "REJECTED");
    const order = freshKey();
    await post("/stock/tea/deliveries", { quantity: 5 });
    await post("/stock/tea/reservations", { order });
    isProblem(await post("/stock/tea/reservations", { order }), 422, "REJECTED");
  });

  test(name("what `from` makes has the declared form"), async () => {
    const placed = await post("/orders", { item: "http://catalogue/catalogue/tea" });
    assert.deepEqual([placed.status, typeof placed.json["run"]], [201, "number"]);
    const href = (placed.json["_links"] as { self: { href: string } }).self.href;
    assert.ok(href.endsWith(`/orders/${String(placed.json["id"])}`));
  });

  test(name("credentials are asked for, and checked"), async () => {
    isProblem(await ask("GET", "/login"), 401, "UNAUTHENTICATED");
    const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });
    isProblem(await ask("GET", "/login", undefined, basic("user:wrong")), 401, "REJECTED");
    assert.deepEqual((await ask("GET", "/login", undefined, basic("user:pass:wörd"))).json, { user: "u1" });
  });

  test(name("an Idempotency-Key gives one outcome, once"), async () => {
    const key = { "idempotency-key": freshKey() };
    const first = await post("/acts", { mode: "done" }, key);
    const second = await post("/acts", { mode: "done" }, { "idempotency-key": `"${key["idempotency-key"]}"` });
    assert.deepEqual([first.status, second.status, second.text], [200, 200, first.text]);
    assert.deepEqual([first.headers.get("idempotency-replayed"), second.headers.get("idempotency-replayed")], [null, "true"]);
    isProblem(await post("/acts", { mode: "wait" }, key), 422, "IDEMPOTENCY_KEY_REUSED");
    isProblem(await post("/acts", { mode: "done" }, { "idempotency-key": "two words" }), 400, "MALFORMED");
    const both = { "idempotency-key": freshKey() };
    const [one, other] = await Promise.all([
      post("/acts", { mode: "wait", waitMs: 100 }, both),
      post("/acts", { mode: "wait", waitMs: 100 }, both),
    ]);
    assert.deepEqual([one?.status, one?.text], [200, other?.text]);
  });

  test(name("failures say whether the request took effect"), async () => {
    const outcome = async (mode: string, status: number, code: string): Promise<unknown> => {
      const failed = await post("/acts", { mode, waitMs: 5_000 });
      isProblem(failed, status, code);
      return failed.json["outcome"];
    };
    assert.equal(await outcome("unavailable", 504, "UNKNOWN_OUTCOME"), "unknown");
    assert.equal(await outcome("wait", 504, "DEADLINE"), "unknown");
    assert.equal(await outcome("answer-wrong", 500, "INVALID_REPLY"), "unknown");
    assert.equal(typeof (await outcome("throw", 500, "DEFECT")), "string");
    isProblem(await ask("POST", "/secrets"), 403, "ACCESS_DENIED");
  });

  test(name("HEAD is answered like GET, without the body"), async () => {
    // Prism 5.14 lets HEAD through, as the document says, and then fails on its answer if that is JSON: it parses the body that
    // is not there. The rest of this holds for it as well.
    const jsonPaths = via === "direct" ? ["/stock/tea", "/list?page=2", "/health", "/openapi.json"] : [];
    for (const path of ["/images/tea.svg", "/docs", "/metrics", ...jsonPaths]) {
      const [head, get] = [await ask("HEAD", path), await ask("GET", path)];
      assert.deepEqual([head.status, head.text, head.headers.get("content-type")], [200, "", get.headers.get("content-type")], path);
    }
    if (via === "prism") return;
    assert.deepEqual([(await ask("HEAD", "/stock/unknown")).status, (await ask("HEAD", "/list?page=0")).status], [404, 422]);
  });

  test(
    name("what takes its time is a 202 with a location, where its outcome is seen, and its key then stands for the outcome"),
    async () => {
      const key = { "idempotency-key": freshKey() };
      const shipment = { mode: "done", waitMs: 300 };
      const accepted = await post("/shipments", shipment, { ...key, prefer: "respond-async" });
      assert.deepEqual(
        [accepted.status, accepted.headers.get("preference-applied"), accepted.json],
        [202, "respond-async", { status: "accepted", location: accepted.headers.get("location") }],
      );
      const done = await post("/shipments", shipment, key);
      assert.deepEqual([done.status, done.headers.get("idempotency-replayed")], [201, "true"]);
      assert.equal(done.headers.get("location"), accepted.headers.get("location"));
      assert.equal((await ask("GET", accepted.headers.get("location") ?? "")).json["available"], 1);
      const slow = await post("/shipments", { waitMs: 2_200 });
      assert.deepEqual([slow.status, slow.headers.get("preference-applied")], [202, null]);
      const quick = await post("/shipments", {});
      assert.deepEqual([quick.status, quick.headers.get("location")], [201, `/shipments/${String(quick.json["id"])}`]);
      isProblem(await post("/shipments", { mode: "refuse" }), 409, "REJECTED");
    },
  );

  // Prism waits for the end of an answer before it passes it on, and a feed has none.
  test(name("the messages of a topic come as events, and go on behind the last one seen"), { skip: via === "prism" }, async () => {
    const id = freshKey().toLowerCase();
    const listen = async (headers: Record<string, string> = {}): Promise<FeedClient> =>
      new FeedClient(await fetch(`${base()}/parcels/${id}/moves`, { headers }));
    await post(`/parcels/${id}/moves`, { stops: ["a", "b"] });
    const client = await listen();
    assert.equal(client.headers.get("content-type"), "text/event-stream");
    const [first, second] = await client.take(2);
    assert.deepEqual([first?.data, second?.data], [{ n: 1, to: "a" }, { n: 2, to: "b" }]); // prettier-ignore
    await client.leave();
    await post(`/parcels/${id}/moves`, { stops: ["c"] });
    const again = await listen({ "last-event-id": second?.id ?? "" });
    assert.deepEqual((await again.next())?.data, { n: 3, to: "c" });
    await again.leave();
    isProblem(await ask("GET", `/parcels/${id}/moves?from=nowhere`), 400, "MALFORMED");
  });

  test(name("what is wrong with a request is told as a problem"), async () => {
    const wrong = await post("/stock/tea/reservations", { order: 1, qty: 0 });
    isProblem(wrong, 422, "INVALID_INPUT");
    if (via === "direct")
      assert.deepEqual(
        (wrong.json["errors"] as { pointer: string }[]).map(({ pointer }) => pointer),
        ["/order", "/qty"],
      );
    isProblem(await ask("POST", "/acts", '{"mode":', json), 400, "MALFORMED");
    isProblem(
      await ask("POST", "/acts", "mode=done", { "content-type": "application/x-www-form-urlencoded" }),
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    );
    isProblem(await ask("POST", "/acts"), 422, "INVALID_INPUT");
    isProblem(await ask("GET", "/stock/NO"), 422, "INVALID_INPUT");
    if (via === "direct") isProblem(await ask("GET", "/stock/%zz"), 400, "MALFORMED"); // Prism 5.14 ends itself on it
    isProblem(await ask("GET", "/nowhere"), 404, "NOT_FOUND");
    isProblem(await ask("PATCH", "/stock/tea", "{}", json), 405, "METHOD_NOT_ALLOWED");
    isProblem(await ask("POST", "/mistakes", '{"url":"no url"}', json), 500, "INTERNAL");
  });

  test(name("a plain handler answers beside the routes"), async () => {
    const image = await ask("GET", "/images/tea.svg");
    assert.deepEqual([image.status, image.headers.get("content-type"), image.text], [200, "image/svg+xml", "<svg/>"]);
    isProblem(await ask("GET", "/images/missing"), 404, "REFUSED");
  });

  test(name("the gateway's own pages"), async () => {
    const health = await ask("GET", "/health");
    assert.deepEqual([health.status, health.json["status"]], [200, "ok"]);
    assert.match((await ask("GET", "/metrics")).text, /^atoll_http_requests_total\{/m);
    assert.equal((await ask("GET", "/openapi.json")).json["openapi"], "3.1.0");
    assert.match((await ask("GET", "/docs")).text, /^<!doctype html>/);
  });
}
