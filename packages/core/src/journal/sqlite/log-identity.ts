// What kind of file log.db is: absent, a log of ours, one of a newer version, or something else.
import type { DatabaseSync } from "node:sqlite";
import type { JournalMeta } from "../journal.ts";
import { sizeOf } from "./durable-file.ts";
import { damaged, OpenError } from "./open-error.ts";
import { alteredTable, applicationId, formatNumber } from "./schema.ts";
import { isSqliteError } from "./sqlite-error.ts";

/** Whether a new log may be made. A WAL without its database is refused: SQLite would delete it. */
export function mayCreate(path: string, partitions: number | undefined): boolean {
  if (sizeOf(path) > 0) return sizeOf(`${path}-journal`) > 0; // with a rollback journal: a creation that did not finish
  if (sizeOf(`${path}-wal`) > 0) throw damaged(path, "it is missing or empty, but there are commits in log.db-wal beside it");
  if (partitions === undefined) throw damaged(path, "it is missing or empty");
  return true;
}

export interface StoredMeta extends JournalMeta {
  readonly format: number;
}

/** Throws an `OpenError` for what is not a log, and for one that this version does not know. */
export function readMeta(db: DatabaseSync, path: string): StoredMeta {
  const notOurs = (detail: string): OpenError => damaged(path, `it is not an Atoll log: ${detail}`);
  if (db.prepare("pragma application_id").get()?.["application_id"] !== applicationId) throw notOurs("its application id is another");
  let format: unknown;
  let row: Record<string, unknown> | undefined;
  try {
    format = db.prepare("select format from meta").get()?.["format"];
    if (isKnown(format)) row = db.prepare("select log_id, timeline, partitions from meta").get();
  } catch (cause) {
    if (isSqliteError(cause) && cause.errcode === 1) throw notOurs(cause.message);
    throw cause;
  }
  if (typeof format === "number" && format > formatNumber) {
    throw new OpenError("JOURNAL_NEWER", `it has format ${format}, this version knows formats up to ${formatNumber}`, path);
  }
  if (!isKnown(format)) throw damaged(path, `its format is ${String(format)}`);
  const altered = alteredTable(db, format);
  if (altered !== undefined) throw damaged(path, `its table "${altered}" is not that of format ${format}`);
  const { log_id: logId, timeline, partitions } = row ?? {};
  const valid = typeof logId === "string" && /^[0-9a-f]{32}$/.test(logId) && typeof timeline === "number" && typeof partitions === "number";
  if (!valid) throw damaged(path, "its identity (table meta) cannot be read");
  return { logId, timeline, partitions, format };
}

const isKnown = (format: unknown): format is number => typeof format === "number" && format >= 1 && format <= formatNumber;
