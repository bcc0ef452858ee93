// What an answer says of the dependency that gave it. A breaker exists to stop waiting for, and adding to the load of, a
// dependency that is in trouble as a whole; so what counts is whether it did its work, not whether the caller liked the
// answer.
//
// A reply and a rejection are work done. Of the failures:
// failed  No usable answer in time, or none of its own fault: what waiting or leaving it alone may cure.
// worked  It answered promptly, about this one command or this one key: one poisoned entity must not cut off its neighbours.
// silent  It was not asked, or the caller gave up: no evidence either way. INVALID_INPUT and ACCESS_DENIED are found at its
//         door, before it is asked; BREAKER_OPEN means that something behind it was not asked, and was said at once.
import type { FailureCode } from "../base/failure.ts";
import type { Verdict } from "./breaker.ts";

const verdicts: { readonly [C in FailureCode]: Verdict } = {
  ACCESS_DENIED: "silent",
  ADDRESS_TAKEN: "silent",
  BREAKER_OPEN: "silent",
  CANCELLED: "silent",
  COMMAND_ID_REUSED: "worked",
  COMMIT_REFUSED: "worked",
  DEADLINE: "failed",
  DEFECT: "worked",
  HANDLER_FAILED: "failed",
  INVALID_CONFIG: "silent",
  INVALID_DEFINITION: "silent",
  INVALID_INPUT: "silent",
  INVALID_REPLY: "worked",
  JOURNAL_DAMAGED: "failed",
  JOURNAL_FAILED: "failed",
  JOURNAL_FULL: "failed",
  JOURNAL_IN_USE: "silent",
  JOURNAL_NEWER: "silent",
  LINK_REFUSED: "failed",
  LOG_FORKED: "worked",
  MESSAGE_TOO_LARGE: "silent",
  OVERLOADED: "failed",
  PORT_TAKEN: "silent",
  QUARANTINED: "worked",
  SAGA_FAILED: "worked",
  SAGA_NOT_RUNNING: "worked",
  SAGA_VERSION_MISSING: "silent",
  TOO_OLD: "worked",
  UNAVAILABLE: "failed",
  UNKNOWN_OUTCOME: "failed",
};

export const verdictOf = (code: FailureCode): Verdict => verdicts[code];
