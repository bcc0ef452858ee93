// Commands whose commit is under way, and the answers that leave with it.
import { Failure } from "../base/failure.ts";
import { journalFailure, type Submission } from "../journal/index.ts";
import type { Message, MessageAnswer } from "../mailbox/index.ts";
import type { Outcome } from "./kernel.ts";

/** What leaves once a version is committed. */
interface Departure {
  readonly message: Message;
  readonly answer: MessageAnswer | Failure;
}

/** A command whose record is submitted, with the state after it. */
export interface Pending {
  readonly submission: Submission;
  /** Its own first, then what was answered on the state it left: queries, duplicates, defects. */
  readonly departures: Departure[];
  readonly state: unknown;
  readonly version: number;
}

export function leave(message: Message, answer: MessageAnswer | Failure): void {
  if (answer instanceof Failure) message.fail(answer);
  else message.answer(answer);
}

export function answerOf(outcome: Outcome): MessageAnswer {
  return outcome.kind === "reply"
    ? { kind: "reply", value: outcome.taken, replayed: false }
    : { kind: "rejection", name: outcome.name, details: outcome.taken, replayed: false };
}

/** The failure that ends a command whose record is certainly not in the log; undefined if it is to be decided again. */
export function endOf(message: Message, { failure }: Submission, doubted: boolean, attemptsMax: number): Failure | undefined {
  const at = message.address;
  if (failure) return journalFailure(failure, at);
  if (!doubted) return undefined;
  message.attempts += 1;
  if (message.attempts < attemptsMax) return undefined;
  return new Failure("JOURNAL_FAILED", { what: `${message.attempts} commits failed; the log was reread and holds none of them`, at });
}
