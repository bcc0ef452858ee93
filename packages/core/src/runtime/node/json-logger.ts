// The logger of a real process: one JSON object a line on standard error, so that standard output stays free for what
// a command prints.
import { logLine } from "../log-line.ts";
import type { Clock, Logger, LogLevel } from "../runtime.ts";
import { nodeClock } from "./clock.ts";

const ranks: { readonly [L in LogLevel]: number } = { debug: 0, info: 1, warn: 2, error: 3 };

export interface JsonLoggerOptions {
  /** Entries below it are dropped. Default "info". */
  readonly level?: LogLevel;
  /** Takes a line without its line feed. Default: standard error. Must not throw. */
  readonly write?: (line: string) => void;
  readonly clock?: Clock;
}

export function jsonLogger(options: JsonLoggerOptions = {}): Logger {
  const { level: threshold = "info", write = writeToStandardError, clock = nodeClock } = options;
  const rankMin = ranks[threshold];
  return {
    log(level, event, fields) {
      if (ranks[level] >= rankMin) write(logLine(clock.now(), level, event, fields));
    },
  };
}

let guarded = false;

function writeToStandardError(line: string): void {
  if (!guarded) {
    guarded = true;
    process.stderr.on("error", () => {}); // whoever read the log has gone: a service does not end because of that
  }
  process.stderr.write(`${line}\n`);
}
