// What an error of SQLite means for a journal's caller, by result code and by how far the work had come.
//
// Before COMMIT nothing can have been written: in WAL mode a transaction exists from its commit frame on, and the commit
// frame is the last thing COMMIT writes. At COMMIT anything but a full disk is ambiguous: the frames may be in the file
// with the sync having failed, then they are invisible to this connection and there after the next recovery.
//
// SQLITE_FULL at COMMIT is definite. SQLite gives that code only for a write() that found no room (a failing fsync is
// SQLITE_IOERR_FSYNC whatever its errno), frames are written in order with the commit frame last, and its checksum
// covers the frame and all before it. So a write that found no room leaves the commit frame absent or torn, recovery
// stops before it, and the next commit overwrites it. (Frames behind the commit frame exist only without
// "powersafe overwrite", which node:sqlite leaves at its default, on.)
import { JournalError, type JournalErrorKind } from "../journal.ts";

export type Phase = "read" | "write" | "commit";

interface SqliteError extends Error {
  /** Extended result code; its low byte is the primary one. */
  readonly errcode: number;
  readonly errstr: string;
}

const primary = { readonly: 8, corrupt: 11, full: 13, toobig: 18, constraint: 19, mismatch: 20, notadb: 26 } as const;

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && (error as { readonly code?: unknown }).code === "ERR_SQLITE_ERROR";
}

/** A stored integer beyond 2^53: node:sqlite refuses to hand it out. Nothing here ever stores one. */
function isOversized(error: unknown): boolean {
  return error instanceof RangeError && (error as { readonly code?: unknown }).code === "ERR_OUT_OF_RANGE";
}

export function isCorruption(error: unknown): boolean {
  return (
    isOversized(error) ||
    (isSqliteError(error) && ((error.errcode & 0xff) === primary.corrupt || (error.errcode & 0xff) === primary.notadb))
  );
}

export function isFull(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode & 0xff) === primary.full;
}

/** "ENOSPC" and the like, of an error from a call to the operating system. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && "syscall" in error ? (error as NodeJS.ErrnoException).code : undefined;
}

function kindOf(error: SqliteError, phase: Phase): JournalErrorKind {
  const code = error.errcode & 0xff;
  if (code === primary.full) return "full";
  if (phase === "commit") return "ambiguous";
  if (code === primary.corrupt || code === primary.notadb) return "damaged";
  if (phase === "write" && (code === primary.constraint || code === primary.toobig || code === primary.mismatch)) return "refused";
  return "failed";
}

/** `undefined` for what is neither SQLite's error nor a `JournalError` already: a bug, which is left to surface. */
export function journalErrorOf(error: unknown, phase: Phase, where: string): JournalError | undefined {
  if (error instanceof JournalError) return error;
  if (isOversized(error)) return new JournalError("damaged", `${where}: a stored number is out of range`, { cause: error });
  if (!isSqliteError(error)) return undefined;
  return new JournalError(kindOf(error, phase), `${where}: ${describe(error)}`, { cause: error });
}

/** SQLite's words with the extended code, by which its documentation is searched. */
export function describe(error: unknown): string {
  if (!isSqliteError(error)) return error instanceof Error ? error.message : String(error);
  const detail = error.message === error.errstr ? "" : ` (${error.message})`;
  return `${error.errstr}${detail}, SQLite code ${error.errcode}`;
}
