// Who runs what, as far as this node knows. A hint that may be old, never a proof: who is asked for what is not its own any more says so.
import type { ServicePlan } from "../../cluster/index.ts";
import type { Address } from "../../transport/index.ts";

export interface Directory {
  /** The nodes that run the service and take messages; none while it is starting, or moving. */
  nodes(service: string): readonly Address[];
  /** Why nobody runs the service, nor will; undefined while somebody does, or will. */
  lost(service: string): string | undefined;
  /** Who hosts the log of the service and owns its partitions; undefined for a service without a log, and before anything is known. */
  plan(service: string): ServicePlan | undefined;
  /** `changed` is called after every change, never from within the others. */
  watch(changed: () => void): void;
}
