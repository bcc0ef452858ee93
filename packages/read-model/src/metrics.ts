// What a read model says about itself. Gauges are read when somebody looks.
import type { ReadModelStatus } from "@atoll/core/extension";
import type { Metrics } from "@atoll/core/runtime";
import type { ProjectorObserver } from "./projector.ts";

/** Returns what counts. */
export function registerMetrics(
  metrics: Metrics,
  service: string,
  readModel: string,
  sources: Iterable<string>,
  status: () => ReadModelStatus,
): ProjectorObserver["moved"] {
  const labels = { service, read_model: readModel };
  for (const source of sources) {
    const of = (pick: (found: ReadModelStatus["sources"][number]) => number) => () => {
      const found = status().sources.find((candidate) => candidate.source === source);
      return found ? pick(found) : 0;
    };
    const each = { ...labels, source };
    metrics.gauge(
      "atoll_read_model_behind_records",
      "Records of a source that are not applied yet.",
      each,
      of(({ behind }) => behind),
    );
    metrics.gauge(
      "atoll_read_model_behind_seconds",
      "Age of the oldest of them that is known.",
      each,
      of(({ behindMs }) => behindMs / 1_000),
    );
  }
  metrics.gauge(
    "atoll_read_model_parked",
    "Entities set aside because an event of theirs cannot be applied.",
    labels,
    () => status().parked,
  );
  metrics.gauge(
    "atoll_read_model_rebuilt",
    "Part of the log applied by the one that is being built; 1 if none is.",
    labels,
    () => status().rebuilt ?? 1,
  );
  const applied = metrics.counter("atoll_read_model_events_total", "Events applied.", labels);
  const skipped = metrics.counter("atoll_read_model_skipped_total", "Events of parked entities that were passed over.", labels);
  const sizes = metrics.histogram("atoll_read_model_batch_events", "Events applied in one transaction.", labels, [1, 10, 100, 1_000]);
  const seconds = metrics.histogram("atoll_read_model_batch_seconds", "From taking a batch to its commit.", labels, [0.001, 0.01, 0.1, 1]);
  return (moved) => {
    if (moved.events + moved.skipped === 0) return;
    applied.add(moved.events);
    skipped.add(moved.skipped);
    sizes.observe(moved.events);
    seconds.observe(moved.seconds);
  };
}
