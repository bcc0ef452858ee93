// What a node keeps for those who ask it over links (V2).
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../base/failure.ts";
import { VirtualWorld } from "../../runtime/virtual/index.ts";
import type { Json } from "../../contract/index.ts";
import type { Link } from "../../transport/index.ts";
import { EventSources } from "../event-sources.ts";
import { Router } from "../router.ts";
import { remoteLimits } from "./limits.ts";
import { Served } from "./served.ts";
import { cancelRest, headsRest, healthRest, metricsRest, request } from "./wire.ts";

const peer = { node: "desk-1", service: "desk", incarnation: "1".repeat(32) };

test("served V1: an answer that is too large for the link is answered as that, also where it had to wait for room", () => {
  const runtime = new VirtualWorld({ seed: 1 }).outside;
  const own = {
    health: () => [{ name: "x".repeat(1_000), state: "running" as const }],
    log: () => undefined,
    openLog: () => Promise.resolve(),
  };
  const whenHosting = (): (() => void) => () => undefined;
  const served = new Served({
    router: new Router(runtime),
    logs: new EventSources(),
    own,
    placeOf: () => "here",
    whenHosting,
    runtime,
    limits: remoteLimits,
  });
  const sent: string[] = [];
  let isFull = true;
  const send = (text: string): boolean => {
    if (text.length > 500) throw new Failure("MESSAGE_TOO_LARGE", { what: `it has ${text.length} characters` });
    return !isFull && sent.push(text) > 0;
  };
  const handler = served.accept({ peer, hello: null, protocol: 2, send, close: () => undefined });
  handler.message(JSON.parse(request(1, 0, metricsRest)) as Json);
  handler.message(JSON.parse(request(2, 0, healthRest)) as Json);
  isFull = false;
  handler.room();
  assert.deepEqual(
    sent.map((text) => (JSON.parse(text) as unknown[]).slice(0, 3)),
    [
      [1, "metrics", 0],
      [2, "failure", "MESSAGE_TOO_LARGE"],
    ],
  );
});

test("served V2: of what waits for the log to be open here nothing is kept once its asker has given it up, or the link is lost", () => {
  const runtime = new VirtualWorld({ seed: 1 }).outside;
  const waiting = new Set<() => void>();
  const served = new Served({
    router: new Router(runtime),
    logs: new EventSources(),
    own: { health: () => [], log: () => undefined, openLog: () => Promise.resolve() },
    placeOf: () => "here",
    whenHosting: (act) => {
      waiting.add(act);
      return () => waiting.delete(act);
    },
    runtime,
    limits: remoteLimits,
  });
  const sent: string[] = [];
  const link: Link = { peer, hello: null, protocol: 2, send: (text) => sent.push(text) > 0, close: () => undefined };
  const handler = served.accept(link);
  const say = (text: string): void => handler.message(JSON.parse(text) as Json);
  for (const n of [1, 2, 3]) say(request(n, 0, headsRest));
  assert.equal(waiting.size, 3);
  say(request(1, 0, cancelRest));
  assert.equal(waiting.size, 2);
  for (const act of [...waiting].slice(0, 1)) act();
  assert.match(sent.join(), /^\[2,"log"/);
  handler.closed({ kind: "broken", why: "it has gone" });
  assert.equal(waiting.size, 1, "that of the one which was answered is for whoever called it to forget");
});
