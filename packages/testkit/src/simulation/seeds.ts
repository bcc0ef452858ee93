// Which seeds run. The environment may name one (ATOLL_SEED, to reproduce), with the faults that are to happen in it
// (ATOLL_SCHEDULE), or say how many (ATOLL_SEEDS).
import { Failure } from "@atoll/core";
import { environment } from "@atoll/core/runtime/node";
import { checkSchedule, type Schedule } from "./schedule.ts";

export interface Seeds {
  readonly seeds: readonly number[];
  /** One was named. */
  readonly named: boolean;
  /** The faults of the one that was named, if they are not to be drawn. */
  readonly schedule: Schedule | undefined;
}

/** Seeds from 1; 0 is the run without faults, and may be named too. Throws INVALID_CONFIG. */
export function chosenSeeds(count: number): Seeds {
  const one = whole("ATOLL_SEED", 0);
  const schedule = namedSchedule();
  if (schedule && one === undefined) throw new Failure("INVALID_CONFIG", { what: "ATOLL_SCHEDULE goes with ATOLL_SEED", at: "simulate" });
  if (one !== undefined) return { seeds: one === 0 && !schedule ? [] : [one], named: true, schedule };
  return { schedule, seeds: Array.from({ length: whole("ATOLL_SEEDS", 1) ?? count }, (_, i) => i + 1), named: false };
}

function namedSchedule(): Schedule | undefined {
  const text = environment()["ATOLL_SCHEDULE"];
  if (text === undefined || text === "") return undefined;
  let schedule: unknown;
  try {
    schedule = JSON.parse(text);
  } catch (cause) {
    throw new Failure("INVALID_CONFIG", { what: `ATOLL_SCHEDULE is a schedule in JSON, not "${text}"`, at: "simulate", cause });
  }
  return checkSchedule(schedule, "ATOLL_SCHEDULE");
}

function whole(name: string, min: number): number | undefined {
  const text = environment()[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new Failure("INVALID_CONFIG", { what: `${name} is a whole number from ${min}, not "${text}"`, at: "simulate" });
}
