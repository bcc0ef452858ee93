// What an error of SQLite, or of its binding to Node, means for whoever uses tables: by result code, never by text.
import { TableError } from "../table-store.ts";

interface SqliteError extends Error {
  /** Extended result code; its low byte is the primary one. */
  readonly errcode: number;
  readonly errstr: string;
}

/** The statement or its values are wrong: the same again fails again. */
const refusals: ReadonlySet<number> = new Set([
  1, // SQL logic error
  8, // read only
  18, // too big
  19, // constraint
  20, // mismatch
  23, // not authorised
  25, // no such parameter
]);
/** Corrupt, not a database. */
const damages: ReadonlySet<number> = new Set([11, 26]);
/** Values that cannot be bound. */
const bindingCodes: ReadonlySet<unknown> = new Set(["ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE"]);

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && (error as { readonly code?: unknown }).code === "ERR_SQLITE_ERROR";
}

/** A stored integer beyond 2^53, which is handed out as a bigint only. */
export const isOversized = (error: unknown): boolean =>
  error instanceof RangeError && (error as { readonly code?: unknown }).code === "ERR_OUT_OF_RANGE";

/** Undefined for what is a bug, which is left to surface. */
export function tableErrorOf(error: unknown): TableError | undefined {
  if (error instanceof TableError) return error;
  if (isSqliteError(error)) {
    const code = error.errcode & 0xff;
    const kind = refusals.has(code) ? "refused" : damages.has(code) ? "damaged" : "failed";
    const detail = error.message === error.errstr ? "" : ` (${error.message})`;
    return new TableError(kind, `${error.errstr}${detail}, SQLite code ${error.errcode}`, { cause: error });
  }
  if (!(error instanceof Error)) return undefined;
  if (bindingCodes.has((error as { readonly code?: unknown }).code)) return new TableError("refused", error.message, { cause: error });
  // A call to the operating system: a folder or a file that cannot be made, read or removed.
  return "syscall" in error ? new TableError("failed", error.message, { cause: error }) : undefined;
}
