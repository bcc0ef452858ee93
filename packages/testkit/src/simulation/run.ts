// One seed: a world, a machine, a scenario, faults until it settles, and then the laws. What is found is returned, not
// thrown: who called decides what it means.
import { milliseconds, type System } from "@atoll/core";
import { BrokenLaw, SimulatedDisk } from "@atoll/core/journal/simulated";
import { seededRandom, VirtualWorld, type Trace, type VirtualWorldOptions } from "@atoll/core/runtime/virtual";
import { DrawnFate, plannedFate } from "./fate.ts";
import { HttpClient } from "./http-client.ts";
import { checkAlways, checkInvariants, looksAlways, type Invariants, type Observed } from "./invariants.ts";
import { attempt, estateOf, judge } from "./judge.ts";
import { LoggedRecords } from "./logged.ts";
import { Machine } from "./machine.ts";
import { narrated, tellCommits } from "./narrator.ts";
import { Operator } from "./operator.ts";
import { Settling, type Phases } from "./phases.ts";
import { Bounds, unrest } from "./rest.ts";
import type { Schedule } from "./schedule.ts";
import { Witness } from "./stand-in.ts";
import { Story } from "./story.ts";
import { passing } from "./waiting.ts";
import { Weather } from "./weather.ts";
import type { Fault, Scenario, World } from "./world.ts";

export interface RunPlan {
  readonly seed: number;
  /** With its stand-ins. */
  readonly system: System;
  readonly scenario: Scenario;
  readonly invariants: Invariants;
  /** Drawn from the seed within `calmSteps`, the events of a run without faults; or exactly these. */
  readonly faults: { readonly kinds: readonly Fault[]; readonly calmSteps: number } | { readonly schedule: Schedule };
  /** After the last fault everything is at rest within this (virtual ms). */
  readonly settleWithinMs: number;
  readonly config: { readonly [name: string]: string };
  readonly fetch: VirtualWorldOptions["fetch"];
  /** Entries of the trace that are kept. */
  readonly traceCapacity: number;
  /** Whether the story is told: it costs time and changes nothing. */
  readonly told: boolean;
}

export interface Run {
  readonly seed: number;
  /** What broke, in the order in which it was found. Empty: all is well. */
  readonly broken: readonly unknown[];
  /** Among `broken`: what the scenario itself threw. */
  readonly thrown: { readonly error: unknown } | undefined;
  readonly trace: Trace;
  /** Events until the scenario was over. */
  readonly steps: number;
  /** Events in all. */
  readonly events: number;
  /** The faults that happened, a line each, their kinds, and the schedule that repeats them. */
  readonly faults: readonly string[];
  readonly seen: ReadonlySet<Fault>;
  readonly schedule: Schedule;
  readonly phases: Phases;
  /** Empty unless it was told. */
  readonly story: readonly string[];
}

/** Far above what a scenario needs: only a livelock gets there. */
const stepsMax = 2_000_000;
/** Bounds are looked at this often (events). */
const boundsEvery = 64;
/** Invariants that hold always are looked at this often (virtual ms). */
const alwaysEveryMs = 25;

export async function runSeed(plan: RunPlan): Promise<Run> {
  const { seed, faults, config, fetch, traceCapacity, invariants } = plan;
  await plan.system.gateway?.load?.(); // before the world begins: from then on nothing waits for a file
  const world = new VirtualWorld({ seed, stepsMax, traceCapacity, ...(fetch ? { fetch } : {}) });
  const story = plan.told ? new Story(world) : undefined;
  const disk = new SimulatedDisk(world.outside);
  if (story) tellCommits(disk, story);
  const witness = new Witness(plan.system, () => world.steps);
  const fate = "schedule" in faults ? plannedFate(faults.schedule) : new DrawnFate(seed, faults.kinds, faults.calmSteps);
  const weather = new Weather({ world, fate, story });
  const restarts = seededRandom(seed, "restarts");
  const machine = new Machine({
    world,
    disk,
    config,
    story,
    system: story ? narrated(witness.system, story) : witness.system,
    random: () => restarts.next(),
    planFor: (service) => weather.planFor(service),
  });
  const estate = estateOf(plan.system);
  const homes = new Map(estate.entities.map(({ entity, service }) => [entity.contract.$.name, service]));
  const parties = { world, machine, weather, witness, story, entities: homes, logged: new LoggedRecords(disk) };
  const operator = new Operator({ ...parties, name: "operator" });
  const observer = new Operator({ ...parties, name: "invariants" });
  const http = new HttpClient(world, machine, weather, story);
  const bounds = new Bounds(plan.system);
  const settling = new Settling(world, weather, plan.settleWithinMs);
  const broken: unknown[] = [];

  const observed: Observed = { at: observer.at, seed };
  const settle = async (): Promise<void> => {
    await settling.settle(() => {
      const waiting = operator.waiting + http.waiting + observer.waiting;
      return waiting > 0 ? `${waiting} calls are not answered` : unrest(machine, disk, estate.services);
    });
    await checkInvariants(invariants, observed);
  };
  const random = seededRandom(seed, "scenario");
  const view: World = {
    at: operator.at,
    tell: operator.tell,
    http: (request) => http.request(request),
    settle,
    pause: (duration) => passing(world, milliseconds(duration)),
    random: () => random.next(),
    seed,
  };

  let steps = 0;
  const acting = new Set(["the scenario"]);
  let thrown: Run["thrown"];
  const scenario = async (): Promise<void> => {
    try {
      await plan.scenario(view);
    } catch (error) {
      thrown = { error };
      throw error;
    } finally {
      acting.clear();
      steps = world.steps;
    }
  };
  const watch = async (): Promise<void> => {
    if (!looksAlways(invariants)) return;
    for (; acting.size > 0; await passing(world, alwaysEveryMs)) await checkAlways(invariants, observed);
  };
  const course = async (): Promise<void> => {
    machine.start();
    await machine.started;
    await Promise.all([scenario(), watch()]);
    await settle();
    await machine.stop();
  };
  await attempt(broken, async () => {
    let over = false;
    const end = (): void => {
      over = true;
    };
    const running = Promise.race([course(), machine.failed]);
    running.then(end, end);
    let looked = 0;
    await world.run(() => {
      if (over) return true;
      weather.tick(machine);
      if (world.steps >= looked + boundsEvery) {
        looked = world.steps;
        bounds.check(machine);
      }
      return false;
    });
    await running;
  });
  const { phases } = settling;
  await judge(estate, { world, disk, witness, attempts: [...operator.attempts, ...observer.attempts] }, broken);
  broken.push(...operator.bugs, ...observer.bugs, ...http.bugs);
  if (broken.length === 0 && operator.answered + http.answered === 0) {
    const asked = operator.asked + http.asked;
    broken.push(new BrokenLaw("something was answered", asked === 0 ? "the scenario asked nothing" : `none of ${asked} calls was`));
  }
  const { lines, seen, schedule } = weather;
  return {
    seed,
    broken,
    thrown,
    trace: world.trace,
    steps,
    events: world.steps,
    faults: lines,
    seen,
    schedule,
    phases,
    story: story?.lines() ?? [],
  };
}
