// What hostile, broken and slow clients get, over real sockets: a problem document or a closed connection, never a 500,
// never nothing.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Failure } from "@atoll/core";
import { start } from "@atoll/core/system";
import { RawClient, requestText, type RawAnswer } from "../test/raw-client.ts";
import { serveTrial, trialKinds, type TrialServer } from "../test/trial-server.ts";
import { trialSystem } from "../test/trial-system.ts";

for (const [kind, how] of trialKinds)
  suite(kind, () => {
    let server: TrialServer;
    before(async () => {
      server = await serveTrial(how);
    });
    after(() => server.stop());

    const seen = (answer: RawAnswer | undefined): unknown => answer && [answer.status, answer.json["code"], answer.headers["content-type"]];
    const problem = (status: number, code: string): unknown => [status, code, "application/problem+json"];
    /** A fresh connection that sends `text` and takes one answer. */
    async function once(text: string, port = server.port): Promise<RawAnswer | undefined> {
      using client = await RawClient.open(port);
      return await client.send(text).answer(); // awaited here, or the client would be closed at once
    }
    const act = requestText("POST /acts", {}, '{"mode":"done"}');
    const serves = async (): Promise<void> => assert.equal((await once(requestText("GET /list/size")))?.status, 200);

    test("listener: what is not HTTP is a 400 and the connection is closed", async () => {
      for (const text of [
        "hello\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "BREW / HTTP/1.1\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n",
      ]) {
        using client = await RawClient.open(server.port);
        const answer = await client.send(text).answer();
        assert.deepEqual([seen(answer), answer?.headers["connection"]], [problem(400, "MALFORMED"), "close"], JSON.stringify(text));
        await client.closed();
      }
    });

    test("listener: framing that two servers could read differently is refused", async () => {
      const body = '{"mode":"done"}';
      for (const headers of [
        { "content-length": "15", "transfer-encoding": "chunked" },
        { "transfer-encoding": "chunked, identity" },
        { "content-length": "15\r\ncontent-length: 16" },
        { "content-length": "-1" },
        { "content-length": "1e1" },
      ]) {
        assert.deepEqual(seen(await once(requestText("POST /acts", headers, body))), problem(400, "MALFORMED"), JSON.stringify(headers));
      }
    });

    test("listener: a request without a host, or with one that is none, is a 400", async () => {
      assert.deepEqual(seen(await once("GET /list/size HTTP/1.1\r\n\r\n")), problem(400, "MALFORMED"));
      assert.deepEqual(seen(await once(requestText("GET /list/size", { host: "a b" }))), problem(400, "MALFORMED"));
      assert.deepEqual(seen(await once(requestText("GET /list/size", { host: "a/b@c" }))), problem(400, "MALFORMED"));
      assert.deepEqual(seen(await once(requestText("GET /list\\size"))), problem(400, "MALFORMED"));
    });

    test("listener: headers above their bound are a 431, a long URL is a 414", async () => {
      assert.deepEqual(seen(await once(requestText("GET /list/size", { "x-pad": "x".repeat(17_000) }))), problem(431, "HEADERS_TOO_LARGE"));
      assert.deepEqual(
        seen(await once(requestText("GET /list/size", { "x-pad": "x".repeat(2_000_000) }))),
        problem(431, "HEADERS_TOO_LARGE"),
      );
      assert.deepEqual(seen(await once(requestText(`GET /list/${"x".repeat(9_000)}`))), problem(414, "URL_TOO_LONG"));
      assert.deepEqual(seen(await once(requestText(`GET /list/${"x".repeat(100_000)}`))), problem(431, "HEADERS_TOO_LARGE"));
      assert.equal((await once(requestText("GET /list/size", { "x-pad": "x".repeat(15_000) })))?.status, 200);
    });

    test("listener: a body of 10 MB is a 413, announced or in chunks", async () => {
      const megabytes = "x".repeat(10_000_000);
      assert.deepEqual(seen(await once(requestText("POST /acts", {}, megabytes))), problem(413, "BODY_TOO_LARGE"));
      const chunk = `${(100_000).toString(16)}\r\n${"x".repeat(100_000)}\r\n`;
      const chunked = requestText("POST /acts", { "content-type": "application/json", "transfer-encoding": "chunked" });
      assert.deepEqual(seen(await once(`${chunked}${chunk.repeat(100)}0\r\n\r\n`)), problem(413, "BODY_TOO_LARGE"));
      assert.deepEqual(seen(await once(requestText("POST /nowhere", {}, megabytes))), problem(413, "BODY_TOO_LARGE"));
      await serves();
    });

    test("listener: TRACE with a body is refused, not failed on", async () => {
      const answer = await once(`${requestText("TRACE /stock/tea", { "transfer-encoding": "chunked" })}5\r\n{"a":\r\n0\r\n\r\n`);
      assert.deepEqual(seen(answer), kind === "routes only" ? problem(405, "METHOD_NOT_ALLOWED") : problem(400, "MALFORMED"));
    });

    test("listener: a chunked body within the bound is read", async () => {
      const chunked = requestText("POST /acts", { "content-type": "application/json", "transfer-encoding": "chunked" });
      assert.equal((await once(`${chunked}8\r\n{"mode":\r\n7\r\n"done"}\r\n0\r\n\r\n`))?.status, 200);
      assert.deepEqual(seen(await once(`${chunked}zz\r\n`)), problem(400, "MALFORMED"));
    });

    test("listener: a client that asks first is told 413 before it sends, and 100 if its body is welcome", async () => {
      const expect = { expect: "100-continue", "content-type": "application/json" };
      assert.deepEqual(
        seen(await once(requestText("POST /acts", { ...expect, "content-length": "10000000" }))),
        problem(413, "BODY_TOO_LARGE"),
      );
      using client = await RawClient.open(server.port);
      assert.equal((await client.send(requestText("POST /acts", { ...expect, "content-length": "15" })).answer())?.status, 100);
      assert.equal((await client.send('{"mode":"done"}').answer())?.status, 200);
      assert.deepEqual(seen(await once(requestText("POST /acts", { expect: "tea" }))), problem(417, "EXPECTATION_FAILED"));
    });

    test("listener: pipelined requests are answered in their order", async () => {
      using client = await RawClient.open(server.port);
      client.send(
        requestText("POST /acts", {}, '{"mode":"wait","waitMs":50}') + requestText("GET /list/size") + requestText("GET /nowhere") + act,
      );
      const statuses: (number | undefined)[] = [];
      for (let i = 0; i < 4; i++) statuses.push((await client.answer())?.status);
      assert.deepEqual(statuses, [200, 200, 404, 200]);
    });

    test("listener: what is wrong behind a request in progress is not taken for its answer", async () => {
      using client = await RawClient.open(server.port);
      assert.equal(await client.send(`${requestText("POST /acts", {}, '{"mode":"wait","waitMs":200}')}garbage\r\n\r\n`).closed(), "");
      await serves();
    });

    test("listener: a request in absolute form is answered like any other, for its own host", async () => {
      assert.equal((await once(requestText("GET http://catalogue/list/size", { host: "proxy" })))?.status, 200);
      const placed = await once(
        requestText("POST http://orders:8080/orders", { host: "proxy" }, '{"item":"http://catalogue/catalogue/tea"}'),
      );
      assert.match(JSON.stringify(placed?.json["_links"]), /"http:\/\/orders:8080\/orders\//);
    });

    test("listener: in absolute form the target's host counts, and what is no target is a 400", async () => {
      const placed = await once(requestText("POST http://orders/orders", { host: "carts" }, '{"item":"http://catalogue/catalogue/tea"}'));
      assert.match(JSON.stringify(placed?.json["_links"]), /"http:\/\/orders\/orders\//);
      for (const target of ["http://catalogue/list/../list/size", "http://[::1]:80/list/size", "http://catalogue/list/size#part"])
        assert.equal((await once(requestText(`GET ${target}`)))?.status, 200, target);
      for (const target of [
        "http://user:pass@catalogue/list/size",
        "http://shop@elsewhere/list/size",
        "http://catalogue:99999/list/size",
        "http://[::1/list/size",
        "http://%zz/list/size",
        "http://a b/list/size",
        "http://cata\\logue/list/size",
        "http:list/size",
        "ftp://catalogue/list/size",
        "list/size",
        "*",
      ]) {
        assert.deepEqual(seen(await once(requestText(`GET ${target}`))), problem(400, "MALFORMED"), target);
      }
      assert.deepEqual(seen(await once(requestText("GET //elsewhere/list/size"))), problem(404, "NOT_FOUND"));
    });

    test("listener: a request has one Host header, in absolute form as well", async () => {
      assert.deepEqual(seen(await once("GET /list/size HTTP/1.1\r\nhost: a\r\nHOST: b\r\n\r\n")), problem(400, "MALFORMED"));
      assert.deepEqual(seen(await once("GET http://a/list/size HTTP/1.1\r\n\r\n")), problem(400, "MALFORMED"));
    });

    test("listener: it is no tunnel: CONNECT is refused and the connection closed", async () => {
      for (const target of ["catalogue:443", "catalogue", "http://catalogue/list/size", "[::1]:443", ":0"]) {
        using client = await RawClient.open(server.port);
        const answer = await client.send(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`).answer();
        assert.ok(answer?.status === 405 || answer?.status === 400, `${target}: ${String(answer?.status)}`);
        if (target === "catalogue:443") {
          assert.deepEqual(seen(answer), problem(405, "METHOD_NOT_ALLOWED"));
          assert.deepEqual(
            [answer.headers["allow"], answer.headers["connection"]],
            ["GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", "close"],
          );
        }
        client.send(requestText("GET /list/size"));
        assert.equal(await client.closed(), "");
      }
    });

    test("listener: headers for the next hop only mean nothing behind it, and no protocol is switched to", async () => {
      using client = await RawClient.open(server.port);
      for (const headers of [
        { "proxy-connection": "keep-alive", "proxy-authorization": "Basic eDp5", te: "trailers", trailer: "x" },
        { connection: "keep-alive, x-private", "x-private": "1", "keep-alive": "timeout=5" },
        { connection: "upgrade", upgrade: "websocket", "sec-websocket-key": "x", "sec-websocket-version": "13" },
        { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABk" },
      ]) {
        const answer = await client.send(requestText("GET http://catalogue/list/size", headers)).answer();
        assert.deepEqual([answer?.status, answer?.headers["upgrade"], answer?.headers["proxy-connection"]], [200, undefined, undefined]);
      }
      assert.equal((await client.send(requestText("GET /list/size", { connection: "x, close" })).answer())?.headers["connection"], "close");
      assert.equal(await client.closed(), "");
    });

    test("listener: methods that no route knows are a 405, and OPTIONS may ask for the server as a whole", async () => {
      for (const method of ["TRACE", "PROPFIND", "PURGE"])
        assert.deepEqual(seen(await once(requestText(`${method} /list/size`))), problem(405, "METHOD_NOT_ALLOWED"), method);
      const options = await once(requestText("OPTIONS *"));
      assert.deepEqual([options?.status, options?.headers["allow"]], [204, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]);
    });

    test("listener: clients that go away in the middle of anything leave the others in peace", async () => {
      for (const text of [
        "",
        "GET /li",
        requestText("POST /acts", { "content-length": "100" }, '{"mode"'),
        act,
        requestText("GET /list/size"),
      ]) {
        const client = await RawClient.open(server.port);
        client.send(text).socket.resetAndDestroy();
      }
      const waiting = await RawClient.open(server.port);
      const runs = server.trial.runs;
      waiting.send(requestText("POST /acts", {}, '{"mode":"wait","waitMs":300}'));
      while (server.trial.runs === runs) await serves();
      waiting.socket.resetAndDestroy();
      await serves();
    });

    test("listener: 2,000 connections, idle or in the middle of a request, do not disturb the others", async () => {
      const clients: RawClient[] = [];
      for (let i = 0; i < 2_000; i += 100)
        clients.push(...(await Promise.all(Array.from({ length: 100 }, () => RawClient.open(server.port)))));
      clients.forEach((client, i) => {
        if (i % 3 === 1) client.send("GET /list/si");
        if (i % 3 === 2) client.send(requestText("POST /acts", { "content-length": "100" }, '{"mode"'));
      });
      await serves();
      assert.equal((await once(act))?.status, 200);
      const open = /^atoll_http_connections (\d+)$/m.exec((await once(requestText("GET /metrics")))?.body ?? "")?.[1];
      assert.ok(Number(open) > 2_000, open);
      const finished = await Promise.all(
        clients.filter((_, i) => i % 3 === 0).map((client) => client.send(requestText("GET /list/size")).answer()),
      );
      assert.ok(finished.every((answer) => answer?.status === 200));
      for (const client of clients) client[Symbol.dispose]();
    });

    test("listener: connections above their bound are closed, the others go on", async () => {
      await using small = await serveTrial({ limits: { connectionsMax: 2 } });
      using first = await RawClient.open(small.port);
      using second = await RawClient.open(small.port);
      assert.equal((await first.send(requestText("GET /list/size")).answer())?.status, 200);
      assert.equal((await second.send(requestText("GET /list/size")).answer())?.status, 200);
      using third = await RawClient.open(small.port);
      assert.equal(await third.closed(), "");
      assert.equal((await first.send(requestText("GET /list/size")).answer())?.status, 200);
    });

    test("listener: headers and bodies that do not arrive in time are a 408", async () => {
      await using impatient = await serveTrial({ limits: { headersWithinMs: 200, requestWithinMs: 400 } });
      const texts = ["", "GET /list/si", requestText("POST /acts", { "content-length": "100" }, '{"mode"')];
      const clients = await Promise.all(texts.map(async (text) => (await RawClient.open(impatient.port)).send(text)));
      for (const client of clients) {
        assert.deepEqual(seen(await client.answer()), problem(408, "REQUEST_TIMEOUT"));
        await client.closed();
      }
    });

    test("listener: bodies that arrive together are bounded together", async () => {
      await using tight = await serveTrial({ limits: { bodiesBytesMax: 100 } });
      using slow = await RawClient.open(tight.port);
      using other = await RawClient.open(tight.port);
      slow.send(requestText("POST /acts", { "content-length": "90" }, `{"mode":"done"${" ".repeat(66)}`));
      const gauge = async (): Promise<string | undefined> =>
        /^atoll_http_body_bytes (\d+)$/m.exec(await (await fetch(`${tight.url}/metrics`)).text())?.[1];
      while ((await gauge()) !== "80") continue;
      const refused = await other.send(requestText("POST /acts", {}, `{"mode":"done"}${" ".repeat(15)}`)).answer();
      assert.deepEqual([seen(refused), refused?.headers["retry-after"]], [problem(503, "OVERLOADED"), "1"]);
      assert.equal((await slow.send(`}${" ".repeat(9)}`).answer())?.status, 200);
      assert.equal(await gauge(), "0");
    });

    test("listener: a taken port is said so, with its number", async () => {
      const data = mkdtempSync(join(tmpdir(), "atoll-gateway-"));
      const taken = start(trialSystem(server.trial), { port: server.port, data, logger: { log: () => undefined } });
      await assert.rejects(
        taken,
        (error: unknown) => error instanceof Failure && error.code === "PORT_TAKEN" && error.message.includes(String(server.port)),
      );
      rmSync(data, { recursive: true, force: true });
    });

    test("listener: closing answers what was accepted, and ends every connection", async () => {
      const closing = await serveTrial();
      using idle = await RawClient.open(closing.port);
      assert.equal((await idle.send(requestText("GET /list/size")).answer())?.status, 200);
      using busy = await RawClient.open(closing.port);
      busy.send(requestText("POST /acts", {}, '{"mode":"wait","waitMs":300}'));
      while (closing.trial.runs === 0) await fetch(`${closing.url}/health`);
      const stopped = closing.stop(10_000);
      assert.equal(await idle.closed(), "");
      assert.equal((await busy.answer())?.status, 200);
      assert.equal(await busy.closed(), "");
      await stopped;
      await assert.rejects(RawClient.open(closing.port));
    });

    test("listener: what is not answered when the grace ends is cut off", async () => {
      const closing = await serveTrial();
      using busy = await RawClient.open(closing.port);
      busy.send(requestText("POST /acts", {}, '{"mode":"wait","waitMs":1900}'));
      while (closing.trial.runs === 0) await fetch(`${closing.url}/health`);
      const stopped = closing.stop(50);
      assert.equal(await busy.closed(), "");
      await stopped;
    });

    test("listener: a client that does not read its answer is closed", async () => {
      await using strict = await serveTrial({
        limits: { stalledMs: 100, answerWithinMs: 100 },
        http: (app) => app.get("/large", (c) => c.body("x".repeat(50_000_000))),
      });
      using client = await RawClient.open(strict.port);
      client.socket.pause();
      client.send(requestText("GET /large"));
      const connections = async (): Promise<string | undefined> =>
        /^atoll_http_connections (\d+)$/m.exec((await once(requestText("GET /metrics"), strict.port))?.body ?? "")?.[1];
      while ((await connections()) !== "2") continue;
      while ((await connections()) !== "1") continue;
    });
  });
