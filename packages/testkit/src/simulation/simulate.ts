// `simulate`: a system and a scenario, under every schedule and fault that the seeds give.
//
// First comes one run without faults, seed 0: it must pass, and its length is the span in which the faults of the others
// fall. The first seed runs twice, because everything rests on a seed giving the same run again; so does a seed that fails. Its
// faults are then shrunk to the smallest schedule that breaks the same law (shrink.ts).
import { AssertionError } from "node:assert";
import { Failure, milliseconds, type Duration, type Implementation, type System } from "@atoll/core";
import type { Network } from "@atoll/core/runtime";
import { compared, explained, traceCapacity } from "./explain.ts";
import type { Invariants } from "./invariants.ts";
import { originOf, type Origin } from "./origin.ts";
import type { Phases } from "./phases.ts";
import { firstDifference } from "./repetition.ts";
import { failingSeed } from "./report.ts";
import { runSeed, type Run, type RunPlan } from "./run.ts";
import { checkSchedule, type Schedule } from "./schedule.ts";
import { chosenSeeds } from "./seeds.ts";
import { replaced } from "./stand-in.ts";
import { checkFaults } from "./weather.ts";
import type { Fault, Scenario } from "./world.ts";

/** What a simulation takes besides its faults. */
export interface SimulationSettings {
  /** What must hold at every rest, and while the scenario runs where it says so; by the sentence that it is known by. */
  readonly invariants?: Invariants;
  /** Implementations to put in the place of those of the same contract: calm handlers for an outside party. */
  readonly replace?: readonly Implementation[];
  /** The liveness phase: how long it may take to come to rest once the faults have ended (virtual time). Default "5m". */
  readonly settleWithin?: Duration;
  /** For handlers' `config`. The environment is not read. */
  readonly config?: { readonly [name: string]: string };
  /** Stands in for the network of handlers. Without it every `cx.fetch` fails with UNAVAILABLE. */
  readonly fetch?: Network["fetch"];
  /** Told of every seed that passed. */
  readonly passed?: (seed: number, phases: Phases) => void;
}

export interface SimulateHow extends SimulationSettings {
  /** How many seeds run, from 1 on. ATOLL_SEEDS in the environment wins; ATOLL_SEED runs one seed only. */
  readonly seeds: number;
  readonly faults: readonly Fault[];
}

/** One seed with exactly these faults: what a failing seed was shrunk to, kept as a regression. */
export interface Regression extends SimulationSettings {
  readonly seed: number;
  readonly schedule: Schedule;
}

/** With fewer seeds a kind of fault may fail to turn up without anything being wrong. */
const seedsForReach = 20;

/**
 * Runs `scenario` against the whole system in virtual time, once per seed, and checks after each that the invariants hold, nothing
 * acknowledged is lost, nothing is applied twice or answered before its commit, every log is what its entities decide, indexes and
 * snapshots are folds of their logs, what was told has arrived once and in order or is parked, bounds hold, and everything comes
 * to rest once the faults end (the laws are functions: log-laws.ts of @atoll/core/journal/simulated, and here judge.ts, rest.ts,
 * operator.ts). Rejects with a `FailingSeed`, an `AssertionError`, for the first seed that fails: it says what broke, the smallest
 * schedule of faults that breaks it, what happened then, and the command that repeats it. Also fails if a seed does not give the
 * same run twice, if nothing was answered, or if with 20 seeds or more one of the faults never happened. INVALID_DEFINITION for
 * a mistake in `how`.
 */
export async function simulate(system: System, how: SimulateHow | Regression, scenario: Scenario): Promise<void> {
  const here: { stack?: string } = {};
  Error.captureStackTrace(here, simulate);
  const origin = originOf(here.stack ?? "");
  const plan = planFor(system, how, scenario);
  if ("schedule" in how) {
    const { seed } = checkRegression(how);
    return runOne(plan(seed, { schedule: how.schedule }), origin, how);
  }
  checkFaults(how.faults);
  if (!Number.isSafeInteger(how.seeds) || how.seeds < 1) refuse(`\`seeds\` is a whole number from 1, not ${how.seeds}`);
  const { seeds, named, schedule } = chosenSeeds(how.seeds);
  if (schedule) return runOne(plan(seeds[0] ?? 0, { schedule }), origin, how);

  const calmPlan = plan(0, { kinds: [], calmSteps: 1 });
  const calm = await runSeed(calmPlan);
  if (calm.broken.length > 0) throw await explained(calmPlan, calm, origin, ["without any fault"]);
  const seen = new Set<Fault>();
  for (const seed of seeds) {
    const first = seed === seeds[0];
    const seeded = plan(seed, { kinds: how.faults, calmSteps: calm.steps });
    const run = await (first ? compared(seeded) : runSeed(seeded));
    if (run.broken.length > 0) throw await explained(seeded, run, origin);
    if (first) await mustRepeat(seeded, run, origin);
    how.passed?.(seed, run.phases);
    for (const fault of run.seen) seen.add(fault);
  }
  const missed = how.faults.filter((fault) => !seen.has(fault));
  if (!named && seeds.length >= seedsForReach && missed.length > 0) {
    const message = `simulate "${system.name}": ${seeds.length} seeds, and never ${missed.join(", ")}: the scenario gives it no occasion`;
    throw new AssertionError({ message, operator: "simulate" });
  }
}

function planFor(system: System, how: SimulationSettings, scenario: Scenario): (seed: number, faults: RunPlan["faults"]) => RunPlan {
  const { replace = [], config = {}, invariants = {}, settleWithin = "5m", fetch } = how;
  const settleWithinMs = milliseconds(settleWithin);
  const common = { system: replaced(system, replace), scenario, invariants, settleWithinMs, config, fetch };
  return (seed, faults) => ({ ...common, seed, faults, traceCapacity: traceCapacity.usual, told: false });
}

async function runOne(plan: RunPlan, origin: Origin, { passed }: SimulationSettings): Promise<void> {
  const run = await runSeed(plan);
  if (run.broken.length > 0) throw await explained(plan, run, origin);
  passed?.(run.seed, run.phases);
}

async function mustRepeat(plan: RunPlan, run: Run, origin: Origin): Promise<void> {
  const remarks = firstDifference(run, await compared(plan));
  if (!remarks) return;
  throw failingSeed({ system: plan.system.name, run, origin, remarks, told: await runSeed({ ...plan, told: true }), whole: false });
}

function checkRegression({ seed, schedule }: Regression): Regression {
  if (!Number.isSafeInteger(seed) || seed < 0) refuse(`\`seed\` is a whole number from 0, not ${seed}`);
  return { seed, schedule: checkSchedule(schedule, "simulate") };
}

function refuse(what: string): never {
  throw new Failure("INVALID_DEFINITION", { what, at: "simulate" });
}
