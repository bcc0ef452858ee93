// The verbs about processes, of a system that runs in one.
import type { Running } from "@atoll/core";
import { CommandError } from "./command-error.ts";
import type { Verbs } from "./control-server.ts";
import type { NodeStatus } from "./supervisor/supervisor.ts";

export function sharedVerbs(running: Pick<Running, "health">, stop: () => void): Verbs {
  return {
    "GET /ps": (): readonly NodeStatus[] =>
      running.health().map(({ name, state }) => ({
        service: name,
        node: "shared",
        pid: process.pid,
        state: state === "draining" ? state : "running",
        restarts: 0,
        uptime_ms: Math.round(process.uptime() * 1_000),
      })),
    "POST /restart": () => {
      throw new CommandError("this system runs in one process: end it and start it again, or run it with `--isolation process`");
    },
    "POST /stop": () => {
      stop();
      return { pid: process.pid };
    },
  };
}
