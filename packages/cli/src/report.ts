// What the command says to people when something is wrong: one line for what and where, one for what to do. Exit code 2
// for a wrong use of the command, 1 for everything else.
import { Failure, failures } from "@atoll/core";

/** The command was used wrongly, or cannot do what it was asked for. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Prints `error` and returns the exit code that goes with it. */
export function report(error: unknown, debug: boolean): number {
  const lines = describe(error);
  process.stderr.write(`${lines.map((line, i) => (i === 0 ? `atoll: ${line}` : `       ${line}`)).join("\n")}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return error instanceof CommandError ? error.exitCode : 1;
}

function describe(error: unknown): readonly string[] {
  if (error instanceof CommandError) return error.message.split("\n");
  if (error instanceof Failure) {
    const { help } = failures[error.code];
    return [error.message.replace(` ${help}`, ""), help];
  }
  return [`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
}
