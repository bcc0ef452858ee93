// What @atoll/core/journal publishes: the port, the form of a record, and the writer above it. Implementations have subpaths
// of their own, journal/sqlite and journal/simulated; the conformance suite (journal/tck) is imported by path, from tests.
export {
  type AlarmChange,
  type AlarmEntry,
  type Appended,
  type Chain,
  type Cursor,
  type DeadLetter,
  type EntityEntry,
  type IndexUpdate,
  type Journal,
  JournalError,
  type JournalErrorKind,
  type JournalMeta,
  type JournalStore,
  type Page,
  type PartitionState,
  type QuarantineEntry,
  type Row,
  type Snapshot,
} from "./journal.ts";
export { decodeRecord, encodeRecord, type LogRecord, type StoredEvent, type StoredMessage, type Told } from "./record.ts";
export { formatPosition } from "./position.ts";
export { ChainReader } from "./chain-reader.ts";
export type { EventSource, SourceItem, SourceLog, SourcePage, SourceReader } from "./event-source.ts";
export type { LogFollower } from "./follower.ts";
export { isBehind, keyPosition, type Place, placesOf, topicPosition } from "./place.ts";
export { messagesOf, type RecordMessages } from "./record-messages.ts";
export type { PlacedLine, PlacedRecord } from "./row-records.ts";
export { LogWriter } from "./log-writer.ts";
export type { Acquired } from "./take-over.ts";
export { headsOf } from "./heads.ts";
export type { Tenant } from "./tenant.ts";
export type { Sink, Submission } from "./submission.ts";
export { type LogWriterLimits, logWriterLimits } from "./log-writer-limits.ts";
export type { SnapshotSource } from "./tail.ts";
export { answerWithin } from "./patience.ts";
export { journalFailure } from "./journal-failure.ts";
