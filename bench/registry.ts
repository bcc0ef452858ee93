// Every benchmark, in the order in which they run and stand in the table.
import type { Benchmark } from "./benchmark.ts";
import { durableCommands } from "./durable-commands.ts";
import { entityRecovery } from "./entity-recovery.ts";
import { httpPost } from "./http-post.ts";
import { inProcessAsk } from "./in-process-ask.ts";
import { installedSize } from "./installed-size.ts";
import { memory } from "./memory.ts";
import { serviceRecovery } from "./service-recovery.ts";
import { startUp } from "./start-up.ts";

export const benchmarks: readonly Benchmark[] = [
  inProcessAsk,
  durableCommands,
  entityRecovery,
  serviceRecovery,
  httpPost,
  memory,
  startUp,
  installedSize,
];
