// Feeds: every message once, from any place on, whatever the client does. In a virtual world, on a log in memory that the test
// writes and holds up as it likes. On the log of the system itself, with crashes: feed-log.test.ts. Over sockets: feed.os.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@atoll/core";
import type { FeedEvent } from "../test/feed-client.ts";
import { TrialLog } from "../test/trial-log.ts";
import { virtually, type VirtualGateway } from "../test/virtual-gateway.ts";
import type { GatewayHow } from "./gateway.ts";

interface Scene extends VirtualGateway {
  readonly log: TrialLog;
}

function onTrialLog(scenario: (scene: Scene) => Promise<void>, how?: GatewayHow, seed?: number): Promise<void> {
  const log = new TrialLog();
  return virtually((gateway) => scenario({ ...gateway, log }), how, seed, log);
}

const numbers = (events: readonly FeedEvent[]): readonly number[] => events.map(({ data }) => Number(data["n"]));
const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);
const move = ({ log }: Scene, key: string, n: number): void => log.append(key, { n, to: "x" });
async function gauge(gateway: VirtualGateway): Promise<string | undefined> {
  return /^atoll_http_feeds (\d+)$/m.exec((await gateway.request("GET", "/metrics")).text)?.[1];
}

test("feed: of a key, from its first message on, and then those to come, and no others", () =>
  onTrialLog(async (gateway) => {
    for (let n = 0; n < 3; n++) for (const key of ["a", "b", "e"]) move(gateway, key, n);
    const client = await gateway.feed("/parcels/a/moves");
    assert.deepEqual(
      [client.status, client.headers.get("content-type"), client.headers.get("cache-control")],
      [200, "text/event-stream", "no-store"],
    );
    assert.deepEqual(numbers(await client.take(3)), [0, 1, 2]);
    assert.equal(client.retryMs, 2_000);
    for (const key of ["b", "a", "e", "a"]) move(gateway, key, 9);
    assert.deepEqual(numbers(await client.take(2)), [9, 9]);
    await client.leave();
    assert.deepEqual([gateway.log.open, await gauge(gateway)], [0, "0"]);
  }));

test("feed: resumed behind the last event that was seen, also in the middle of a record", () =>
  onTrialLog(async ({ feed: open, log }) => {
    for (let n = 0; n < 10; n += 2) log.append("a", { n }, { n: n + 1 });
    const all = await (await open("/parcels/a/moves")).take(10);
    assert.deepEqual([numbers(all), new Set(all.map(({ id }) => id)).size], [range(0, 10), 10]);
    for (const [seen, { id }] of all.entries()) {
      const rest = await open("/parcels/a/moves", { "last-event-id": id });
      log.append("a", { n: 100 });
      assert.equal((await rest.next())?.data["n"], seen === 9 ? 100 : seen + 1);
      const asked = await open(`/parcels/a/moves?from=${id}`);
      assert.equal((await asked.next())?.data["n"], seen === 9 ? 100 : seen + 1);
    }
  }));

test("feed: begins where it is told to", () =>
  onTrialLog(async (gateway) => {
    const first = async (target: string, headers?: Record<string, string>): Promise<unknown> => {
      const client = await gateway.feed(target, headers);
      for (const key of ["a", "b"]) move(gateway, key, 50);
      const n = (await client.next())?.data["n"];
      await client.leave();
      return n;
    };
    move(gateway, "a", 1);
    assert.equal(await first("/parcels/a/moves?from=start"), 1);
    assert.equal(await first("/parcels/a/moves", { "last-event-id": "0" }), 1);
    assert.equal(await first("/parcels/a/moves?from=now"), 50);
    assert.equal(await first("/parcels/a/moves?from=now", { "last-event-id": "0" }), 1, "who comes back knows better than the address");
    assert.equal(await first("/parcels/a/moves", { "last-event-id": "" }), 1);
    assert.equal(await first("/moves"), 50);
    assert.equal(await first("/moves?from=start"), 1);
  }));

