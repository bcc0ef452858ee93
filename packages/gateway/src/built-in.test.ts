// What every gateway answers by itself, and plain handlers beside the routes.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { HTTPException } from "hono/http-exception";
import type { ServiceHealth } from "@atoll/core/edge";
import { virtually } from "../test/virtual-gateway.ts";
import { Stock } from "../test/trial-system.ts";
import { healthAnswer } from "./built-in.ts";

test("health: names the services, and turns 503 when the gateway is closing", () =>
  virtually(async ({ request, booted }) => {
    const healthy = await request("GET", "/health");
    assert.deepEqual([healthy.status, healthy.json["status"]], [200, "ok"]);
    assert.deepEqual(
      healthy.json["services"],
      ["stock", "desk", "parcels", "gateway"].map((name) => ({ name, state: "running" })),
    );
    await booted.gateway?.close(0);
    const closing = await request("GET", "/health");
    assert.deepEqual([closing.status, closing.json["status"]], [503, "draining"]);
    const late = await request("GET", "/stock/tea");
    assert.deepEqual([late.status, late.json["code"], late.json["outcome"]], [503, "UNAVAILABLE", "not-delivered"]);
  }));

test("health: counts what waits for a person, always with the same members, and stays ok", () => {
  const calm = { name: "calm", state: "running" } as const;
  const read = { service: "busy", version: 1, state: "live", sources: [] } as const;
  const busy = {
    ...calm,
    name: "busy",
    sagas: { parked: 1, apologies: 3, overdue: 2 },
    quarantined: 4,
    deadLetters: 5,
    readModels: [
      { ...read, readModel: "one", parked: 6 },
      { ...read, readModel: "two", parked: 1 },
    ],
  } as const;
  const attention = (services: readonly ServiceHealth[]): unknown => {
    const { status, body } = healthAnswer(services, false);
    const document = JSON.parse(body ?? "") as { readonly status: string; readonly attention: object };
    assert.deepEqual([status, document.status], [200, "ok"]);
    return document.attention;
  };
  const none = { parkedSagas: 0, openApologies: 0, overdueApologies: 0, deadLetters: 0, quarantinedKeys: 0, parkedReadModelEntities: 0 };
  assert.deepEqual(attention([calm]), none);
  const all = { parkedSagas: 2, openApologies: 6, overdueApologies: 4, deadLetters: 10, quarantinedKeys: 8, parkedReadModelEntities: 14 };
  assert.deepEqual(attention([busy, calm, busy]), all);
});

test("close: waits for what was accepted, as long as it is allowed to", () =>
  virtually(async ({ post, booted, trial, pause, world }) => {
    const accepted = post("/acts", { mode: "wait", waitMs: 1_000 });
    await pause(100);
    const before = world.timeMs;
    await booted.gateway?.close(60_000);
    assert.deepEqual([(await accepted).status, trial.runs, world.timeMs - before < 2_000], [200, 1, true]);
  }));

