// Durations as people write them in definitions ("250ms", "10s", "5m"). Decoded once, at the edge; inside, only
// milliseconds travel.
import { Failure } from "./failure.ts";

export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Longer waits than this (about 24 days) overflow the timers of every JavaScript engine. */
const durationMsMax = 2 ** 31 - 1;

/** Milliseconds, a whole number above 0 and at most 2^31 - 1; `INVALID_DEFINITION`, naming the place `at`, for anything else. */
export function milliseconds(duration: Duration, at?: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
  const ms = match ? Math.round(Number(match[1]) * unitsMs[match[2] as keyof typeof unitsMs]) : Number.NaN;
  if (ms > 0 && ms <= durationMsMax) return ms;
  throw new Failure("INVALID_DEFINITION", {
    what: `"${duration}" is not a duration: write a number above 0 and a unit (ms, s, m, h, d), at most 24d`,
    ...(at === undefined ? {} : { at }),
  });
}
