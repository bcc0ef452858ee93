// Commands whose commit is under way, and the answers that leave with it.
import { assert } from "../base/assert.ts";
import { Failure } from "../base/failure.ts";
import {
  decodeRecord,
  formatPosition,
  JournalError,
  journalFailure,
  type LogRecord,
  type LogWriter,
  type Submission,
} from "../journal/index.ts";
import type { LogIdentity, Message, MessageAnswer } from "../mailbox/index.ts";
import type { Clock } from "../runtime/index.ts";
import { Asked } from "./asked.ts";
import type { EntityKernel, Outcome, Verdict } from "./kernel.ts";
import type { Confirmed } from "./unconfirmed.ts";

/** Where an entity's records are. */
interface Origin {
  readonly log: LogIdentity;
  readonly partition: number;
}

/** What leaves once a version is committed. */
interface Departure {
  readonly message: Message;
  readonly answer: MessageAnswer | Failure;
  /** Whether the partition was owned after it came: true unless it is a strong read of a partition that others may take over. */
  readonly confirmed: Confirmed;
}

/** A command whose record is submitted, with the state after it. */
export interface Pending {
  readonly submission: Submission;
  /** Its own first, then what was answered on the state it left: queries, duplicates, defects. */
  readonly departures: Departure[];
  readonly state: unknown;
  readonly version: number;
}

/** To a told command that was applied already; nobody reads it. */
export const toldBefore: MessageAnswer = { kind: "reply", given: undefined, value: undefined, replayed: true };

export const overloaded = (message: Message, capacity: number): Failure =>
  new Failure("OVERLOADED", { what: `${capacity} messages wait for this entity`, at: message.address });

export const tooOld = (message: Message): Failure =>
  new Failure("TOO_OLD", {
    what: `command ${message.id} is older than the receipts that are kept; it may have been applied`,
    at: message.address,
  });

/** `on`: whose answer it is; `offset`: of the record that it rests on. */
export function leave(message: Message, answer: MessageAnswer | Failure, on: Origin, offset: number): void {
  message.session?.saw(on.log, on.partition, offset);
  if (answer instanceof Failure) message.fail(answer);
  else message.answer(answer);
}

/** What a query is answered in this state. */
export function answerTo(message: Message, kernel: EntityKernel, state: unknown, version: number, clock: Clock): MessageAnswer | Failure {
  try {
    return answerOf(kernel.query(state, version, new Asked(message, clock)));
  } catch (error) {
    assert(error instanceof Failure, "the kernel turns what implementations throw into failures");
    return error;
  }
}

export function answerOf(outcome: Outcome): MessageAnswer {
  return outcome.kind === "reply"
    ? { kind: "reply", given: outcome.given, value: outcome.taken, replayed: false }
    : { kind: "rejection", name: outcome.name, given: outcome.given, details: outcome.taken, replayed: false };
}

/** What the log keeps of a command that was decided: what the implementation gave, not yet read by anybody's schema. */
export function recordOf(
  { to, key, id, minted, timeless, told, caller, trace }: Message,
  { version, events, topics, alarm, outcome }: Verdict,
  { type, traced }: Pick<EntityKernel, "type" | "traced">,
  { prev, input, now }: Pick<LogRecord, "prev" | "input" | "now">,
): LogRecord {
  return {
    type,
    key,
    version,
    prev,
    command: to.name,
    id,
    minted,
    ...(timeless ? { timeless: true as const } : {}),
    input,
    caller,
    now,
    ...(told ? { told } : {}),
    ...(trace !== undefined && (traced || topics.length > 0) ? { trace } : {}),
    events,
    ...(topics.length > 0 ? { topics } : {}),
    ...(alarm === undefined ? {} : { alarm }),
    ...(outcome.kind === "reply" ? { reply: outcome.given } : { rejected: [outcome.name, outcome.given] as const }),
  };
}

/** The answer that `record` gave; a failure if the id belongs to another command, or the answer no longer fits the contract. */
export function repeatedAnswer(message: Message, record: LogRecord, input: string): MessageAnswer | Failure {
  const at = message.address;
  if (record.id !== message.id || record.input !== input)
    return new Failure("COMMAND_ID_REUSED", { what: `command ${message.id} was used with another input`, at });
  const { checks } = message.to;
  try {
    return record.rejected
      ? {
          kind: "rejection",
          name: record.rejected[0],
          given: record.rejected[1],
          details: checks.rejection(...record.rejected),
          replayed: true,
        }
      : { kind: "reply", given: record.reply, value: checks.reply(record.reply), replayed: true };
  } catch (cause) {
    if (cause instanceof Failure) return cause;
    throw cause;
  }
}

/** The answer to a repetition of the command whose record is at `offset`. UNKNOWN_OUTCOME while that cannot be read. */
export async function answerFromLog(
  writer: LogWriter,
  partition: number,
  offset: number,
  message: Message,
  input: string,
): Promise<MessageAnswer | Failure> {
  const { journal } = writer;
  try {
    const [line] = await writer.within(journal.records(partition, [offset]));
    return repeatedAnswer(message, decodeRecord(line as string, formatPosition(journal.meta, partition, offset)), input);
  } catch (cause) {
    if (!(cause instanceof JournalError)) throw cause;
    const what = `its answer cannot be read from the log: ${cause.message}`;
    return new Failure("UNKNOWN_OUTCOME", { what, at: message.address, cause });
  }
}

/** What is to be decided again, in order of arrival, of all that rested on records which are certainly not in the log; the rest fails. */
export function withoutEnded(open: readonly Pending[], doubted: boolean, attemptsMax: number): Message[] {
  const again: Message[] = [];
  for (const { submission, departures } of open) {
    departures.forEach(({ message }, i) => {
      const failure = i === 0 ? endOf(message, submission, doubted, attemptsMax) : undefined;
      if (failure) message.fail(failure);
      else again.push(message);
    });
  }
  return again;
}

/** The failure that ends a command whose record is certainly not in the log; undefined if it is to be decided again. */
function endOf(message: Message, { failure }: Submission, doubted: boolean, attemptsMax: number): Failure | undefined {
  const at = message.address;
  if (failure) return journalFailure(failure, at);
  if (!doubted) return undefined;
  message.attempts += 1;
  if (message.attempts < attemptsMax) return undefined;
  return new Failure("JOURNAL_FAILED", { what: `${message.attempts} commits failed; the log was reread and holds none of them`, at });
}
