// The tables folded from the log: what the index knows of entities, their snapshots and alarms, and the quarantine beside them. All
// but the quarantine are a cache (J10): losing them loses time only.
import type { AlarmEntry, EntityEntry, IndexUpdate, QuarantineEntry, Snapshot } from "../journal.ts";
import { JournalError } from "../journal.ts";
import type { LogFile } from "./log-file.ts";
import type { Answers } from "./protocol.ts";
import { rowSum } from "./row-sum.ts";

const upsertEntity = `insert into entity (p, type, key, version, last) values (?, ?, ?, ?, ?)
  on conflict do update set version = excluded.version, last = excluded.last`;
const upsertSnapshot = `insert into snapshot (p, type, key, o, body, sum) values (?, ?, ?, ?, ?, ?)
  on conflict do update set o = excluded.o, body = excluded.body, sum = excluded.sum`;
const upsertProgress = "insert into progress (p, indexed_to) values (?, ?) on conflict do update set indexed_to = excluded.indexed_to";
const upsertTimer = "insert into timer (p, type, key, due) values (?, ?, ?, ?) on conflict do update set due = excluded.due";
const deleteTimer = "delete from timer where p = ? and type = ? and key = ?";
const firstTimers = "select p, type, key, due from timer order by due, p, type, key limit ?";
const timersBehind = "select p, type, key, due from timer where (due, p, type, key) > (?, ?, ?, ?) order by due, p, type, key limit ?";
const selectEntity = "select version, last from entity where p = ? and type = ? and key = ?";
const entitiesBehind = "select p, type, key from entity where (p, type, key) > (?, ?, ?) order by p, type, key limit ?";
const selectSnapshot = "select o, body, sum from snapshot where p = ? and type = ? and key = ?";
const upsertQuarantine = `insert into quarantine (type, key, since, reason, o) values (?, ?, ?, ?, ?)
  on conflict do update set since = excluded.since, reason = excluded.reason, o = excluded.o`;

/** True also for an update that was overtaken by a later one: what is stored says more. */
export function storeIndex(log: LogFile, update: IndexUpdate): boolean {
  const { partition: p, epoch, indexedTo, entities, snapshots, alarms: changes } = update;
  const cache = log.partitions[p];
  if (!cache || epoch !== cache.epoch) return false;
  const claimed = claimedBy(update);
  if (claimed > cache.head)
    throw new JournalError("refused", `index of partition ${p} up to ${claimed}: the log ends before ${cache.head}`);
  if (indexedTo < cache.indexedTo) return true;
  log.transaction("index", framesOf(update), () => {
    log.begin();
    for (const { type, key, version, last } of entities) log.statement(upsertEntity).run(p, type, key, version, last);
    for (const { type, key, offset, body } of snapshots)
      log.statement(upsertSnapshot).run(p, type, key, offset, body, rowSum(p, offset, 1, 0, body));
    for (const { type, key, due } of changes) {
      if (due === null) log.statement(deleteTimer).run(p, type, key);
      else log.statement(upsertTimer).run(p, type, key, due);
    }
    log.statement(upsertProgress).run(p, indexedTo);
  });
  cache.indexedTo = indexedTo;
  return true;
}

export function lookup(log: LogFile, p: number, type: string, key: string): Answers["lookup"] {
  return log.reading(`index of partition ${p}`, () => {
    const entity = log.statement(selectEntity).get(p, type, key) as [number, number] | undefined;
    const entry: EntityEntry | undefined = entity && { type, key, version: entity[0], last: entity[1] };
    const snapshot = snapshotOf(log, p, type, key);
    return { ...(entry && { entry }), ...(snapshot && { snapshot }) };
  });
}

/** An entity in the order of the index, from which the reading of keys goes on. */
export interface IndexedKey {
  readonly partition: number;
  readonly type: string;
  readonly key: string;
}

/** At most `max` entities behind `after`, in one order for the whole index. */
export function keysBehind(log: LogFile, after: IndexedKey | undefined, max: number): readonly IndexedKey[] {
  const { partition = -1, type = "", key = "" } = after ?? {};
  const rows = log.reading("keys of the index", () => log.statement(entitiesBehind).all(partition, type, key, max));
  return (rows as unknown as [number, string, string][]).map((row) => ({ partition: row[0], type: row[1], key: row[2] }));
}

/** J11. */
export function alarms(log: LogFile, after: AlarmEntry | undefined, max: number): readonly AlarmEntry[] {
  const rows = log.reading("alarms", () =>
    after ? log.statement(timersBehind).all(after.due, after.partition, after.type, after.key, max) : log.statement(firstTimers).all(max),
  );
  return (rows as unknown as [number, string, string, number][]).map(([partition, type, key, due]) => ({ partition, type, key, due }));
}

/** A damaged snapshot is none: the log has everything it was made from. */
function snapshotOf(log: LogFile, p: number, type: string, key: string): Snapshot | undefined {
  const columns = log.statement(selectSnapshot).get(p, type, key) as [number, string, number] | undefined;
  if (!columns) return undefined;
  const [offset, body, sum] = columns;
  if (typeof body === "string" && rowSum(p, offset, 1, 0, body) === sum) return { type, key, offset, body };
  log.log("warn", "journal.snapshot_damaged", { path: log.path, partition: p, type, key });
  return undefined;
}

/** Forgets everything that is folded from the log. */
export function dropIndex(log: LogFile): void {
  log.transaction("drop the index", 1, () => {
    log.begin();
    log.statement("delete from entity").run();
    log.statement("delete from snapshot").run();
    log.statement("delete from timer").run();
    log.statement("update progress set indexed_to = 0").run();
  });
  for (const cache of log.partitions) cache.indexedTo = 0;
}

export function quarantined(log: LogFile): readonly QuarantineEntry[] {
  const rows = log.reading("quarantine", () =>
    log.statement("select type, key, since, reason, o from quarantine order by since, type, key").all(),
  );
  return (rows as unknown as [string, string, number, string, number | null][]).map(([type, key, since, reason, offset]) =>
    offset === null ? { type, key, since, reason } : { type, key, since, reason, offset },
  );
}

export function quarantine(log: LogFile, { type, key, since, reason, offset }: QuarantineEntry): void {
  log.transaction("quarantine", 2, () => {
    log.begin();
    log.statement(upsertQuarantine).run(type, key, since, reason, offset ?? null);
  });
}

export function release(log: LogFile, type: string, key: string): boolean {
  return log.transaction("release", 2, () => {
    log.begin();
    return log.statement("delete from quarantine where type = ? and key = ?").run(type, key).changes === 1;
  });
}

/** The offset below which the log must hold everything for the update to be true. */
function claimedBy({ indexedTo, entities, snapshots }: IndexUpdate): number {
  let claimed = indexedTo;
  for (const { last } of entities) claimed = Math.max(claimed, last + 1);
  for (const { offset } of snapshots) claimed = Math.max(claimed, offset + 1);
  return claimed;
}

function framesOf({ entities, snapshots, alarms: changes }: IndexUpdate): number {
  return snapshots.reduce((frames, { body }) => frames + 2 + (body.length >>> 12), 1 + entities.length + 2 * changes.length);
}
