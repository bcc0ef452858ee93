// A running process from its own metrics: whether it is at rest, and whether its bounds hold.
import type { System } from "@atoll/core";
import { entityLimits } from "@atoll/core/entity";
import { BrokenLaw, type SimulatedDisk } from "@atoll/core/journal/simulated";
import type { Machine } from "./machine.ts";

interface Sample {
  readonly name: string;
  /** As rendered, braces included: `{service="stock",entity="stock"}`. */
  readonly labels: string;
  readonly value: number;
}

function* samplesOf(machine: Machine): Generator<Sample> {
  for (const line of machine.process?.metrics.render().split("\n") ?? []) {
    const found = /^([a-z_]+)(\{.*\})? (\S+)$/.exec(line);
    if (found) yield { name: found[1] as string, labels: found[2] ?? "", value: Number(found[3]) };
  }
}

/** Must be zero when nothing is asked any more. */
const restless = new Set([
  "atoll_messages_waiting",
  "atoll_mailbox_messages",
  "atoll_commit_queue_records",
  "atoll_recoveries_waiting",
  "atoll_handlers_running",
  "atoll_handlers_waiting",
  "atoll_subscription_lag_records",
  "atoll_tells_open",
  "atoll_http_requests_in_flight",
  "atoll_sagas_running",
  "atoll_sagas_waiting",
  "atoll_read_model_behind_records",
  "atoll_read_model_queries_running",
]);

/** What keeps the system from being at rest, for people; undefined if it is. */
export function unrest(machine: Machine, disk: SimulatedDisk, services: readonly string[]): string | undefined {
  if (!machine.up) return "the process is down";
  for (const { name, labels, value } of samplesOf(machine)) if (value > 0 && restless.has(name)) return `${name}${labels} is ${value}`;
  for (const service of services) {
    for (const [partition, { head, indexedTo }] of (disk.image(service)?.partitions ?? []).entries()) {
      if (indexedTo < head) return `partition ${partition} of ${service} is indexed to ${indexedTo}, its head is ${head}`;
    }
  }
  return undefined;
}

/** Bounds that can be looked at from outside, by the metric that shows them, labels included. */
export class Bounds {
  readonly #max = new Map<string, number>();

  constructor({ services }: System) {
    for (const { name, parts, how } of services) {
      for (const { kind, contract } of parts) {
        const labels = (part: string): string => `{service="${name}",${part}="${contract.$.name}"}`;
        if (kind === "entity")
          this.#max.set(`atoll_entities_resident${labels("entity")}`, how.limits?.entities?.residentsMax ?? entityLimits.residentsMax);
        const { runningMax } = how.limits?.sagas ?? {};
        if (kind === "saga" && runningMax !== undefined) this.#max.set(`atoll_sagas_running${labels("saga")}`, runningMax);
        const { concurrency, mailboxCapacity } = how.limits?.handlers ?? {};
        if (kind !== "handlers") continue;
        if (concurrency !== undefined) this.#max.set(`atoll_handlers_running${labels("contract")}`, concurrency);
        if (mailboxCapacity !== undefined) this.#max.set(`atoll_handlers_waiting${labels("contract")}`, mailboxCapacity);
      }
    }
  }

  /** Throws a `BrokenLaw` for the first bound that does not hold now. */
  check(machine: Machine): void {
    for (const { name, labels, value } of samplesOf(machine)) {
      const max = this.#max.get(name + labels);
      if (max !== undefined && value > max) throw new BrokenLaw("bounds", `${name}${labels} is ${value}, ${max} are allowed`);
    }
  }
}
