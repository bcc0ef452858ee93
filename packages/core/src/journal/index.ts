// What the subpath publishes: the port, the form of a record, and the two journals made for tests and simulations. The
// real one (journal/sqlite) is chosen where a system is composed; the conformance suite (journal/tck) is imported by
// path, from tests.
export {
  type Appended,
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
export { decodeRecord, encodeRecord, type LogRecord, type StoredEvent } from "./record.ts";
export { FaultyJournal, type FaultyJournalOptions } from "./faults/faulty-journal.ts";
export {
  type Fault,
  type FaultPlan,
  type FaultRates,
  type JournalOperation,
  type Lateness,
  noFaults,
  type PlannedFault,
  plannedFaults,
  randomFaults,
} from "./faults/fault-plan.ts";
export { SimulatedDisk, type SimulatedDiskOptions } from "./simulated/simulated-disk.ts";
export { SimulatedJournalStore, type SimulatedJournalStoreOptions } from "./simulated/simulated-journal.ts";
export type { SimulatedImage } from "./simulated/simulated-log.ts";
export { formatPosition } from "./position.ts";
export { LogWriter, type LogWriterLimits, logWriterLimits, type Sink, type Submission } from "./log-writer.ts";
export type { SnapshotSource } from "./tail.ts";
export { journalFailure } from "./journal-failure.ts";
