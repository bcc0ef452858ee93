// What a caller hears of an error of the journal.
import { Failure, type FailureCode } from "../base/failure.ts";
import type { JournalError, JournalErrorKind } from "./journal.ts";

const codes: { readonly [K in JournalErrorKind]: FailureCode } = {
  refused: "COMMIT_REFUSED",
  full: "JOURNAL_FULL",
  failed: "JOURNAL_FAILED",
  ambiguous: "UNKNOWN_OUTCOME",
  damaged: "JOURNAL_DAMAGED",
};

export function journalFailure(error: JournalError, at: string): Failure {
  return new Failure(codes[error.kind], { what: error.message, at, cause: error });
}
