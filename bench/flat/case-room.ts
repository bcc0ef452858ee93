// What every case is given, and what all of them do: rounds with and without a disturbance, in turns, so that whatever else the
// machine does meets both.
import type { Metrics } from "@atoll/core/runtime";
import type { Load } from "./load.ts";
import type { Phase } from "./phase.ts";

/** In the order in which they run. */
export const caseNames = ["feed", "subscriber", "rebuild"] as const;
export type CaseName = (typeof caseNames)[number];
export const isCase = (name: string): name is CaseName => (caseNames as readonly string[]).includes(name);

export interface CaseParameters {
  readonly name: CaseName;
  /** Of one round (ms). */
  readonly roundMs: number;
  /** Of traffic that the subscriber misses. */
  readonly awayMinutes: number;
}

export interface CaseRoom extends CaseParameters {
  /** An empty folder. */
  readonly data: string;
}

/** Commands of the load. */
export const perSecond = 100;
export const rounds = 2;
const sampleEveryMs = 1_000;

/** One round of `phase`. `isOver`: a round that has to wait for something is longer. */
export async function round(
  phase: Phase,
  load: Load,
  ms: number,
  queued: () => { readonly [what: string]: number },
  isOver: () => boolean = () => true,
): Promise<void> {
  phase.startRound();
  const sample = (): void => phase.sample(queued());
  phase.answered(await load.at(perSecond, ms, isOver, sampleEveryMs, sample));
  sample();
}

/** Sum of a metric over all its labels. */
export function total(metrics: Metrics, name: string): number {
  let sum = 0;
  for (const [, value] of metrics.render().matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))) sum += Number(value);
  return sum;
}

export const progress = (what: string): void => console.error(`  ${what}`);
