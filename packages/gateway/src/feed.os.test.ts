// Feeds over real sockets: what clients that leave, do not read, or speak old HTTP do to the server, and what it does to them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedClient } from "../test/feed-client.ts";
import { RawClient, requestText } from "../test/raw-client.ts";
import { serveTrial, type TrialServer } from "../test/trial-server.ts";

const travel = (server: TrialServer, id: string, stops: readonly string[]): Promise<Response> =>
  fetch(`${server.url}/parcels/${id}/moves`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ stops }),
  });
async function gauge(server: TrialServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}

test("feed over a socket: headers and the hint to come back arrive before there is a message, then messages as they come", async () => {
  await using server = await serveTrial();
  const response = await fetch(`${server.url}/parcels/a/moves`);
  const client = new FeedClient(response);
  assert.deepEqual([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
  await travel(server, "a", ["x", "y"]);
  const [first, second] = await client.take(2);
  assert.deepEqual([first?.data, second?.data, client.retryMs], [{ n: 1, to: "x" }, { n: 2, to: "y" }, 2_000]);
  await client.leave();
  while ((await gauge(server, "atoll_http_feeds")) !== 0) continue;
  const resumed = new FeedClient(await fetch(`${server.url}/parcels/a/moves`, { headers: { "last-event-id": first?.id ?? "" } }));
  assert.deepEqual((await resumed.next())?.data, { n: 2, to: "y" });
  await resumed.leave();
});

test("feed over a socket: a client that does not read is cut off in its time, whatever is written, and resumes", async () => {
  await using server = await serveTrial({ limits: { stalledMs: 1_500, answerWithinMs: 400 } });
  using client = await RawClient.open(server.port);
  client.send(requestText("GET /parcels/a/moves"));
  while ((await gauge(server, "atoll_http_feeds")) !== 1) continue;
  client.socket.pause();
  const stop = "x".repeat(20_000);
  let written = 0;
  while ((await gauge(server, "atoll_http_feeds")) === 1) {
    assert.equal(
      (
        await travel(
          server,
          "a",
          Array.from({ length: 20 }, () => stop),
        )
      ).status,
      200,
    );
    written += 20;
  }
  while ((await gauge(server, "atoll_http_connections")) > 2) continue; // those of this test's own requests
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, /^atoll_http_feeds_ended_total\{reason="(stalled|gone)"\} 1$/m);
  const again = new FeedClient(await fetch(`${server.url}/parcels/a/moves`));
  const all = await again.take(written);
  assert.deepEqual([all[0]?.data["n"], all.at(-1)?.data["n"]], [1, written]);
  await again.leave();
});

test("feed over a socket: stopping tells those who read to come back, cuts off those who do not, and takes no time for it", async () => {
  const server = await serveTrial();
  using reading = await RawClient.open(server.port);
  using deaf = await RawClient.open(server.port);
  reading.send(requestText("GET /moves"));
  deaf.send(requestText("GET /parcels/a/moves"));
  while ((await gauge(server, "atoll_http_feeds")) !== 2) continue;
  deaf.socket.pause();
  const stop = "x".repeat(200_000);
  for (let i = 0; i < 40; i++) await travel(server, "a", [stop]); // more than the sockets between take
  const stopped = server.stop(600_000);
  assert.match(await reading.closed(), /retry: \d+\n: closing\n\n/);
  await stopped; // ten minutes of grace, of which nothing is needed
});

test("feed over a socket: HTTP/1.0, HEAD, and a connection that is used again afterwards", async () => {
  await using server = await serveTrial();
  await travel(server, "a", ["x"]);
  using old = await RawClient.open(server.port);
  old.send("GET /parcels/a/moves HTTP/1.0\r\nhost: trial\r\n\r\n");
  while ((await gauge(server, "atoll_http_feeds")) !== 1) continue;
  old.socket.end();
  using head = await RawClient.open(server.port);
  const answer = await head.send(requestText("HEAD /parcels/a/moves")).answer();
  assert.deepEqual([answer?.status, answer?.headers["content-type"]], [200, "text/event-stream"]);
  assert.equal((await head.send(requestText("GET /list/size")).answer())?.status, 200);
});

test("feed over a socket: hundreds of clients of one topic each get everything, and their going leaves nothing behind", async () => {
  await using server = await serveTrial();
  const clients = await Promise.all(
    Array.from({ length: 300 }, async (_, i) => new FeedClient(await fetch(`${server.url}${i % 2 === 0 ? "/moves" : "/parcels/a/moves"}`))),
  );
  await Promise.all(clients.map((client) => client.read()));
  for (let n = 0; n < 20; n++) await travel(server, "a", ["x", "y"]);
  const got = await Promise.all(clients.map((client) => client.take(40)));
  for (const events of got) assert.deepEqual(events.map(({ data }) => data["n"]), Array.from({ length: 40 }, (_, i) => i + 1)); // prettier-ignore
  await Promise.all(clients.map((client) => client.leave()));
  while ((await gauge(server, "atoll_http_feeds")) !== 0) continue;
});