test("metrics: requests are counted by template, never by what a client wrote", () =>
  virtually(async ({ request, post }) => {
    await request("GET", "/stock/tea");
    await request("GET", "/stock/mug");
    await request("GET", "/wp-login.php");
    await request("BREW", "/stock/tea");
    await post("/stock/tea/reservations", { order: "o" });
    const { text, headers } = await request("GET", "/metrics");
    assert.equal(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.match(text, /^atoll_http_requests_total\{method="GET",route="\/stock\/:sku",status="200"\} 2$/m);
    assert.match(text, /^atoll_http_requests_total\{method="POST",route="\/stock\/:sku\/reservations",status="409"\} 1$/m);
    assert.match(text, /^atoll_http_requests_total\{method="GET",route="unmatched",status="404"\} 1$/m);
    assert.match(text, /^atoll_http_requests_total\{method="other",route="unmatched",status="405"\} 1$/m);
    assert.match(text, /^atoll_http_request_duration_seconds_count\{method="GET",route="\/stock\/:sku"\} 2$/m);
    assert.match(text, /^atoll_http_requests_in_flight 0$/m);
    assert.doesNotMatch(text, /wp-login|BREW|mug/);
  }));

test("docs: the page needs no script and nothing from elsewhere, and its policy forbids both", () =>
  virtually(async ({ request }) => {
    const { status, headers, text } = await request("GET", "/docs");
    assert.deepEqual([status, headers.get("content-type")], [200, "text/html; charset=utf-8"]);
    assert.doesNotMatch(text, /<script|<img|<link|@import|url\(|(?:src|href)="(?:https?:)?\/\//);
    const style = /<style>([^]*?)<\/style>/.exec(text)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    assert.ok(headers.get("content-security-policy")?.includes(`default-src 'none'; style-src 'sha256-${hash}'`));
    for (const shown of ["/stock/{sku}/reservations", "SoldOut", "Idempotency-Key", "prefers-color-scheme"])
      assert.ok(text.includes(shown), shown);
    const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(target), `#${target} leads nowhere`);
  }));

test("plain handlers: answer what no route says, before the routes, with `at` to ask", () =>
  virtually(
    async ({ request, post }) => {
      const image = await request("GET", "/images/tea.svg");
      assert.deepEqual([image.status, image.text, image.headers.get("content-type")], [200, "<svg>tea.svg</svg>", "image/svg+xml"]);
      await post("/stock/tea/deliveries", { quantity: 4 });
      assert.equal((await request("GET", "/plain/tea")).text, "4");
      const { headers, status } = await request("GET", "/stock/tea");
      assert.deepEqual([status, headers.get("x-seen")], [200, "yes"], "middleware sees routes, too");
      assert.equal((await request("HEAD", "/stock/tea")).headers.get("content-length"), "39");
    },
    {
      http: (app, at) => {
        app.use("*", async (c, next) => {
          await next();
          c.res.headers.set("x-seen", "yes");
        });
        app.get("/images/:file", (c) => c.body(`<svg>${c.req.param("file")}</svg>`, 200, { "content-type": "image/svg+xml" }));
        app.get("/plain/:sku", async (c) => {
          const level = await at(Stock, c.req.param("sku")).level();
          return c.text(level.rejected ? "none" : String(level.reply.available));
        });
      },
    },
  ));

test("plain handlers: their errors are problem documents, and their paths know 404 and 405", () =>
  virtually(
    async ({ request }) => {
      const seen = async (method: string, target: string): Promise<unknown> => {
        const { status, json, headers } = await request(method, target, method === "POST" ? { body: "x".repeat(50) } : {});
        return [status, json["code"] ?? null, headers.get("allow")];
      };
      assert.deepEqual(await seen("GET", "/throws"), [500, "INTERNAL", null]);
      assert.deepEqual(await seen("GET", "/teapot"), [418, "REFUSED", null]);
      assert.deepEqual(await seen("GET", "/none"), [404, "NOT_FOUND", null]);
      assert.deepEqual(await seen("POST", "/throws"), [405, "METHOD_NOT_ALLOWED", "GET, HEAD, OPTIONS"]);
      assert.deepEqual(await seen("GET", "/throws/%zz"), [400, "MALFORMED", null]);
      assert.deepEqual(await seen("POST", "/upload"), [200, null, null]);
      const announced = await request("POST", "/upload", { headers: { "content-length": "101" }, body: "x".repeat(101) });
      assert.deepEqual([announced.status, announced.json["code"]], [413, "BODY_TOO_LARGE"]);
    },
    {
      limits: { bodyBytesMax: 100 },
      http: (app) => {
        app.get("/throws", () => {
          throw new TypeError("a secret");
        });
        app.get("/teapot", () => {
          throw new HTTPException(418, { message: "short and stout" });
        });
        app.post("/upload", async (c) => c.json((await c.req.text()).length));
      },
    },
  ));
