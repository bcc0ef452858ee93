// What `atoll top` shows of a node, read from its metrics at one moment. Totals are since the start of its process: who wants rates asks
// twice.

/** What a supervisor asks its nodes for. */
export const figuresVerb = "GET /figures";

/** Upper bound of a bucket in seconds, and how many were at most that. */
export type Buckets = readonly (readonly [upTo: number, count: number])[];

export interface Figures {
  /** HTTP requests answered by a gateway, messages that came over links to others. */
  readonly taken: number;
  readonly commits: number;
  /** From the headers of a request to its answer; at a service, from sending a commit to its answer. */
  readonly latency: Buckets;
  /** Messages that wait for an answer or for their turn, and records that wait for a commit. */
  readonly waiting: number;
  /** How late the event loop came to a timer, p99 in seconds. */
  readonly lateness: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

type Samples = ReadonlyMap<string, readonly Sample[]>;

interface Sample {
  readonly labels: string;
  readonly value: number;
}

/** `text`: all metrics of a process, as they are rendered. */
export function figuresFrom(text: string): Figures {
  const samples = read(text);
  const sum = (name: string, having = ""): number =>
    (samples.get(name) ?? []).reduce((total, { labels, value }) => (labels.includes(having) ? total + value : total), 0);
  const isGateway = samples.has("atoll_http_connections");
  return {
    taken: isGateway ? sum("atoll_http_requests_total") : sum("atoll_link_messages_total", 'direction="in"'),
    commits: sum("atoll_commits_total"),
    latency: bucketsOf(samples.get(isGateway ? "atoll_http_request_duration_seconds_bucket" : "atoll_commit_seconds_bucket") ?? []),
    waiting: queues.reduce((total, name) => total + sum(name), 0),
    lateness: sum("atoll_event_loop_delay_seconds", 'quantile="0.99"'),
    cpuSeconds: sum("process_cpu_seconds"),
    memoryBytes: sum("process_resident_memory_bytes"),
  };
}

const queues = [
  "atoll_http_requests_in_flight",
  "atoll_mailbox_messages",
  "atoll_handlers_running",
  "atoll_handlers_waiting",
  "atoll_commit_queue_records",
] as const;

function read(text: string): Samples {
  const samples = new Map<string, Sample[]>();
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined || !Number.isFinite(Number(value))) continue;
    const known = samples.get(name);
    const sample = { labels, value: Number(value) };
    if (known) known.push(sample);
    else samples.set(name, [sample]);
  }
  return samples;
}

/** All series together. */
function bucketsOf(samples: readonly Sample[]): Buckets {
  const counts = new Map<number, number>();
  for (const { labels, value } of samples) {
    const [, bound] = /le="([^"]+)"/.exec(labels) ?? [];
    const upTo = bound === undefined || bound === "+Inf" ? Number.MAX_VALUE : Number(bound);
    counts.set(upTo, (counts.get(upTo) ?? 0) + value);
  }
  return [...counts].toSorted(([a], [b]) => a - b);
}
