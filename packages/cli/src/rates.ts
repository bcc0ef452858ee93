// What happened between two readings of a node's figures. A latency is the upper bound of the bucket in which it is: the metrics know no more.
import type { Buckets, Figures } from "./supervisor/figures.ts";
import type { NodeFigures } from "./supervisor/process-verbs.ts";

/** A row of `atoll top`. Null: nothing is known, or nothing happened. */
export interface NodeRates {
  readonly service: string;
  readonly node: string;
  readonly pid: number | null;
  readonly state: NodeFigures["state"];
  /** Requests over HTTP at a gateway, messages over links at others. */
  readonly taken_per_s: number | null;
  readonly commits_per_s: number | null;
  /** Of requests at a gateway, of commits at others. */
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly waiting: number | null;
  readonly loop_p99_ms: number | null;
  /** Processors that it kept busy. */
  readonly cpu: number | null;
  readonly memory_bytes: number | null;
  readonly partitions: number;
  readonly host: boolean;
}

export function ratesBetween(before: readonly NodeFigures[], now: readonly NodeFigures[]): readonly NodeRates[] {
  return now.map((node) => {
    const { service, node: name, pid, state, partitions, host, figures } = node;
    const earlier = before.find((one) => one.node === name && one.pid === pid);
    const seconds = earlier ? (node.at_ms - earlier.at_ms) / 1_000 : 0;
    const [then, since] = [earlier?.figures ?? undefined, figures ?? undefined];
    const rate = (of: (figures: Figures) => number): number | null =>
      then && since && seconds > 0 ? Math.max(0, (of(since) - of(then)) / seconds) : null;
    const latency = then && since ? between(then.latency, since.latency) : [];
    return {
      service,
      node: name,
      pid,
      state,
      taken_per_s: rate(({ taken }) => taken),
      commits_per_s: rate(({ commits }) => commits),
      p50_ms: quantile(latency, 0.5),
      p99_ms: quantile(latency, 0.99),
      waiting: since?.waiting ?? null,
      loop_p99_ms: since ? since.lateness * 1_000 : null,
      cpu: rate(({ cpuSeconds }) => cpuSeconds),
      memory_bytes: since?.memoryBytes ?? null,
      partitions,
      host,
    };
  });
}

function between(then: Buckets, now: Buckets): Buckets {
  const earlier = new Map(then);
  return now.map(([upTo, count]) => [upTo, count - (earlier.get(upTo) ?? 0)]);
}

/** Milliseconds. Null: there was nothing, or it was beyond every bound. */
function quantile(buckets: Buckets, part: number): number | null {
  const [, total] = buckets.at(-1) ?? [0, 0];
  if (total <= 0) return null;
  const [upTo] = buckets.find(([, count]) => count >= part * total) ?? [Number.MAX_VALUE];
  return upTo === Number.MAX_VALUE ? null : upTo * 1_000;
}
