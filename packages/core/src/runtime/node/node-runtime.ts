// The ports on a real machine. This folder is where ambient time, randomness, scheduling, network and environment are
// touched, besides journal/sqlite, the gateway's listener and the command line; signals are the command line's.
import { Metrics } from "../metrics.ts";
import type { Logger, Runtime } from "../runtime.ts";
import { nodeClock } from "./clock.ts";
import { jsonLogger } from "./json-logger.ts";
import { registerProcessGauges } from "./process-gauges.ts";
import { nodeRandom } from "./random.ts";
import { nodeScheduler } from "./scheduler.ts";
import { nodeTimers } from "./timers.ts";

export interface NodeRuntimeOptions {
  /** Default: "production" if the environment's NODE_ENV says so, else "development". */
  readonly mode?: Runtime["mode"];
  /** Default: JSON lines of level info and above on standard error. */
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

export interface NodeRuntime extends Runtime {
  /**
   * Keeps the process alive until the result is disposed of, which is idempotent. Timers do not: a running system holds
   * from its start to the end of its drain.
   */
  hold(): Disposable;
}

export function nodeRuntime(options: NodeRuntimeOptions = {}): NodeRuntime {
  const {
    mode = process.env["NODE_ENV"] === "production" ? "production" : "development",
    logger = jsonLogger(),
    metrics = new Metrics(),
  } = options;
  const uncaught = (error: unknown): void => logger.log("error", "runtime.task_failed", { error });
  registerProcessGauges(metrics, nodeClock);
  return {
    clock: nodeClock,
    timers: nodeTimers(nodeClock, uncaught),
    random: nodeRandom(),
    scheduler: nodeScheduler(uncaught),
    network: { fetch: (input, init) => fetch(input, init) },
    logger,
    metrics,
    mode,
    hold,
  };
}

function hold(): Disposable {
  const alive = setInterval(() => {}, 2 ** 31 - 1);
  return { [Symbol.dispose]: () => clearInterval(alive) };
}
