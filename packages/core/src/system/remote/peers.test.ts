// The links of a node, as those see them who ask over them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualWorld } from "../../runtime/virtual/index.ts";
import type { Address, HandleLink, Link, Transport } from "../../transport/index.ts";
import type { Directory } from "./directory.ts";
import { remoteLimits } from "./limits.ts";
import { Peers } from "./peers.ts";

const identity = { node: "shelves-1", service: "shelves", incarnation: "1".repeat(32) };
const address: Address = { identity, at: "there", ticket: "" };
const directory: Directory = { nodes: () => [address], lost: () => undefined, plan: () => undefined, watch: () => undefined };

/** The first `lost` links that it makes are lost before whoever wants them hears that they were made. */
class Hasty implements Pick<Transport, "connect"> {
  made = 0;
  readonly #lost: number;

  constructor(lost: number) {
    this.#lost = lost;
  }

  connect(_: Address, handle: HandleLink): Promise<Link> {
    this.made += 1;
    const link = { peer: identity, hello: null, protocol: 2, send: () => true, close: () => undefined } as unknown as Link;
    const handler = handle(link);
    if (this.made <= this.#lost) handler.closed({ kind: "broken", why: "it has gone" });
    return Promise.resolve(link);
  }
}

test("peers: a link that is lost as soon as it is made is made again after a pause, and whoever waits for it hears of that", async () => {
  const world = new VirtualWorld({ seed: 1 });
  const transport = new Hasty(3);
  const peers = new Peers({ transport: transport as unknown as Transport, directory, runtime: world.outside, limits: remoteLimits });
  peers.watch("shelves", () => void peers.ready("shelves"));
  await world.runUntil(
    (async () => {
      assert.deepEqual(peers.ready("shelves"), []);
      await new Promise((resolve) => void world.outside.timers.after(5_000, () => resolve(undefined)));
    })(),
  );
  assert.equal(transport.made, 4);
  assert.equal(peers.ready("shelves").length, 1);
});
