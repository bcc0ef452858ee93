// Whether two runs of one seed were the same run, and where they part if not.
import type { Run } from "./run.ts";
import { cut } from "./text.ts";

const lineLengthMax = 300;
const context = 3;

/** Lines for people; undefined if the two are the same. Both must have kept their whole trace for the place to be found. */
export function firstDifference(one: Run, other: Run): readonly string[] | undefined {
  if (one.trace.hash === other.trace.hash) return undefined;
  const [left, right] = [one, other].map(({ trace }) => trace.last(Number.MAX_SAFE_INTEGER).split("\n")) as [string[], string[]];
  const length = Math.max(left.length, right.length);
  let at = 0;
  while (at < length && left[at] === right[at]) at += 1;
  const shown = (lines: readonly string[]): string => cut(lines[at] ?? "(it ends here)", lineLengthMax);
  return [
    "not deterministic: the same seed gave two different runs, so something reaches around the ports (Math.random, Date.now, a timer or",
    "a promise of the machine's own, a variable outside of entities that outlives the run). They part here:",
    ...left.slice(Math.max(0, at - context), at).map((line) => `  both    ${cut(line, lineLengthMax)}`),
    ...(at < length ? [`  first   ${shown(left)}`, `  second  ${shown(right)}`] : ["  (in the order of events that look alike)"]),
  ];
}
