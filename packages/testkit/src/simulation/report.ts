// What a failing simulation says: the seed, what broke, the command that repeats it, the smallest schedule of faults that breaks
// it and how to keep it, and what happened then.
import { FailingSeed } from "./failing-seed.ts";
import { lawOf } from "./law.ts";
import { commandFor, type Origin } from "./origin.ts";
import { phasesText } from "./phases.ts";
import type { Run } from "./run.ts";
import type { Schedule } from "./schedule.ts";
import { cut } from "./text.ts";

/** Lines of each part, UTF-16 units of a line. */
const limits = {
  faults: 40,
  story: { first: 8, last: 25, before: 20, after: 15, max: 120 },
  broken: 10,
  line: 300,
  schedule: 20,
  command: 4_000,
} as const;

/** The line of a fault in a story. */
const faultLine = /^ *\d+ ms +\d+ {2}FAULT /;

export interface Finding {
  readonly system: string;
  /** The run that failed. */
  readonly run: Run;
  readonly origin: Origin;
  /** What else is known: that the seed does not repeat, or that it takes no fault to fail. */
  readonly remarks: readonly string[];
  /** The run of the smallest schedule, told; undefined if there was nothing to make smaller. */
  readonly smallest?: { readonly run: Run; readonly remark: string } | undefined;
  /** The same run as `run`, told. */
  readonly told: Run;
  /** ATOLL_TRACE was set: nothing of the story is left out. */
  readonly whole: boolean;
}

/** `cause` is what broke first. */
export function failingSeed({ system, run, origin, remarks, smallest, told, whole }: Finding): FailingSeed {
  const { seed, broken, thrown, faults } = run;
  const shown = smallest?.run ?? told;
  const law = lawOf(broken[0]);
  const schedule = smallest ? shown.schedule : run.schedule;
  const message = [
    `simulate "${system}": seed ${seed} fails`,
    ...remarks.map((remark) => `  ${remark}`),
    ...broken.slice(0, limits.broken).map((error) => `  ${thrown?.error === error ? "the scenario threw " : ""}${textOf(error)}`),
    `again: ${commandFor(origin, { seed })}`,
    ...(faults.length === 0 ? ["faults: none"] : ["faults (step, time, what):", ...faults.slice(-limits.faults)]),
    ...(smallest ? smallestLines(origin, seed, schedule, smallest.remark) : []),
    `phases (virtual time): ${phasesText(shown.phases)}`,
    `what happened${smallest ? " under the smallest schedule" : ""} (time, step, who, what):`,
    ...(whole ? shown.story : abridged(shown.story)),
  ].flatMap((part) => (part.startsWith("alone: ") ? [part] : part.split("\n").map((line) => cut(line, limits.line))));
  return new FailingSeed({
    message: message.join("\n"),
    seed,
    law,
    schedule,
    phases: shown.phases,
    story: shown.story,
    cause: broken[0],
  });
}

function smallestLines(origin: Origin, seed: number, schedule: Schedule, remark: string): readonly string[] {
  const command = commandFor(origin, { seed, schedule });
  return [
    remark,
    ...schedule.slice(0, limits.schedule).map((fault) => `  ${JSON.stringify(fault)}`),
    ...(schedule.length > limits.schedule ? [`  … and ${schedule.length - limits.schedule} more`] : []),
    ...(command.length > limits.command ? [] : [`alone: ${command}`]),
    `keep:  simulate(system, { seed: ${seed}, schedule: [the faults above] }, scenario)`,
  ];
}

/** The beginning, the end, and what was around each fault. */
function abridged(story: readonly string[]): readonly string[] {
  const { first, last, before, after, max } = limits.story;
  const shown = new Set<number>();
  const show = (from: number, to: number): void => {
    for (let i = Math.max(0, from); i < Math.min(to, story.length) && shown.size < max; i++) shown.add(i);
  };
  show(0, first);
  show(story.length - last, story.length);
  for (const [i, line] of story.entries()) if (faultLine.test(line)) show(i - before, i + after);
  const lines: string[] = [];
  let left = 0;
  const leave = (): void => {
    if (left > 0) lines.push(`        … ${left} lines left out; ATOLL_TRACE=1 prints them`);
    left = 0;
  };
  for (const [i, line] of story.entries()) {
    if (!shown.has(i)) {
      left += 1;
      continue;
    }
    leave();
    lines.push(line);
  }
  leave();
  return lines;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const lines = error.message.split("\n");
  // The world's own errors end with a trace; it is printed below.
  const shown = error.name === "SimulationError" ? lines.slice(0, 1) : lines.slice(0, 12);
  return `${error.name === "BrokenLaw" ? "" : `${error.name}: `}${shown.join("\n  ")}`;
}
