import { nodeRuntime } from "../../runtime/node/index.ts";
import { transportTck } from "../tck/transport-tck.ts";
import type { Setup } from "../tck/transport-under-test.ts";
import { MemoryNetwork } from "./memory-network.ts";

const setup =
  (mode: "development" | "production"): Setup =>
  async () => {
    const logged: string[] = [];
    const runtime = nodeRuntime({ mode, logger: { log: (_level, event) => logged.push(event) } });
    const hold = runtime.hold();
    const network = new MemoryNetwork(runtime);
    return {
      node: (init) => ({ runtime, transport: network.transport(init), at: init.self.node }),
      drive: (promise) => promise,
      logged: () => logged,
      cleanup: async () => hold[Symbol.dispose](),
    };
  };

transportTck("memory, encoding", setup("development"));
transportTck("memory, handing over", setup("production"), { sized: false });
