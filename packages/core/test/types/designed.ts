// Parts of the programming model that are designed and not built: signatures only, kept here so that what is built goes on
// fitting them, and so that the promise about their mistakes (bad.ts) stays checked. A part that gets built leaves this
// file; nothing outside of the type tests may import it.
import type { System } from "@atoll/core";
import type { Fault, Scenario, SimulateHow } from "@atoll/testkit";

/** Simulation of more than one process: everything else about it is built. */
export declare function simulate(
  system: System,
  how: Omit<SimulateHow, "faults"> & {
    readonly nodes: number;
    readonly faults: readonly (Fault | "pause" | "partition" | "reorder")[];
  },
  scenario: Scenario,
): Promise<void>;
