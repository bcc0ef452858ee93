import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeRuntime } from "../../runtime/node/index.ts";
import { transportTck } from "../tck/transport-tck.ts";
import { SocketTransport } from "./socket-transport.ts";

transportTck("socket", async () => {
  const folder = mkdtempSync(join(tmpdir(), "atoll-links-"));
  const logged: string[] = [];
  const holds: Disposable[] = [];
  return {
    node: (init) => {
      const runtime = nodeRuntime({ logger: { log: (_level, event) => logged.push(event) } });
      holds.push(runtime.hold());
      return { runtime, transport: new SocketTransport(runtime, init), at: join(folder, "links", `${init.self.node}.sock`) };
    },
    drive: (promise) => promise,
    logged: () => logged,
    cleanup: async () => {
      for (const hold of holds) hold[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
});
