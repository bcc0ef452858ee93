// Why log.db cannot be opened, in the words of the failure registry. The parts are kept apart because the error crosses
// from the worker to the main thread, where it becomes a `Failure` (or, in mid-life, a `JournalError`).
import { JournalError } from "../journal.ts";
import { describe, isCorruption, isFull, isSqliteError, systemCodeOf } from "./sqlite-error.ts";

export type OpenErrorCode = "JOURNAL_DAMAGED" | "JOURNAL_FAILED" | "JOURNAL_FULL" | "JOURNAL_NEWER";

export class OpenError extends Error {
  override readonly name = "OpenError";
  readonly code: OpenErrorCode;
  readonly what: string;
  readonly at: string;

  constructor(code: OpenErrorCode, what: string, at: string, cause?: unknown) {
    super(`${at}: ${what}`, { cause });
    this.code = code;
    this.what = what;
    this.at = at;
  }
}

export function damaged(path: string, what: string, cause?: unknown): OpenError {
  return new OpenError("JOURNAL_DAMAGED", what, path, cause);
}

/** Errors that are neither the medium's nor damage are bugs, and come back as they are. */
export function openErrorOf(error: unknown, path: string): unknown {
  if (error instanceof OpenError) return error;
  if (isCorruption(error)) return damaged(path, describe(error), error);
  const full = isFull(error) || systemCodeOf(error) === "ENOSPC" || (error instanceof JournalError && error.kind === "full");
  if (full) return new OpenError("JOURNAL_FULL", describe(error), path, error);
  const medium = isSqliteError(error) || systemCodeOf(error) !== undefined || error instanceof JournalError;
  return medium ? new OpenError("JOURNAL_FAILED", describe(error), path, error) : error;
}
