// Who runs what, as far as this node knows. A hint that may be old, never a proof: who is asked for what is not its own any more says so.
import type { Address } from "../../transport/index.ts";

export interface Directory {
  /** The nodes that run the service and take messages; none while it is starting, or moving. */
  nodes(service: string): readonly Address[];
  /** Why nobody runs the service, nor will; undefined while somebody does, or will. */
  lost(service: string): string | undefined;
  /** `changed` is called after every change, never from within `nodes` or `lost`. */
  watch(changed: () => void): void;
}
