// What @atoll/core/journal/simulated publishes: the journal made for simulations, faults for any journal, and the laws that a
// log must obey after a simulation.
export { FaultyJournal, type FaultyJournalOptions } from "../faults/faulty-journal.ts";
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
} from "../faults/fault-plan.ts";
export { type Attempt, BrokenLaw, checkAttempts, checkIndex, checkLog, type Heard, placedRecords, type PlacedRecord } from "./log-laws.ts";
export { SimulatedDisk, type SimulatedDiskOptions } from "./simulated-disk.ts";
export { SimulatedJournalStore, type SimulatedJournalStoreOptions } from "./simulated-journal.ts";
export type { SimulatedImage } from "./simulated-log.ts";
