// What is in log.db, and how it comes to be. The log row is the only thing a commit writes; every other table is an
// index folded from the log, written behind.
//
// `log` is an ordinary table with the automatic index of its primary key: at two million rows it takes 1.9 times the
// commands per second of `without rowid`, and half the bytes, because a commit then appends bodies to one place and
// touches only the small index entries of its partitions. `entity` and `snapshot` begin their keys with the partition
// because they are written one partition at a time.
import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";

/** Number of the format that this version writes, in `meta.format`. It reads this and every lower one, which it upgrades. */
export const formatNumber = 2;

/** "Atol": tells an Atoll log from any other SQLite file. */
export const applicationId = 0x41_74_6f_6c;

/** By name, in the words that SQLite keeps behind "CREATE TABLE". Those of format 1, which no later format has changed. */
const firstTables: { readonly [name: string]: string } = {
  meta: "meta (log_id text not null, timeline integer not null, format integer not null, partitions integer not null) strict",
  partition: "partition (id integer primary key, epoch integer not null, owner text not null) strict",
  log: `log (
    p integer not null,
    o integer not null,
    n integer not null,
    epoch integer not null,
    body text not null,
    sum integer not null,
    primary key (p, o)
  ) strict`,
  progress: "progress (p integer primary key, indexed_to integer not null) strict",
  entity: `entity (
    p integer not null,
    type text not null,
    key text not null,
    version integer not null,
    last integer not null,
    primary key (p, type, key)
  ) strict, without rowid`,
  snapshot: `snapshot (
    p integer not null,
    type text not null,
    key text not null,
    o integer not null,
    body text not null,
    sum integer not null,
    primary key (p, type, key)
  ) strict`,
  quarantine: `quarantine (
    type text not null,
    key text not null,
    since integer not null,
    reason text not null,
    o integer,
    primary key (type, key)
  ) strict, without rowid`,
};

/**
 * Format 2: alarms, which are part of the index; how far this service has come in the logs of others, and what it could not
 * deliver. A record can hold messages of topics, an alarm and a tell, which a program of format 1 would not see.
 */
const secondTables: { readonly [name: string]: string } = {
  timer: `timer (
    p integer not null,
    type text not null,
    key text not null,
    due integer not null,
    primary key (p, type, key)
  ) strict, without rowid`,
  cursor: "cursor (stream text primary key, o integer not null) strict, without rowid",
  dead_letter: `dead_letter (
    stream text not null,
    place integer not null,
    since integer not null,
    contract text not null,
    command text not null,
    key text not null,
    input text not null,
    code text not null,
    reason text not null,
    primary key (stream, place)
  ) strict`,
};
/** The order in which alarms are asked for. The primary key of its table is part of it. */
const timerIndex = "create index timer_due on timer (due)";

const tablesOf = (format: number): { readonly [name: string]: string } =>
  format === 1 ? firstTables : { ...firstTables, ...secondTables };

/** The first table that is not as the format has it. Others, and triggers, are nobody's business here. */
export function alteredTable(db: DatabaseSync, format = formatNumber): string | undefined {
  const stored = db.prepare("select sql from sqlite_schema where type = 'table' and name = ?");
  return Object.entries(tablesOf(format)).find(([name, table]) => stored.get(name)?.["sql"] !== `CREATE TABLE ${table}`)?.[0];
}

/**
 * Fills an empty file. One transaction with a rollback journal: after a crash the file is either still empty or
 * complete, and it is complete before a WAL exists beside it.
 */
export function createLog(db: DatabaseSync, partitions: number): void {
  db.exec("pragma page_size = 4096; begin immediate");
  for (const table of Object.values(tablesOf(formatNumber))) db.exec(`create table ${table}`);
  db.exec(timerIndex);
  db.prepare("insert into meta values (?, 1, ?, ?)").run(randomBytes(16).toString("hex"), formatNumber, partitions);
  const partition = db.prepare("insert into partition values (?, 0, '')");
  const progress = db.prepare("insert into progress values (?, 0)");
  for (let p = 0; p < partitions; p++) {
    partition.run(p);
    progress.run(p);
  }
  db.exec(`pragma application_id = ${applicationId}; commit`);
}

/** Turns a log of format 1 into one of this format, within the transaction of the caller. Its records stay as they are. */
export function upgradeLog(db: DatabaseSync): void {
  for (const table of Object.values(secondTables)) db.exec(`create table ${table}`);
  db.exec(timerIndex);
  db.prepare("update meta set format = ?").run(formatNumber);
}
