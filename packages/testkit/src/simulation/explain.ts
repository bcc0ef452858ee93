// From a run that failed to what is said about it: whether it repeats, the smallest schedule that fails in the same way, and the
// story of that run.
import { environment } from "@atoll/core/runtime/node";
import type { FailingSeed } from "./failing-seed.ts";
import { lawOf } from "./law.ts";
import type { Origin } from "./origin.ts";
import { firstDifference } from "./repetition.ts";
import { failingSeed } from "./report.ts";
import { runSeed, type Run, type RunPlan } from "./run.ts";
import type { Schedule } from "./schedule.ts";
import { shrink } from "./shrink.ts";

/** So many entries of a trace are kept: enough to read, and all of them where two runs are compared. */
export const traceCapacity = { usual: 2_000, compared: 500_000 } as const;

/** `plan`: of the run that failed. */
export async function explained(plan: RunPlan, run: Run, origin: Origin, remarks: readonly string[] = []): Promise<FailingSeed> {
  const [told, once] = [await runSeed({ ...plan, told: true, traceCapacity: traceCapacity.compared }), await compared(plan)];
  const difference = firstDifference(told, once);
  const whole = (environment()["ATOLL_TRACE"] ?? "") !== "";
  const finding = { system: plan.system.name, run, origin, told, whole };
  if (difference || run.schedule.length === 0) return failingSeed({ ...finding, remarks: [...(difference ?? []), ...remarks] });
  const under = (schedule: Schedule, tell = false): Promise<Run> =>
    runSeed({ ...plan, faults: { schedule }, told: tell, traceCapacity: traceCapacity.usual });
  const law = lawOf(run.broken[0]);
  const breaksIt = ({ broken }: Run): boolean => broken.some((error) => lawOf(error) === law);
  if (!breaksIt(await under(run.schedule)))
    return failingSeed({ ...finding, remarks: [...remarks, "the schedule of its faults alone does not repeat it"] });
  const { schedule, runs, smallest } = await shrink(run.schedule, async (part) => {
    const tried = await under(part);
    return { fails: breaksIt(tried), steps: tried.events };
  });
  const count = `${schedule.length} of ${run.schedule.length} faults, after ${runs} runs${smallest ? "" : ", which is the bound"}`;
  const remark =
    schedule.length === 0
      ? `it takes no fault, only the order of events of this seed (${runs} runs)`
      : `smallest schedule that breaks it: ${count}`;
  return failingSeed({ ...finding, remarks, smallest: { run: await under(schedule, true), remark } });
}

/** The run once more, with its whole trace. */
export const compared = (plan: RunPlan): Promise<Run> => runSeed({ ...plan, traceCapacity: traceCapacity.compared });
