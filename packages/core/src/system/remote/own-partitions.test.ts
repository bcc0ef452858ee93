// What a node does about the log in which it is granted partitions, and has not opened (B2).
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualWorld } from "../../runtime/virtual/index.ts";
import type { Directory } from "./directory.ts";
import { OwnPartitions } from "./own-partitions.ts";

const incarnation = "1".repeat(32);
const plan = { host: incarnation, partitions: [{ owner: incarnation, epoch: 1, leaving: false }] };
const directory: Directory = { nodes: () => [], lost: () => undefined, plan: () => plan, watch: (changed) => changed() };

test("own partitions B2: a log that cannot be opened is tried again while the plan grants something, until it is open", async () => {
  const world = new VirtualWorld({ seed: 1 });
  let tries = 0;
  const open = (): Promise<void> => {
    tries += 1;
    return tries < 4 ? Promise.reject(new Error("the disk is away")) : Promise.resolve();
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void world.outside.timers.after(ms, resolve));
  const init = { service: "shelves", incarnation, directory, runtime: world.outside, report: () => undefined, open };
  const own = new OwnPartitions(init);
  await world.runUntil(pause(60_000));
  assert.equal(tries, 4);
  tries = 0;
  const leaving = new OwnPartitions(init);
  leaving.close();
  await world.runUntil(pause(60_000));
  assert.equal(tries, 1, "one that is leaving opens nothing any more");
  assert.equal(own.serves(0), false);
});
