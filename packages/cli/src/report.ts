// What a person reads when a command ends badly. A failure and a mistake on the command line are one sentence each, with
// what to do; everything else is a bug, ours or the system's, and shows its stack.
import { CommanderError } from "commander";
import { inspect } from "node:util";
import { CommandError } from "./command-error.ts";

export interface Report {
  readonly exitCode: number;
  /** "" if all has been said. Ends with a line feed otherwise. */
  readonly text: string;
}

/** By name: the system's file may bring another copy of the core than the one this command was installed with. */
const isFailure = (error: unknown): error is Error => error instanceof Error && error.name === "Failure";

export function report(error: unknown, debug: boolean): Report {
  // Commander has printed its own message by then; help and version are "errors" of exit code 0.
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : 2, text: "" };
  if (error instanceof CommandError || isFailure(error)) {
    const exitCode = error instanceof CommandError ? error.exitCode : 1;
    return { exitCode, text: `atoll: ${error.message}\n${debug ? `${inspect(error)}\n` : ""}` };
  }
  return { exitCode: 1, text: `atoll: a bug, of the system or of Atoll:\n${inspect(error)}\n` };
}
