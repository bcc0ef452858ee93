// What of a service waits for a person, as health and operators are told.
import type { EntityHost } from "../entity/index.ts";
import type { QuarantineEntry } from "../journal/index.ts";
import type { ServiceHealth } from "./edge.ts";
import type { SagaHost } from "./saga/host.ts";
import type { ServiceDeliveries } from "./service-deliveries.ts";

/** A key that is kept from running, as operators see it. */
export interface Quarantined {
  readonly service: string;
  readonly entity: string;
  readonly key: string;
  /** ISO 8601. */
  readonly since: string;
  readonly reason: string;
  /** `partition` and `offset` of the record that cannot be applied, where there is one. */
  readonly offset?: number;
}

/** Those that live here: of a log that several nodes share, each shows its own. */
export const quarantinedIn = (host: EntityHost): readonly QuarantineEntry[] =>
  host.quarantined().filter(({ type, key }) => host.writer.owns(host.writer.partitionOf(type, key)));

/** What of a service somebody has to look at; nothing, if nobody has to. */
export function needOf(
  sagas: readonly SagaHost[],
  hosts: readonly EntityHost[],
  deliveries: ServiceDeliveries | undefined,
): Pick<ServiceHealth, "sagas" | "quarantined" | "deadLetters"> {
  const count = (of: "parked" | "owed" | "overdue"): number => sagas.reduce((sum, host) => sum + host.count(of), 0);
  const [parked, apologies, overdue] = [count("parked"), count("owed"), count("overdue")];
  const quarantined = hosts.reduce((sum, host) => sum + quarantinedIn(host).length, 0);
  const deadLetters = deliveries?.deadLetters?.count ?? 0;
  return {
    ...(parked + apologies > 0 ? { sagas: { parked, apologies, overdue } } : {}),
    ...(quarantined > 0 ? { quarantined } : {}),
    ...(deadLetters > 0 ? { deadLetters } : {}),
  };
}
