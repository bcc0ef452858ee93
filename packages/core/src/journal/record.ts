// A record: what one command left in the log. The stored form is one line of JSON with stable names (people and SQL
// read it); a test holds a hash of the format, so that changing it is a decision.
import { JournalError } from "./journal.ts";

/** [name, version of its type, data in the input form of its schema] */
export type StoredEvent = readonly [name: string, version: number, data: unknown];

/** [topic, data in the input form of the topic's schema] */
export type StoredMessage = readonly [topic: string, data: unknown];

/** A tell's stream, and its place in there. */
export type Told = readonly [stream: string, place: number];

export interface LogRecord {
  /** Contract name of the entity. */
  readonly type: string;
  readonly key: string;
  /** Number of events of the entity up to and including this record's. */
  readonly version: number;
  /** Offset of the entity's previous record in the same partition, -1 for the first. */
  readonly prev: number;
  readonly command: string;
  /** Command id, and the wall clock (ms) at which it was minted. */
  readonly id: string;
  readonly minted: number;
  /** The id is in free form: `minted` is when the command came. */
  readonly timeless?: true;
  /** Fingerprint of the input: the same id with another input is refused. "" without one, or where the id is of one input alone. */
  readonly input: string;
  readonly caller: string;
  /** Wall clock (ms) of the decision: what `at.now` says again on every replay. */
  readonly now: number;
  /** The durable tell by which the command came (ADR 0013). */
  readonly told?: Told;
  /** The `traceparent` of the command, where others go on because of this record (ADR 0041). */
  readonly trace?: string;
  readonly events: readonly StoredEvent[];
  /** What the events publish, in their order. Decided once, so that a topic stays as it was (ADR 0013). */
  readonly topics?: readonly StoredMessage[];
  /** When the entity wants to be woken from now on (wall clock, ms); null: no longer; absent: as before (ADR 0014). */
  readonly alarm?: number | null;
  /** Exactly one of the two; a reply of undefined is stored as an absent `reply`. */
  readonly reply?: unknown;
  readonly rejected?: readonly [name: string, details: unknown];
}

export function encodeRecord(record: LogRecord): string {
  return JSON.stringify(record);
}

const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown, min: number): value is number => Number.isSafeInteger(value) && (value as number) >= min;

/**
 * Checks the form as well: a stored line may come from another version or a damaged disk. `where` names its position. Members that it does
 * not know it leaves alone: nodes of two versions may share a log.
 */
export function decodeRecord(line: string, where: string): LogRecord {
  let record: Partial<LogRecord> | null;
  try {
    record = JSON.parse(line) as Partial<LogRecord> | null;
  } catch (cause) {
    throw new JournalError("damaged", `the record at ${where} is not JSON`, { cause });
  }
  const ok =
    record !== null &&
    typeof record === "object" &&
    isText(record.type) &&
    isText(record.key) &&
    isCount(record.version, 0) &&
    isCount(record.prev, -1) &&
    isText(record.command) &&
    isText(record.id) &&
    Number.isFinite(record.minted) &&
    (record.timeless ?? true) &&
    isText(record.input) &&
    isText(record.caller) &&
    Number.isFinite(record.now) &&
    (record.told === undefined || (Array.isArray(record.told) && isText(record.told[0]) && isCount(record.told[1], 0))) &&
    (record.trace === undefined || isText(record.trace)) &&
    Array.isArray(record.events) &&
    record.events.every((event) => Array.isArray(event) && isText(event[0]) && isCount(event[1], 1)) &&
    (record.topics === undefined ||
      (Array.isArray(record.topics) && record.topics.every((message) => Array.isArray(message) && isText(message[0])))) &&
    (record.alarm === undefined || record.alarm === null || isCount(record.alarm, 0)) &&
    (record.rejected === undefined || (record.reply === undefined && Array.isArray(record.rejected) && isText(record.rejected[0])));
  if (!ok) throw new JournalError("damaged", `the record at ${where} does not have the form of a record`);
  return record as LogRecord;
}
