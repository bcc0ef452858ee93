// Every bound of a read model, by name.

export interface ReadModelLimits {
  /** Of one page of a source; at most two pages of a partition are in memory. */
  readonly pageBytesMax: number;
  /** Events gathered into one transaction; the page that goes beyond is still taken whole. */
  readonly batchEventsMax: number;
  /** A batch is closed when gathering it has taken so long (ms). */
  readonly batchGatherMsMax: number;
  /** Events handled before others get a turn on the event loop. A command takes several turns: with 128 a rebuild made it ten times slower. */
  readonly eventsPerTurnMax: number;
  /** Records that hold nothing for this read model: positions are stored after so many, although nothing else is. */
  readonly idleRecordsMax: number;
  /** They are stored after so long at the latest (ms): until then a session that has seen such a record is answered by the projector only. */
  readonly idleMsMax: number;
  /** Entities set aside; with more the read model stops, because then its handlers are broken, not the entities. */
  readonly parkedMax: number;
  /** Pause after a failure of the medium or of a source (ms). */
  readonly retry: { readonly firstMs: number; readonly maxMs: number };
  /** A new one that is so many records behind counts as caught up. */
  readonly caughtUpRecords: number;
  /** Queries that run at the same time. */
  readonly concurrency: number;
  /** Queries that wait for one of them to end; beyond: OVERLOADED. */
  readonly mailboxCapacity: number;
  /** A query waits so long for a read model that is being built; then UNAVAILABLE, with how far it is (ms). */
  readonly buildingWaitMs: number;
  /** Those who wait for a position; beyond: OVERLOADED. */
  readonly waitersMax: number;
  /** A node that reads what another one projects looks for the file that answers so often, while it knows none (ms). */
  readonly findAgainMs: number;
  /** A replaced file is closed after so long, even if a query still has it (ms). */
  readonly retireMsMax: number;
}

export const readModelLimits: ReadModelLimits = {
  pageBytesMax: 64 * 2 ** 10,
  batchEventsMax: 1_000,
  batchGatherMsMax: 20,
  eventsPerTurnMax: 16,
  idleRecordsMax: 10_000,
  idleMsMax: 250,
  parkedMax: 10_000,
  retry: { firstMs: 50, maxMs: 5_000 },
  caughtUpRecords: 1_000,
  concurrency: 64,
  mailboxCapacity: 1_024,
  buildingWaitMs: 1_000,
  waitersMax: 10_000,
  findAgainMs: 100,
  retireMsMax: 30_000,
};
