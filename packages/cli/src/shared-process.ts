// The verbs about processes, of a system that runs in one.
import type { Running } from "@atoll/core";
import { CommandError } from "./command-error.ts";
import type { Verbs } from "./control-server.ts";
import type { NodeStatus } from "./supervisor/slot.ts";

/** There is one process, and nothing beside it that could end it and start another. */
const needProcesses = [
  "GET /services",
  "POST /partitions",
  "POST /scale",
  "POST /move",
  "POST /drain",
  "POST /restart",
  "POST /logs",
  "GET /top",
] as const;

const refuse = (): never => {
  throw new CommandError("this system runs in one process, without nodes: for this it has to run with `--isolation process`");
};

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
    ...Object.fromEntries(needProcesses.map((verb) => [verb, refuse])),
    "POST /stop": () => {
      stop();
      return { pid: process.pid };
    },
  };
}
