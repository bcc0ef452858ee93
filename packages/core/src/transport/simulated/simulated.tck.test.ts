import assert from "node:assert/strict";
import { VirtualWorld } from "../../runtime/virtual/index.ts";
import { transportTck } from "../tck/transport-tck.ts";
import type { Setup } from "../tck/transport-under-test.ts";
import { SimulatedNetwork } from "./simulated-network.ts";

const setup: Setup = async (seed) => {
  const world = new VirtualWorld({ seed });
  const network = new SimulatedNetwork(world);
  let nodes = 0;
  return {
    node: (init) => {
      const runtime = world.process(`${init.self.node}/${(nodes += 1)}`);
      return { runtime, transport: network.transport(runtime, init), at: init.self.node };
    },
    drive: (promise) => world.runUntil(promise),
    logged: () => [...world.trace.marks.keys()],
    cleanup: async () =>
      assert.deepEqual(
        world.failures.filter(({ error }) => !(error instanceof RangeError && error.message === "planted")),
        [],
      ),
  };
};

transportTck("simulated", setup, { seeds: 10 });
