// By what a failure is known again: a schedule is shrunk only as long as the run fails in the same way.
import { Failure } from "@atoll/core";
import { BrokenLaw } from "@atoll/core/journal/simulated";

/** The law, or what was thrown and where: without values, which differ from run to run. */
export function lawOf(error: unknown): string {
  if (error instanceof BrokenLaw) return error.law;
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  const kind = error instanceof Failure ? error.code : error.name;
  const place = /^ +at .*?([^/()\s]+:\d+:\d+)\)?$/m.exec(error.stack ?? "")?.[1];
  return place === undefined ? kind : `${kind} at ${place}`;
}