test("feed: of all keys, in the order of each partition, resumed in all of them", () =>
  onTrialLog(async (gateway) => {
    const keys = ["a", "b", "c", "d", "e", "f", "g"];
    const seen: FeedEvent[] = [];
    let id = "";
    for (let n = 0; n < 40; n++) {
      gateway.log.append(keys[n % keys.length] as string, { n, key: keys[n % keys.length] }, { n: n + 1_000, key: keys[n % keys.length] });
      if (n % 7 !== 0) continue;
      const client = await gateway.feed("/moves?from=start", id === "" ? {} : { "last-event-id": id });
      seen.push(...(await client.take(2)));
      id = client.lastId;
      await client.leave();
    }
    const last = await gateway.feed("/moves", { "last-event-id": id });
    seen.push(...(await last.take(80 - seen.length)));
    assert.equal(new Set(numbers(seen)).size, 80);
    for (const key of keys) {
      const own = numbers(seen.filter(({ data }) => data["key"] === key));
      assert.deepEqual(
        own,
        own.toSorted((x, y) => (x % 1_000) - (y % 1_000) || x - y),
        key,
      );
    }
  }));

test("feed: positions that were never given out are a 400, those of another log a 410", () =>
  onTrialLog(async (gateway) => {
    for (let n = 0; n < 5; n++) for (const key of ["a", "b"]) move(gateway, key, n);
    const client = await gateway.feed("/parcels/a/moves");
    const { id } = (await client.next()) ?? assert.fail();
    const [log = "", timeline = "", partition = "", place = ""] = id.split(".");
    const whole = await gateway.feed("/moves?from=start");
    await whole.next();
    const bad = [
      "1", "-1", "00", "x", "null", "undefined", " . . . ", "٣", `${id} `.repeat(2), `${id}\u0000`, `${id}.`, `.${id}`, `${id},${id}`,
      `${log}.${timeline}.${partition}`, `${log}.${timeline}.${partition}.`, `${log}.${timeline}.${partition}.-1`, `${log}.${timeline}.0x1.${place}`,
      `${log}.${timeline}.${partition}.zzzzzzzzzzz`, `${log}.${timeline}.${partition}.5-0`, `${log}.${timeline}.${partition}.6`, `${log}.${timeline}.${partition}.0-0_0-0`,
      `${log}.${timeline}.${partition === "3" ? "2" : "3"}.0-0`, `${log}.${timeline}.all.0_0_0_0`, `${log}.0${timeline}.${partition}.${place}`,
      `${log.toUpperCase()}.${timeline}.${partition}.${place}`, "a".repeat(6_000), `${log}.${timeline}.all.${"0_".repeat(2_000)}0`, whole.lastId,
    ]; // prettier-ignore
    for (const from of bad) {
      const refused = await gateway.request("GET", `/parcels/a/moves?from=${encodeURIComponent(from)}`);
      assert.deepEqual([refused.status, refused.json["code"]], [400, "MALFORMED"], from.slice(0, 80));
    }
    for (const header of ["x", `${log}.${timeline}.${partition}.99`, `${log}.${timeline}.all.0_0_0`, "é"]) {
      const refused = await gateway.request("GET", "/parcels/a/moves", { headers: { "last-event-id": header } });
      assert.deepEqual([refused.status, refused.json["code"]], [400, "MALFORMED"], header);
    }
    assert.equal((await gateway.request("GET", "/parcels/a/moves?from=start&from=now")).status, 400);
    assert.equal((await gateway.request("GET", "/moves", { headers: { "last-event-id": id } })).status, 400);
    for (const from of [`fedcba987654.${timeline}.${partition}.${place}`, `${log}.2.${partition}.${place}`]) {
      const gone = await gateway.request("GET", `/parcels/a/moves?from=${from}`);
      assert.deepEqual([gone.status, gone.json["code"]], [410, "POSITION_GONE"]);
    }
    const wrongKey = await gateway.request("GET", "/parcels/NO/moves");
    assert.deepEqual([wrongKey.status, (wrongKey.json["errors"] as { pointer: string }[])[0]?.pointer], [422, "#path/id"]);
  }));

test("feed: what is before the place of a client is not told when the head of the log comes to it late", () =>
  onTrialLog(async (gateway) => {
    const other = await gateway.feed("/parcels/e/moves"); // opens the partition that they share
    await other.read();
    gateway.log.hold();
    for (let n = 0; n < 3; n++) move(gateway, "a", n);
    const coming = (await gateway.feed("/parcels/a/moves?from=now")).take(1);
    await gateway.pause(10);
    gateway.log.letGo();
    move(gateway, "a", 3);
    assert.deepEqual(numbers(await coming), [3]);
  }));

