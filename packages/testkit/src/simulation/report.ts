// What a failing simulation says: the seed, what broke, the command that repeats it, the faults of the run, and what
// happened last.
import { AssertionError } from "node:assert";
import { commandFor, type Origin } from "./origin.ts";
import type { Run } from "./run.ts";
import { cut } from "./text.ts";

/** Lines of each part, UTF-16 units of a line. */
const limits = { faults: 40, trace: 40, broken: 10, line: 300 } as const;
/** Entries of the scheduler: they say in which order things ran, but not what happened. */
const schedulerLine = /^\s*\d+\s+\d+ ms\s+\S+\s+(soon|endOfTurn|timer)( |$)/;

/** The logs, which stand at the end of every trace so that two runs that differ in them differ. */
const logLine = / world {8}log of \S+: [\d.]+ \{/;
/** The stack of an error that was logged. */
const stackField = /,"stack":"(?:[^"\\]|\\.)*"?/g;

export interface Finding {
  readonly system: string;
  readonly run: Run;
  readonly origin: Origin;
  /** What else is known: that the seed does not repeat, or that it takes no fault to fail. */
  readonly remarks: readonly string[];
}

/** `cause` is what broke first. */
export function failingSeed({ system, run, origin, remarks }: Finding): AssertionError {
  const { seed, broken, thrown, faults, trace } = run;
  const happened = trace
    .last(Number.MAX_SAFE_INTEGER)
    .split("\n")
    .filter((line) => !schedulerLine.test(line) && !logLine.test(line))
    .map((line) => line.replaceAll(stackField, ""));
  const message = [
    `simulate "${system}": seed ${seed} fails`,
    ...remarks.map((remark) => `  ${remark}`),
    ...broken.slice(0, limits.broken).map((error) => `  ${thrown?.error === error ? "the scenario threw " : ""}${textOf(error)}`),
    `again: ${commandFor(origin, seed)}`,
    ...(faults.length === 0 ? ["faults: none"] : ["faults (step, time, what):", ...faults.slice(-limits.faults)]),
    "what happened last (step, time, process, what):",
    ...happened.slice(-limits.trace),
  ].flatMap((part) => part.split("\n").map((line) => cut(line, limits.line)));
  const error = new AssertionError({ message: message.join("\n"), operator: "simulate" });
  if (broken.length > 0) error.cause = broken[0];
  return error;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const lines = error.message.split("\n");
  // The world's own errors end with a trace; it is printed below.
  const shown = error.name === "SimulationError" ? lines.slice(0, 1) : lines.slice(0, 12);
  return `${error.name === "BrokenLaw" ? "" : `${error.name}: `}${shown.join("\n  ")}`;
}
