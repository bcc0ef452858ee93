// The load that a peer's process puts on its peer: the same closed loop as ours, in the process that a user of the peer would
// write, so that nothing but what the peer itself needs lies between who asks and the answer.
//   L1 Every answer is the outcome of the whole workflow; another answer ends the measurement.
//   L2 No key is asked twice.
//   L3 A round ends: a workflow that never answers ends the measurement.
import { isDeepStrictEqual } from "node:util";
import { askDuring } from "../callers.ts";
import { type Details, Latencies } from "../measure.ts";

export interface RoundRequest {
  readonly round: number;
  /** Workflows in flight. */
  readonly callers: number;
  readonly ms: number;
}

export interface RoundAnswer {
  readonly perSecond: number;
  /** Of all rounds that count with as many callers. */
  readonly details: Details;
}

/** Starts the workflow of a key that no other has, and resolves with its outcome. */
export type Workflow = (key: string) => Promise<unknown>;

/** What three steps make of nothing: each adds one to what it is given. */
export const firstInput = 1;
const outcome = { total: 4 };
export const step = (by: number): Promise<{ readonly total: number }> => Promise.resolve({ total: by + 1 });

/** What a round may take beyond its time, until its last workflow has answered (ms). */
const drainWithinMs = 60_000;

/** The peer did not do the work. */
export class WrongWork extends Error {
  override readonly name = "WrongWork";
}

export interface LoadOptions {
  readonly drainMs?: number;
  /** CPU time so far of the other process of two. */
  readonly cpuUs?: () => Promise<number>;
}

/** Over all rounds that count with as many callers. */
interface Counted {
  readonly times: Latencies;
  answers: number;
  cpuUs: number;
}

export function loadOn(
  workflow: Workflow,
  { drainMs = drainWithinMs, cpuUs }: LoadOptions = {},
): (request: RoundRequest) => Promise<RoundAnswer> {
  const counts = new Map<number, Counted>();
  let keys = 0;
  const ask = async (): Promise<void> => {
    const answer = await workflow(`s${(keys += 1)}`);
    if (!isDeepStrictEqual(answer, outcome)) throw new WrongWork(`a workflow came to ${JSON.stringify(answer)}`);
  };
  const usedUs = async (): Promise<number> => {
    if (!cpuUs) return 0;
    const { user, system } = process.cpuUsage();
    return user + system + (await cpuUs());
  };
  return async ({ round, callers, ms }) => {
    const counted = counts.get(callers) ?? { times: new Latencies(), answers: 0, cpuUs: 0 };
    counts.set(callers, counted);
    counted.times.startRound(round);
    if (round <= 1) counted.answers = counted.cpuUs = 0;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new WrongWork(`a workflow has not answered ${drainMs} ms after its round`)), ms + drainMs);
    try {
      const [beganUs, keysBefore] = [await usedUs(), keys];
      const perSecond = await Promise.race([askDuring(ms, callers, ask, counted.times), late.promise]);
      counted.cpuUs += (await usedUs()) - beganUs;
      counted.answers += keys - keysBefore;
      const details = counted.times.details();
      return { perSecond, details: cpuUs ? { ...details, cpu_us: counted.cpuUs / counted.answers } : details };
    } finally {
      clearTimeout(timer);
    }
  };
}