test("feed: a client that stops reading holds a bounded amount, and misses nothing when it goes on", () =>
  onTrialLog(
    async (gateway) => {
      const { log } = gateway;
      const slow = await gateway.feed("/parcels/a/moves");
      const quick = await gateway.feed("/parcels/a/moves");
      await Promise.all([slow.read(), quick.read()]);
      const waiting = [slow.read(), quick.read()];
      for (let n = 0; n < 5_000; n++) {
        log.append("a", { n, to: "x".repeat(20) });
        if (n % 500 === 0) await gateway.pause(1);
      }
      await Promise.all(waiting);
      const { read, history } = log.given;
      await gateway.pause(30_000);
      assert.deepEqual(log.given, { read, history }, "nothing is read for who does not ask");
      assert.ok(history < 200, `${history} messages were taken out of the log`);
      assert.deepEqual(numbers(await slow.take(5_000)), range(0, 5_000));
      assert.deepEqual(numbers(await quick.take(5_000)), range(0, 5_000));
    },
    { limits: { feedBufferBytesMax: 2_000 } },
  ));

test("feed: a message larger than what waits for a client comes all the same", () =>
  onTrialLog(
    async (gateway) => {
      const client = await gateway.feed("/parcels/a/moves");
      await client.read();
      for (let n = 0; n < 3; n++) gateway.log.append("a", { n, to: "x".repeat(5_000) });
      assert.deepEqual(numbers(await client.take(3)), [0, 1, 2]);
    },
    { limits: { feedBufferBytesMax: 1_000 } },
  ));

test("feed: whatever is written while a client comes, lags and goes on, it gets every message once and in order", async () => {
  const reached = { caughtUp: 0, live: 0 };
  for (let seed = 1; seed <= 60; seed++) {
    await onTrialLog(
      async (gateway) => {
        const { random } = gateway.world;
        const { log } = gateway;
        const all = seed % 2 === 0;
        const keys = ["a", "b", "e", "i"]; // a, e and i share a partition
        let written = 0;
        const expected = new Map<string, number[]>(keys.map((key) => [key, []]));
        const write = (key: string, count: number): void => {
          const messages = range(written, written + count).map((n) => ({ n, key, to: "y".repeat(random.next() * 60) }));
          written += count;
          log.append(key, ...messages);
          expected.get(key)?.push(...messages.map(({ n }) => n));
        };
        const writer = { done: false };
        void (async () => {
          for (let i = 0; i < 300; i++) {
            write(keys[Math.floor(random.next() * keys.length)] as string, Math.floor(random.next() * 3));
            if (random.next() < 0.4) await gateway.pause(Math.ceil(random.next() * 5));
          }
          write("a", 1); // whoever waits for one more gets it
          writer.done = true;
        })();
        const seen: FeedEvent[] = [];
        const target = all ? "/moves?from=start" : "/parcels/a/moves";
        const whole = (): number => (all ? written : (expected.get("a")?.length ?? 0));
        while (!writer.done || seen.length < whole()) {
          const id = seen.at(-1)?.id;
          const client = await gateway.feed(target, id === undefined ? {} : { "last-event-id": id });
          const reads = Math.ceil(random.next() * 40);
          for (let i = 0; i < reads && (!writer.done || seen.length < whole()); i++) {
            if (writer.done || random.next() < 0.7) seen.push(...(await client.take(1)));
            else await gateway.pause(Math.ceil(random.next() * 30));
          }
          await client.leave();
        }
        if (all) {
          for (const key of keys)
            assert.deepEqual(numbers(seen.filter(({ data }) => data["key"] === key)), expected.get(key), `seed ${seed}`);
        } else assert.deepEqual(numbers(seen), expected.get("a"), `seed ${seed}`);
        reached.caughtUp += log.given.history;
        reached.live += log.given.read;
        assert.equal(log.open, 0, `seed ${seed}: readers are closed`);
      },
      { limits: { feedBufferBytesMax: 150 } },
      seed,
    );
  }
  assert.ok(reached.caughtUp > 1_000 && reached.live > 1_000, JSON.stringify(reached));
});

