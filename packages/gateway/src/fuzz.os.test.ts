// Untrusted input, generated: whatever arrives is answered below 500 or not at all, and the next client is served.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import * as fc from "fast-check";
import { RawClient } from "../test/raw-client.ts";
import { serveTrial, trialKinds, type TrialServer } from "../test/trial-server.ts";

for (const [kind, how] of trialKinds)
  suite(kind, () => {
    let server: TrialServer;
    before(async () => {
      server = await serveTrial(how);
    });
    after(() => server.stop());

    const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
    const noise = fc.string({ unit: "binary", maxLength: 30 });
    const path = fc.oneof(
      oneOf(
        "/stock/tea",
        "/stock/tea/deliveries",
        "/list?page=2",
        "/orders",
        "/carts/a/merge",
        "/login",
        "/health",
        "*",
        "/",
        "//",
        "/%",
        "/%00",
        "/..",
        "?",
        "http://x",
        "http:///",
      ),
      fc.string({ maxLength: 40 }).map((text) => `/${text}`),
      noise,
    );
    const header = fc.oneof(
      oneOf(
        "content-type: application/json",
        "content-type:",
        "content-length: 5",
        "content-length: x",
        "transfer-encoding: chunked",
        "transfer-encoding: x",
      ),
      oneOf(
        "idempotency-key: k",
        'idempotency-key: "',
        "authorization: Basic =",
        "expect: 100-continue",
        "connection: upgrade",
        "upgrade: websocket",
        ": x",
        "a",
      ),
      fc.tuple(fc.string({ maxLength: 10 }), noise).map(([name, value]) => `${name}: ${value}`),
    );
    const request = fc
      .record({
        method: fc.oneof(oneOf("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"), fc.string({ maxLength: 8 })),
        path,
        version: fc.oneof({ weight: 9, arbitrary: oneOf("HTTP/1.1") }, { weight: 1, arbitrary: oneOf("HTTP/1.0", "HTTP/2.0", "") }),
        headers: fc.array(header, { maxLength: 5 }),
        host: fc.oneof({ weight: 9, arbitrary: oneOf("host: trial") }, { weight: 1, arbitrary: noise.map((text) => `host: ${text}`) }),
        body: fc.oneof(fc.json({ maxDepth: 3 }), noise, oneOf("", '5\r\n{"a":\r\n0\r\n\r\n')),
      })
      .map(
        ({ method, path: target, version, headers, host, body }) =>
          `${method} ${target} ${version}\r\n${[host, ...headers].join("\r\n")}\r\n\r\n${body}`,
      );

    test("fuzz: whatever bytes arrive, no answer is a 5xx and the server goes on", async () => {
      let answered = 0;
      await fc.assert(
        fc.asyncProperty(request, async (text) => {
          using client = await RawClient.open(server.port);
          client.send(text).socket.end();
          for (let answer = await client.answer(); answer; answer = await client.answer()) {
            answered += 1;
            assert.ok(answer.status < 500, `${answer.status} ${answer.body}`);
            if (answer.status >= 400 && answer.body !== "") assert.equal(answer.headers["content-type"], "application/problem+json");
          }
        }),
        { numRuns: 400 },
      );
      assert.ok(answered > 100, `only ${answered} were answered at all`);
      assert.equal((await fetch(`${server.url}/health`)).status, 200);
    });

    test("fuzz: whatever JSON and query arrive at a route, the answer is its own or a 4xx", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.json({ maxDepth: 5 }),
          fc.webQueryParameters(),
          oneOf("/stock/tea/deliveries", "/stock/tea/reservations", "/orders"),
          async (body, query, route) => {
            const init = { method: "POST", headers: { "content-type": "application/json" }, body };
            const posted = await fetch(`${server.url}${route}`, init);
            const listed = await fetch(`${server.url}/list?${query}`);
            assert.ok(
              posted.status < 500 && listed.status < 500,
              `${posted.status} ${await posted.text()} ${listed.status} ${await listed.text()}`,
            );
          },
        ),
        { numRuns: 150 },
      );
    });
  });
