// Looks at a shop until nothing is wrong with it any more, or its time to come to rest is over.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { gather, type Evidence, type GatherHow } from "./evidence.ts";
import { firstViolation } from "./invariants.ts";
import type { Shop } from "./shop.ts";

/** Between two looks at a shop that is not at rest yet (ms). */
const lookAgainMs = 1_000;

export interface Found {
  readonly evidence: Evidence;
  readonly found: ReturnType<typeof firstViolation>;
}

export async function atRest(shop: Shop, how: Omit<GatherHow, "key"> & { readonly withinMs: number }): Promise<Found> {
  const startedMs = performance.now();
  for (;;) {
    const evidence = await gather(shop, { ...how, key: `verify-${randomUUID()}` });
    const found = firstViolation(evidence);
    // What is wrong while things are going on may be right once they are over; what stays wrong is a violation.
    if (!found || found.lasting || performance.now() - startedMs + lookAgainMs >= how.withinMs) return { evidence, found };
    await pause(lookAgainMs);
  }
}
