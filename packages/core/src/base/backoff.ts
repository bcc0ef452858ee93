// How long to wait before the next try: exponential with full jitter above half, so that what failed together does not
// come back together. Pure: the caller owns the timer.

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** `failures` counts from 1. Milliseconds, between half of the step and the step. */
export function backoffMs(backoff: Backoff, failures: number, random: () => number): number {
  const step = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(30, failures - 1));
  return step / 2 + (step / 2) * random();
}
