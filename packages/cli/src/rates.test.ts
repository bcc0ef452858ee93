// What `atoll top` makes of two readings of the metrics.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "@atoll/core/runtime";
import { ratesBetween } from "./rates.ts";
import { type Figures, figuresFrom } from "./supervisor/figures.ts";
import type { NodeFigures } from "./supervisor/process-verbs.ts";

const reading = (at: number, figures: Figures | null, pid = 1): NodeFigures => ({
  service: "stock",
  node: "stock-1",
  pid,
  state: "running",
  restarts: 0,
  uptime_ms: at,
  host: true,
  partitions: 4,
  figures,
  at_ms: at,
});

/** A service's metrics, with the names that the platform gives them. */
function trial(): { readonly metrics: Metrics; readonly messages: (n: number) => void; readonly commit: (seconds: number) => void } {
  const metrics = new Metrics();
  const into = metrics.counter("atoll_link_messages_total", "", { direction: "in" });
  const out = metrics.counter("atoll_link_messages_total", "", { direction: "out" });
  const commits = metrics.counter("atoll_commits_total", "", { service: "stock" });
  const seconds = metrics.histogram("atoll_commit_seconds", "", { service: "stock" }, [0.001, 0.01, 0.1]);
  metrics.gauge("atoll_mailbox_messages", "", { service: "stock", entity: 'item {}" 1' }, () => 3);
  metrics.gauge("atoll_commit_queue_records", "", { service: "stock" }, () => 4);
  metrics.gauge("process_resident_memory_bytes", "", {}, () => 5e7);
  metrics.gauge("atoll_event_loop_delay_seconds", "", { quantile: "0.5" }, () => 1);
  metrics.gauge("atoll_event_loop_delay_seconds", "", { quantile: "0.99" }, () => 0.02);
  return {
    metrics,
    messages: (n) => {
      into.add(n);
      out.add(1_000);
    },
    commit: (took) => {
      commits.add(1);
      seconds.observe(took);
    },
  };
}

test("top: rates are what happened between two readings of one process, latencies the buckets that were met in between", () => {
  const { metrics, messages, commit } = trial();
  messages(100);
  commit(5);
  const before = reading(1_000, figuresFrom(metrics.render()));
  messages(50);
  for (let i = 0; i < 98; i++) commit(0.005);
  for (let i = 0; i < 2; i++) commit(0.05);
  const [row] = ratesBetween([before], [reading(3_000, figuresFrom(metrics.render()))]);
  assert.deepEqual(
    {
      taken: row?.taken_per_s,
      commits: row?.commits_per_s,
      p50: row?.p50_ms,
      p99: row?.p99_ms,
      waiting: row?.waiting,
      loop: row?.loop_p99_ms,
    },
    { taken: 25, commits: 50, p50: 10, p99: 100, waiting: 7, loop: 20 },
  );
  assert.deepEqual([row?.memory_bytes, row?.partitions, row?.host], [5e7, 4, true]);
});

test("top: of another process than before, of one that does not answer, and of one that did nothing, there are no rates", () => {
  const { metrics } = trial();
  const figures = figuresFrom(metrics.render());
  const known = ({ taken_per_s: taken, p50_ms: p50, waiting }: ReturnType<typeof ratesBetween>[number]): unknown => [taken, p50, waiting];
  assert.deepEqual(ratesBetween([reading(0, figures, 1)], [reading(1_000, figures, 2)]).map(known), [[null, null, 7]]);
  assert.deepEqual(ratesBetween([reading(0, figures)], [reading(1_000, null)]).map(known), [[null, null, null]]);
  assert.deepEqual(ratesBetween([reading(0, figures)], [reading(1_000, figures)]).map(known), [[0, null, 7]]);
});
