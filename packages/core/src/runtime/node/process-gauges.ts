// What the process itself says about its health. Everything is read when somebody looks; the monitor of the event
// loop's delay, which costs a timer every 10 ms, starts with the first look.
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../runtime.ts";

const resolutionMs = 10;
/** Looks within this time see the same figures, so that the gauges of one rendering fit together. */
const windowMsMin = 1_000;

interface Delay {
  readonly atMs: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function registerProcessGauges(metrics: Metrics, clock: Clock): void {
  const delay = eventLoopDelay(clock);
  const help = "How late the event loop came to a timer, since the reading before; 0 at the first, which starts the monitor.";
  metrics.gauge("atoll_event_loop_delay_seconds", help, { quantile: "0.5" }, () => delay().p50);
  metrics.gauge("atoll_event_loop_delay_seconds", help, { quantile: "0.99" }, () => delay().p99);
  metrics.gauge("atoll_event_loop_delay_seconds", help, { quantile: "1" }, () => delay().max);
  metrics.gauge("process_resident_memory_bytes", "Resident memory of the process.", {}, () => process.memoryUsage.rss());
  metrics.gauge("process_heap_bytes", "JavaScript heap in use.", {}, () => process.memoryUsage().heapUsed);
  metrics.gauge("process_cpu_seconds", "Processor time of the process since its start, user and system.", {}, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
}

/** The histogram holds the time between two runs of its timer, which is the resolution when nothing was late. */
const lateSeconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3);

function eventLoopDelay(clock: Clock): () => Delay {
  let histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;
  let last: Delay = { atMs: Number.NEGATIVE_INFINITY, p50: 0, p99: 0, max: 0 };
  return () => {
    const atMs = clock.monotonic();
    if (atMs - last.atMs < windowMsMin) return last;
    if (!histogram) {
      histogram = monitorEventLoopDelay({ resolution: resolutionMs });
      histogram.enable();
      return (last = { ...last, atMs });
    }
    last = {
      atMs,
      p50: lateSeconds(histogram.percentile(50)),
      p99: lateSeconds(histogram.percentile(99)),
      max: lateSeconds(histogram.max),
    };
    histogram.reset();
    return last;
  };
}
