// What a test says must always hold: functions over the system as anybody sees it, asked at every rest and, where the test wants,
// again and again while the scenario runs. A violation is a broken law like any other, with its seed and its schedule.
import { Failure } from "@atoll/core";
import { BrokenLaw } from "@atoll/core/journal/simulated";
import { shortText } from "./text.ts";
import type { World } from "./world.ts";

/** What an invariant looks at. It asks queries; what it asks is not counted as something that the scenario asked. */
export type Observed = Pick<World, "at" | "seed">;

export type Look = (world: Observed) => Promise<void>;

/** Throws (an `AssertionError`, say) if it does not hold. */
export type Invariant =
  | Look
  /** Also looked at while the scenario runs and faults happen; a `Failure` that it runs into then says nothing. */
  | { readonly always: Look };

/** By what they say, as a sentence: it is the name of the law. */
export type Invariants = { readonly [sentence: string]: Invariant };

/** All of them, at rest: each must answer, and hold. Throws a `BrokenLaw` for the first that does not. */
export async function checkInvariants(invariants: Invariants, world: Observed): Promise<void> {
  for (const [sentence, invariant] of Object.entries(invariants))
    await hold(sentence, typeof invariant === "function" ? invariant : invariant.always, world);
}

/** Those that hold always, now. */
export async function checkAlways(invariants: Invariants, world: Observed): Promise<void> {
  for (const [sentence, invariant] of Object.entries(invariants)) {
    if (typeof invariant === "function") continue;
    try {
      await hold(sentence, invariant.always, world);
    } catch (error) {
      if (!(error instanceof BrokenLaw && error.cause instanceof Failure)) throw error;
    }
  }
}

export const looksAlways = (invariants: Invariants): boolean =>
  Object.values(invariants).some((invariant) => typeof invariant !== "function");

async function hold(sentence: string, look: Look, world: Observed): Promise<void> {
  try {
    await look(world);
  } catch (cause) {
    const broken = new BrokenLaw(`invariant "${sentence}"`, cause instanceof Error ? cause.message : shortText(cause));
    broken.cause = cause;
    throw broken;
  }
}
