// Whether two runs of one seed were the same run, and where they part if not.
import type { Run } from "./run.ts";
import { cut } from "./text.ts";

const lineLengthMax = 300;
/** Lines before the first that differs, and UTF-16 units of it before the first that does. */
const context = { lines: 3, units: 100 } as const;

/** Lines for people; undefined if the two are the same. Both must have kept their whole trace for the place to be found. */
export function firstDifference(one: Run, other: Run): readonly string[] | undefined {
  if (one.trace.hash === other.trace.hash) return undefined;
  const [left, right] = [one, other].map(({ trace }) => trace.last(Number.MAX_SAFE_INTEGER).split("\n")) as [string[], string[]];
  const length = Math.max(left.length, right.length);
  let at = 0;
  while (at < length && left[at] === right[at]) at += 1;
  const before = left.slice(Math.max(0, at - context.lines), at).map((line) => `  both    ${cut(line, lineLengthMax)}`);
  const [first, second] = apart(left[at] ?? "(it ends here)", right[at] ?? "(it ends here)");
  return [
    "not deterministic: the same seed gave two different runs, so something reaches around the ports (Math.random, Date.now, a timer or",
    "a promise of the machine's own, a variable outside of entities that outlives the run). They part here:",
    ...before,
    ...(at < length ? [`  first   ${first}`, `  second  ${second}`] : ["  (in the order of events that look alike)"]),
  ];
}

/** Two lines, cut so that the place where they differ is in sight. */
function apart(one: string, other: string): readonly [string, string] {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const from = at < lineLengthMax - context.units ? 0 : at - context.units;
  const shown = (line: string): string => `${from > 0 ? "…" : ""}${cut(line.slice(from), lineLengthMax)}`;
  return [shown(one), shown(other)];
}
