// A schedule of faults: what went wrong in one run, as plain data that can be printed, shrunk, replayed and kept as a regression.
// A run writes down each fault as it happens, counted by what the world did until then, so that:
//
// S1  the same seed with the schedule that its run wrote down is the same run, event by event;
// S2  a schedule is data: what JSON makes of it and back is the same schedule;
// S3  a fault whose moment never comes (the call is not made, the step not reached) does not happen, and harms nothing.
import { Failure } from "@atoll/core";
import type { Fault as JournalFault } from "@atoll/core/journal/simulated";
import { faultKinds, type Fault } from "./world.ts";

/** When a delivery comes once more. */
export type Repeat = "at once" | "after the answer" | { readonly afterMs: number };

export type ScheduledFault =
  /** Before the event that follows event `step` of the run, or as soon as there is a process then. */
  | { readonly fault: "crash"; readonly step: number; readonly downMs: number }
  /** `command`: 1 for the first command, or POST with an Idempotency-Key, that the scenario sends. */
  | { readonly fault: "duplicate"; readonly command: number; readonly again: Repeat }
  /** `call`: 1 for the first call of the journal of `service` in the run, counted on through its crashes. */
  | { readonly fault: "slow-disk" | "failing-disk"; readonly service: string; readonly call: number; readonly how: JournalFault };

export type Schedule = readonly ScheduledFault[];

/** Throws INVALID_DEFINITION for what is no schedule. `at`: where it stands. */
export function checkSchedule(schedule: unknown, at: string): Schedule {
  const refuse = (what: string): never => {
    throw new Failure("INVALID_DEFINITION", { what, at });
  };
  if (!Array.isArray(schedule)) return refuse("a schedule is a list of faults");
  for (const [i, entry] of (schedule as readonly unknown[]).entries())
    if (!isScheduled(entry)) refuse(`entry ${i} is no fault of a schedule: ${JSON.stringify(entry)}`);
  return schedule as Schedule;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isScheduled(entry: unknown): boolean {
  if (typeof entry !== "object" || entry === null) return false;
  const { fault, step, downMs, command, again, service, call, how } = entry as { readonly [name: string]: unknown };
  if (!faultKinds.includes(fault as Fault)) return false;
  if (fault === "crash") return isCount(step) && isCount(downMs);
  if (fault === "duplicate") return isCount(command) && isRepeat(again);
  return typeof service === "string" && isCount(call) && typeof (how as { readonly kind?: unknown } | null | undefined)?.kind === "string";
}

const isRepeat = (again: unknown): boolean =>
  again === "at once" || again === "after the answer" || isCount((again as { readonly afterMs?: unknown } | null | undefined)?.afterMs);
