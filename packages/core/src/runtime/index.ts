export { exposition, type MetricFamily } from "./exposition.ts";
export { Metrics, type Counter, type Histogram } from "./metrics.ts";
export type { Clock, Logger, LogFields, LogLevel, Network, Random, Runtime, Scheduler, Timer, Timers } from "./runtime.ts";
export { type Backoff, backoffMs } from "../base/backoff.ts";
