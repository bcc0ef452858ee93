// Parts of the programming model that are designed and not built: signatures only, kept here so that what is built goes on
// fitting them, and so that the promise about their mistakes (bad.ts) stays checked. A part that gets built leaves this
// file; nothing outside of the type tests may import it.
import type { Implementation, System } from "@atoll/core";
import type { At, Tell } from "@atoll/core/contract";

// simulation of more than one process

export interface World {
  readonly at: At;
  readonly tell: Tell;
  settle(): Promise<void>;
}
export declare function simulate(
  system: System,
  how: {
    readonly seeds: number;
    readonly nodes: number;
    readonly faults: readonly ("crash" | "pause" | "partition" | "duplicate" | "reorder" | "slow-disk")[];
    readonly replace?: readonly Implementation[];
  },
  scenario: (world: World) => Promise<void>,
): Promise<void>;
