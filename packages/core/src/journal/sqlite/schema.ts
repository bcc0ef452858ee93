// What is in log.db, and how it comes to be. The log row is the only thing a commit writes; every other table is an
// index folded from the log, written behind.
//
// `log` is an ordinary table with the automatic index of its primary key: at two million rows it takes 1.9 times the
// commands per second of `without rowid`, and half the bytes, because a commit then appends bodies to one place and
// touches only the small index entries of its partitions. `entity` and `snapshot` begin their keys with the partition
// because they are written one partition at a time.
import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";

/** Number of the format that this version reads and writes, in `meta.format`. */
export const formatNumber = 1;

/** "Atol": tells an Atoll log from any other SQLite file. */
export const applicationId = 0x41_74_6f_6c;

/** By name, in the words that SQLite keeps behind "CREATE TABLE". */
const tables: { readonly [name: string]: string } = {
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

/** The first table that is not as this format has it. Others, and triggers, are nobody's business here. */
export function alteredTable(db: DatabaseSync): string | undefined {
  const stored = db.prepare("select sql from sqlite_schema where type = 'table' and name = ?");
  return Object.keys(tables).find((name) => stored.get(name)?.["sql"] !== `CREATE TABLE ${tables[name]}`);
}

/**
 * Fills an empty file. One transaction with a rollback journal: after a crash the file is either still empty or
 * complete, and it is complete before a WAL exists beside it.
 */
export function createLog(db: DatabaseSync, partitions: number): void {
  db.exec("pragma page_size = 4096; begin immediate");
  for (const table of Object.values(tables)) db.exec(`create table ${table}`);
  db.prepare("insert into meta values (?, 1, ?, ?)").run(randomBytes(16).toString("hex"), formatNumber, partitions);
  const partition = db.prepare("insert into partition values (?, 0, '')");
  const progress = db.prepare("insert into progress values (?, 0)");
  for (let p = 0; p < partitions; p++) {
    partition.run(p);
    progress.run(p);
  }
  db.exec(`pragma application_id = ${applicationId}; commit`);
}
