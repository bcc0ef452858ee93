// The numbers by which one sees how a log is doing (docs/metrics.md).
import type { Counter, Histogram, Metrics } from "../runtime/index.ts";

export interface LogWriterMetrics {
  readonly commits: Counter;
  readonly records: Counter;
  /** Records in one commit. */
  readonly sizes: Histogram;
  /** From sending a commit to its answer. */
  readonly seconds: Histogram;
}

export function logWriterMetrics(
  metrics: Metrics,
  service: string,
  read: { readonly queued: () => number; readonly unindexed: () => number; readonly unsnapped: () => number },
): LogWriterMetrics {
  const labels = { service };
  const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
  const seconds = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 1];
  metrics.gauge("atoll_commit_queue_records", "Records waiting for a commit.", labels, read.queued);
  metrics.gauge("atoll_index_tail_entities", "Entities whose newest record is not in the index yet.", labels, read.unindexed);
  metrics.gauge("atoll_snapshots_waiting", "Snapshots that are wanted and not stored yet.", labels, read.unsnapped);
  return {
    commits: metrics.counter("atoll_commits_total", "Commits of the log.", labels),
    records: metrics.counter("atoll_records_total", "Records committed to the log.", labels),
    sizes: metrics.histogram("atoll_commit_batch_records", "Records in one commit.", labels, sizes),
    seconds: metrics.histogram("atoll_commit_seconds", "From sending a commit to its answer.", labels, seconds),
  };
}
