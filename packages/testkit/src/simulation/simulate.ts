// `simulate`: a system and a scenario, under every schedule and fault that the seeds give.
//
// First comes one run without faults, seed 0: it must pass, and its length is the span in which the faults of the others
// fall. The first seed runs twice, because everything rests on a seed giving the same run again; so does a seed that fails.
import { AssertionError } from "node:assert";
import { Failure, type Implementation, type System } from "@atoll/core";
import type { Network } from "@atoll/core/runtime";
import { originOf, type Origin } from "./origin.ts";
import { firstDifference } from "./repetition.ts";
import { failingSeed } from "./report.ts";
import { runSeed, type Run, type RunPlan } from "./run.ts";
import { chosenSeeds } from "./seeds.ts";
import { replaced } from "./stand-in.ts";
import { checkFaults } from "./weather.ts";
import type { Fault, Scenario } from "./world.ts";

export interface SimulateHow {
  /** How many seeds run, from 1 on. ATOLL_SEEDS in the environment wins; ATOLL_SEED runs one seed only. */
  readonly seeds: number;
  readonly faults: readonly Fault[];
  /** Implementations to put in the place of those of the same contract: calm handlers for an outside party. */
  readonly replace?: readonly Implementation[];
  /** For handlers' `config`. The environment is not read. */
  readonly config?: { readonly [name: string]: string };
  /** Stands in for the network of handlers. Without it every `cx.fetch` fails with UNAVAILABLE. */
  readonly fetch?: Network["fetch"];
}

/** So many entries of a trace are kept: enough to read, and all of them where two runs are compared. */
const traceCapacity = { usual: 2_000, compared: 500_000 } as const;
/** With fewer seeds a kind of fault may fail to turn up without anything being wrong. */
const seedsForReach = 20;

/**
 * Runs `scenario` against the whole system in virtual time, once per seed, and checks after each that nothing acknowledged is
 * lost, nothing is applied twice or answered before its commit, every log is what its entities decide, indexes and snapshots are
 * folds of their logs, what was told has arrived once and in order or is parked, bounds hold, and everything comes to rest once the faults end (the laws are functions: log-laws.ts of
 * @atoll/core/journal/simulated, and here fold-laws.ts, told-laws.ts, rest.ts, operator.ts). Rejects with an `AssertionError` for the first seed that fails: its message says what
 * broke, which faults there were, and the command that repeats it. Also fails if a seed does not give the same run twice,
 * if nothing was answered, or if with 20 seeds or more one of the faults never happened. INVALID_DEFINITION for a mistake in `how`.
 */
export async function simulate(system: System, how: SimulateHow, scenario: Scenario): Promise<void> {
  const here: { stack?: string } = {};
  Error.captureStackTrace(here, simulate);
  const origin = originOf(here.stack ?? "");
  checkFaults(how.faults);
  if (!Number.isSafeInteger(how.seeds) || how.seeds < 1) {
    throw new Failure("INVALID_DEFINITION", { what: `\`seeds\` is a whole number from 1, not ${how.seeds}`, at: "simulate" });
  }
  const { seeds, named } = chosenSeeds(how.seeds);
  const common = { system: replaced(system, how.replace ?? []), scenario, config: how.config ?? {}, fetch: how.fetch };
  const plan = (seed: number, calmSteps: number, capacity: number): RunPlan => ({
    ...common,
    seed,
    faults: seed === 0 ? [] : how.faults,
    calmSteps,
    traceCapacity: capacity,
  });

  const calm = await runSeed(plan(0, 1, traceCapacity.usual));
  const again = (seed: number): Promise<Run> => runSeed(plan(seed, calm.steps, traceCapacity.compared));
  if (calm.broken.length > 0) throw await explained(system, calm, origin, again, ["without any fault"]);
  const seen = new Set<Fault>();
  for (const seed of seeds) {
    const first = seed === seeds[0];
    const run = await runSeed(plan(seed, calm.steps, first ? traceCapacity.compared : traceCapacity.usual));
    if (run.broken.length > 0) throw await explained(system, run, origin, again);
    if (first) {
      const difference = firstDifference(run, await again(seed));
      if (difference) throw failingSeed({ system: system.name, run, origin, remarks: difference });
    }
    for (const fault of run.seen) seen.add(fault);
  }
  const missed = how.faults.filter((fault) => !seen.has(fault));
  if (!named && seeds.length >= seedsForReach && missed.length > 0) {
    const message = `simulate "${system.name}": ${seeds.length} seeds, and never ${missed.join(", ")}: the scenario gives it no occasion`;
    throw new AssertionError({ message, operator: "simulate" });
  }
}

/** A seed that fails is run again twice: a command that repeats it helps only if it does repeat. */
async function explained(
  system: System,
  run: Run,
  origin: Origin,
  again: (seed: number) => Promise<Run>,
  remarks: readonly string[] = [],
): Promise<AssertionError> {
  const difference = firstDifference(await again(run.seed), await again(run.seed));
  return failingSeed({ system: system.name, run, origin, remarks: [...(difference ?? []), ...remarks] });
}
