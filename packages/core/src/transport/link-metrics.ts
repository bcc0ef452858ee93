// The numbers by which one sees how links are doing (docs/metrics.md). One set per registry: nodes that share a registry,
// as in one process, share it.
import type { Counter, Metrics } from "../runtime/index.ts";
import type { ConnectReason } from "./connect-failure.ts";
import type { LinkLoss } from "./transport.ts";

const losses = ["closed", "broken", "silent", "gap", "violated", "failed"] as const satisfies readonly LinkLoss["kind"][];
const reasons = [
  "protocol",
  "system",
  "identity",
  "ticket",
  "full",
  "malformed",
  "silent",
  "unreachable",
] as const satisfies readonly ConnectReason[];

export class LinkMetrics {
  readonly messagesSent: Counter;
  readonly messagesArrived: Counter;
  readonly framesSent: Counter;
  readonly framesArrived: Counter;
  readonly duplicates: Counter;
  readonly #lost: { readonly [kind in LinkLoss["kind"]]: Counter };
  readonly #refused: { readonly [reason in ConnectReason]: Counter };
  #open = 0;

  constructor(metrics: Metrics) {
    const both = (name: string, help: string): readonly [Counter, Counter] => [
      metrics.counter(name, help, { direction: "out" }),
      metrics.counter(name, help, { direction: "in" }),
    ];
    [this.messagesSent, this.messagesArrived] = both("atoll_link_messages_total", "Messages over links");
    [this.framesSent, this.framesArrived] = both("atoll_link_frames_total", "Frames over links, of any number of messages");
    this.duplicates = metrics.counter("atoll_link_duplicates_total", "Frames that came again and were dropped");
    const counters = <N extends string>(names: readonly N[], make: (name: N) => Counter): { readonly [name in N]: Counter } =>
      Object.fromEntries(names.map((name) => [name, make(name)])) as { readonly [name in N]: Counter };
    this.#lost = counters(losses, (kind) => metrics.counter("atoll_links_lost_total", "Links that have ended", { kind }));
    this.#refused = counters(reasons, (reason) =>
      metrics.counter("atoll_links_refused_total", "Connections to this node that did not become links", { reason }),
    );
    metrics.gauge("atoll_links_open", "Links to other nodes", {}, () => this.#open);
  }

  opened(): void {
    this.#open += 1;
  }

  lost(kind: LinkLoss["kind"]): void {
    this.#open -= 1;
    this.#lost[kind].add(1);
  }

  refused(reason: ConnectReason): void {
    this.#refused[reason].add(1);
  }
}