test("feed: while there is nothing to say comments keep it alive, and that of a topic moves its place on", () =>
  onTrialLog(async (gateway) => {
    const [one, all] = [await gateway.feed("/parcels/a/moves"), await gateway.feed("/moves")];
    await Promise.all([one.read(), all.read()]);
    for (let n = 0; n < 20; n++) gateway.log.append("b"); // records that publish nothing
    const begun = gateway.world.timeMs;
    await Promise.all([one.read(), all.read()]);
    assert.equal(gateway.world.timeMs - begun, 15_000);
    move(gateway, "a", 7);
    assert.deepEqual([(await one.next())?.data["n"], one.quiet], [7, 2]);
    const { lastId } = all;
    await all.next();
    assert.match(lastId === "" ? all.lastId : lastId, /_k(_|$)/, "20 records further");
  }));

test("feed: a client that does not read for too long is cut off, and resumes where it was", () =>
  onTrialLog(async (gateway) => {
    const client = await gateway.feed("/parcels/a/moves");
    await client.read();
    for (let n = 0; n < 3; n++) move(gateway, "a", n);
    const first = (await client.next()) ?? assert.fail();
    await gateway.pause(59_000);
    assert.equal(await gauge(gateway), "1");
    await gateway.pause(2_000);
    assert.deepEqual([await gauge(gateway), gateway.log.open], ["0", 0]);
    const again = await gateway.feed("/parcels/a/moves", { "last-event-id": first.id });
    assert.deepEqual(numbers(await again.take(2)), [1, 2]);
    assert.match((await gateway.request("GET", "/metrics")).text, /^atoll_http_feeds_ended_total\{reason="stalled"\} 1$/m);
  }));

test("feed: more than the bound are refused with 503, and one that goes makes room", () =>
  onTrialLog(
    async (gateway) => {
      const [first] = [await gateway.feed("/parcels/a/moves"), await gateway.feed("/moves")];
      const refused = await gateway.request("GET", "/moves");
      assert.deepEqual([refused.status, refused.json["code"], refused.headers.get("retry-after")], [503, "OVERLOADED", "1"]);
      await first.leave();
      assert.equal((await gateway.feed("/moves")).status, 200);
    },
    { limits: { feedsMax: 2 } },
  ));

test("feed: when the gateway closes, clients are told when to come back, and new ones are refused", () =>
  onTrialLog(async (gateway) => {
    const reading = await gateway.feed("/parcels/a/moves");
    const idle = await gateway.feed("/moves");
    await reading.read();
    const end = reading.next();
    const begun = gateway.world.timeMs;
    await gateway.booted.gateway?.close(10_000);
    assert.equal(await end, undefined);
    assert.ok((reading.retryMs ?? 0) >= 2_000 && (reading.retryMs ?? 0) <= 4_000);
    assert.equal(await idle.next(), undefined);
    assert.ok(gateway.world.timeMs - begun < 100, "feeds do not use up the time for closing");
    assert.deepEqual([(await gateway.request("GET", "/moves")).status, gateway.log.open], [503, 0]);
  }));

test("feed: HEAD and OPTIONS open nothing, other methods are not allowed", () =>
  onTrialLog(async (gateway) => {
    const head = await gateway.request("HEAD", "/parcels/a/moves");
    assert.deepEqual([head.status, head.text, head.headers.get("content-type")], [200, "", "text/event-stream"]);
    assert.equal((await gateway.request("HEAD", "/parcels/a/moves?from=x")).status, 400);
    const options = await gateway.request("OPTIONS", "/moves");
    assert.deepEqual([options.status, options.headers.get("allow")], [204, "GET, HEAD, OPTIONS"]);
    assert.equal((await gateway.request("POST", "/moves")).status, 405);
    assert.deepEqual([gateway.log.open, await gauge(gateway)], [0, "0"]);
  }));

test("feed: a message that cannot be read is passed over, a log that cannot be read ends the feed for now", () =>
  onTrialLog(async (gateway) => {
    const { log } = gateway;
    move(gateway, "a", 1);
    log.append("a", new RangeError("not in its form"));
    move(gateway, "a", 2);
    const client = await gateway.feed("/parcels/a/moves");
    assert.deepEqual(numbers(await client.take(2)), [1, 2]);
    log.failure = new Failure("JOURNAL_FAILED", { what: "the disk is away" });
    move(gateway, "a", 3);
    const fresh = await gateway.feed("/parcels/a/moves");
    assert.equal(await fresh.next(), undefined);
    await gateway.pause(1_000);
    log.failure = undefined;
    assert.equal((await client.next())?.data["n"], 3, "who listened already goes on by itself");
  }));
