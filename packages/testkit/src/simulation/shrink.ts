// The smallest part of a schedule that still fails in the same way, by delta debugging (Zeller, Hildebrandt: Simplifying and
// Isolating Failure-Inducing Input, 2002): halves, then ever smaller parts are left out, until nothing can be left out alone.
// A fault costs calls and events, so those after it would strike something else without it: each is also left out while the
// later ones come sooner. Then each fault that is left is made as mild as it may be.
//
// Bounded by runs and by events, not by time: the same seed is shrunk to the same schedule on every machine.
import type { Schedule, ScheduledFault } from "./schedule.ts";

export interface Trial {
  /** It failed in the way that is looked for. */
  readonly fails: boolean;
  /** What it cost (events). */
  readonly steps: number;
}

export interface Shrunk {
  readonly schedule: Schedule;
  readonly runs: number;
  /** Nothing can be left out alone. False: the bound was reached first. */
  readonly smallest: boolean;
}

/** What a fault costs, at most, in calls or events, for the search of those that come sooner without it. */
const soonerMax = 16;

const shrinkLimits = { runs: 300, steps: 3_000_000 } as const;

/** `schedule` fails, which is not tried again. */
export async function shrink(
  schedule: Schedule,
  run: (part: Schedule) => Promise<Trial>,
  limits: { readonly runs: number; readonly steps: number } = shrinkLimits,
): Promise<Shrunk> {
  let [runs, steps] = [0, 0];
  const spent = (): boolean => runs >= limits.runs || steps >= limits.steps;
  const fails = async (part: Schedule): Promise<boolean> => {
    if (spent()) return false;
    const trial = await run(part);
    runs += 1;
    steps += trial.steps;
    return trial.fails;
  };
  let smallest = await without(schedule, fails);
  for (let next = await sooner(smallest, fails); next; next = await sooner(smallest, fails)) smallest = next;
  for (let i = 0; i < smallest.length; i++) {
    for (const milder of milderThan(smallest[i] as ScheduledFault)) {
      const candidate = smallest.with(i, milder);
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      break;
    }
  }
  return { schedule: smallest, runs, smallest: !spent() };
}

async function without(schedule: Schedule, fails: (part: Schedule) => Promise<boolean>): Promise<Schedule> {
  if (schedule.length > 0 && (await fails([]))) return [];
  let rest = schedule;
  for (let parts = 2; rest.length > 1;) {
    const size = Math.ceil(rest.length / parts);
    let found: Schedule | undefined;
    for (let from = 0; from < rest.length && !found; from += size) {
      const left = [...rest.slice(0, from), ...rest.slice(from + size)];
      if (left.length > 0 && (await fails(left))) found = left;
    }
    if (found) {
      rest = found;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      break;
    } else {
      parts = Math.min(rest.length, parts * 2);
    }
  }
  return rest;
}

/** One fault less, those after it by so much sooner that it fails all the same. */
async function sooner(schedule: Schedule, fails: (part: Schedule) => Promise<boolean>): Promise<Schedule | undefined> {
  for (let i = 0; i < schedule.length - 1; i++) {
    for (const by of costs(schedule, i)) {
      const candidate = [...schedule.slice(0, i), ...schedule.slice(i + 1).map((fault) => soonerBy(fault, by))];
      if (await fails(candidate)) return candidate;
    }
  }
  return undefined;
}

/** What the fault may have cost: a few events or calls, or, for a crash while the system starts, all since the crash before it. */
function costs(schedule: Schedule, i: number): readonly number[] {
  const few = Array.from({ length: soonerMax }, (_, n) => n + 1);
  const fault = schedule[i] as ScheduledFault;
  if (fault.fault !== "crash") return few;
  const before = schedule.slice(0, i).findLast((earlier) => earlier.fault === "crash");
  const start = fault.step - (before?.fault === "crash" ? before.step : 0);
  return [...few, ...few.map((n) => start + n - 1).filter((by) => by > soonerMax)];
}

function soonerBy(fault: ScheduledFault, by: number): ScheduledFault {
  if (fault.fault === "crash") return { ...fault, step: Math.max(1, fault.step - by) };
  if (fault.fault === "duplicate") return fault;
  return { ...fault, call: Math.max(1, fault.call - by) };
}

/** The same fault with less of it, the mildest first. */
function milderThan(fault: ScheduledFault): readonly ScheduledFault[] {
  if (fault.fault === "crash") return fault.downMs > 0 ? [{ ...fault, downMs: 0 }] : [];
  if (fault.fault === "duplicate") return fault.again === "at once" ? [] : [{ ...fault, again: "at once" }];
  return fault.how.kind === "slow" && fault.how.delayMs > 10 ? [{ ...fault, how: { kind: "slow", delayMs: 10 } }] : [];
}
