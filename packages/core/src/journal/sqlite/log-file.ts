// The open log.db: one connection, which holds the file exclusively, and what it knows of its partitions. Transactions go
// through here because here is decided what their errors mean and whether the connection can still be trusted.
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { LogFields, LogLevel } from "../../runtime/index.ts";
import { JournalError, type JournalMeta } from "../journal.ts";
import { sizeOf, syncDirectory, syncFile } from "./durable-file.ts";
import { mayCreate, readMeta, type StoredMeta } from "./log-identity.ts";
import { damaged, openErrorOf } from "./open-error.ts";
import { createLog, formatNumber, upgradeLog } from "./schema.ts";
import { describe, journalErrorOf, type Phase } from "./sqlite-error.ts";

export type Log = (level: LogLevel, event: string, fields: LogFields) => void;

/** The exclusive lock on the file makes this the truth as long as the connection is open. */
export interface PartitionCache {
  epoch: number;
  head: number;
  indexedTo: number;
}

/**
 * Frames in the WAL after which a checkpoint is made at once. At two million rows and 100 records a commit: 250 frames
 * cost nothing in throughput against 8,000 (197 to 217 thousand records a second, within noise) and 11 % in bytes
 * written, and hold up a commit for at most 8 ms instead of 49.
 */
const framesMax = 512;
/** Frames worth a checkpoint when nothing else is to be done. */
const framesWhenIdle = 128;
const checkpointPauseMs = 1_000;
/** A WAL that grew while checkpoints were not possible is cut back to this. */
const walBytesMax = 16 * 2 ** 20;
const cacheBytes = 8 * 2 ** 20;
const frameBytes = 4_096 + 24;

export interface OpenLog {
  readonly directory: string;
  /** Makes a new log with so many partitions where there is none; without it a missing log is damage. */
  readonly partitions?: number;
  readonly log: Log;
}

export class LogFile {
  readonly path: string;
  readonly meta: JournalMeta;
  readonly partitions: readonly PartitionCache[];
  readonly log: Log;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #directory: string;
  #format: number;
  #sound = true;
  #frames: number;
  #checkpointAtMs = 0;
  #checkpointFails = false;

  private constructor(directory: string, path: string, db: DatabaseSync, { format, ...meta }: StoredMeta, log: Log) {
    this.#directory = directory;
    this.path = path;
    this.log = log;
    this.#db = db;
    this.meta = meta;
    this.#format = format;
    this.#frames = Math.ceil(sizeOf(`${path}-wal`) / frameBytes);
    this.partitions = this.#readPartitions();
  }

  /** Throws an `OpenError`. Commits wait in the WAL as it was found until `settle`. */
  static open(options: OpenLog): LogFile {
    const path = join(options.directory, "log.db");
    let db: DatabaseSync | undefined;
    try {
      const created = mayCreate(path, options.partitions);
      db = new DatabaseSync(path, { timeout: 0 });
      // Exclusive first: then the WAL's index is in memory and no -shm file is ever made.
      db.exec("pragma locking_mode = exclusive; pragma trusted_schema = off; pragma temp_store = memory");
      if (db.prepare("pragma page_count").get()?.["page_count"] === 0) {
        if (options.partitions === undefined || !created) throw damaged(path, "it is empty");
        createLog(db, options.partitions);
        syncDirectory(options.directory);
      }
      const meta = readMeta(db, path);
      db.exec(`
        pragma journal_mode = wal;
        pragma synchronous = full;
        pragma wal_autocheckpoint = 0;
        pragma journal_size_limit = ${walBytesMax};
        pragma cache_size = ${-cacheBytes / 1_024};
      `);
      return new LogFile(options.directory, path, db, meta, options.log);
    } catch (error) {
      closeQuietly(db);
      throw openErrorOf(error, path);
    }
  }

  /** False once an error has left it in doubt what this connection sees; it is then opened anew before anything else. */
  get sound(): boolean {
    return this.#sound;
  }

  /**
   * Brings the commits that a WAL was found with into the database, durably. After a failed sync the kernel may have
   * dropped pages of the WAL that reading still shows, and a frame lost in the middle would cut off everything behind it
   * at the next power failure: so nothing is built on such a WAL. Then upgrades a log of an older format, in one
   * transaction. Throws an `OpenError`.
   */
  settle(): void {
    try {
      if (this.#frames > 0) {
        const [busy] = this.statement("pragma wal_checkpoint(truncate)").get() as unknown as [number];
        if (busy !== 0) throw new JournalError("failed", "the WAL is in use");
        syncFile(`${this.path}-wal`);
        this.#frames = 0;
      }
      syncDirectory(this.#directory); // the WAL's entry in it: SQLite ignores it if that fails
      this.#upgrade();
    } catch (error) {
      this.#sound = false;
      throw openErrorOf(error, this.path);
    }
  }

  #upgrade(): void {
    if (this.#format === formatNumber) return;
    this.transaction("upgrade", 8, () => {
      this.begin();
      upgradeLog(this.#db);
    });
    this.log("info", "journal.upgraded", { path: this.path, from: this.#format, to: formatNumber });
    this.#format = formatNumber;
  }

  /** Kept for as long as the connection. Rows come as arrays. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Idempotent within a transaction; to be called before its first write, so that one that writes nothing costs nothing. */
  begin(): void {
    if (!this.#db.isTransaction) this.statement("begin immediate").run();
  }

  /** Durable when it returns. `frames`: about how many pages it changes. Throws a `JournalError` (J6). */
  transaction<T>(where: string, frames: number, work: () => T): T {
    if (!this.sound) throw new JournalError("failed", `${where}: ${this.path} is to be opened again first`);
    let phase: Phase = "write";
    try {
      const value = work();
      phase = "commit";
      if (this.#db.isTransaction) {
        this.statement("commit").run();
        this.#frames += frames;
      }
      return value;
    } catch (cause) {
      throw this.#afterFailure(cause, phase, where);
    }
  }

  /** Turns an error of a read into a `JournalError` that names the position. */
  reading<T>(where: string, read: () => T): T {
    if (!this.sound) throw new JournalError("failed", `${where}: ${this.path} is to be opened again first`);
    try {
      return read();
    } catch (cause) {
      const error = journalErrorOf(cause, "read", where);
      // Damage is in the file and stays; for anything else a fresh connection may do better.
      if (error?.kind === "failed" && cause !== error) this.#sound = false;
      throw error ?? cause;
    }
  }

  /** When a checkpoint is due, in ms from now: 0 at once, Infinity not before more is written. */
  checkpointInMs(idle: boolean, nowMs: number): number {
    if (this.#frames < (idle ? framesWhenIdle : framesMax)) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#checkpointAtMs - nowMs);
  }

  /**
   * Copies the WAL into the database, so that the WAL starts again from its beginning. Never fails: what could not be
   * copied stays in the WAL, and the log goes on as long as that has room to grow.
   */
  checkpoint(nowMs: number): void {
    try {
      const [busy, frames, copied] = this.statement("pragma wal_checkpoint(passive)").get() as unknown as [number, number, number];
      if (busy !== 0) throw new JournalError("failed", "the WAL is in use");
      this.#frames = frames - copied;
      if (this.#checkpointFails) this.log("info", "journal.checkpoint_recovered", { path: this.path });
      this.#checkpointFails = false;
    } catch (error) {
      this.#checkpointAtMs = nowMs + checkpointPauseMs;
      if (!this.#checkpointFails) this.log("warn", "journal.checkpoint_failed", { path: this.path, error: describe(error) });
      this.#checkpointFails = true;
    }
  }

  /** Leaves one file, with nothing to recover, if the medium lets it. Idempotent. */
  close(): void {
    if (!this.#db.isOpen) return;
    if (this.sound) {
      try {
        this.#db.exec("pragma wal_checkpoint(truncate)");
      } catch (error) {
        this.log("warn", "journal.checkpoint_failed", { path: this.path, error: describe(error) });
      }
    }
    this.#statements.clear();
    closeQuietly(this.#db);
  }

  #afterFailure(cause: unknown, phase: Phase, where: string): unknown {
    const error = journalErrorOf(cause, phase, where);
    let rolledBack = true;
    try {
      if (this.#db.isTransaction) this.#db.exec("rollback");
    } catch {
      rolledBack = false; // closing the connection does it
    }
    if (!error) return cause;
    const definite = error.kind === "refused" || error.kind === "full" || cause === error;
    if (phase === "commit" && (error.kind === "ambiguous" || !rolledBack)) {
      this.#sound = false;
      return error.kind === "ambiguous" ? error : new JournalError("ambiguous", error.message, { cause });
    }
    if (!definite || !rolledBack) this.#sound = false;
    return error;
  }

  #readPartitions(): readonly PartitionCache[] {
    const newest = this.statement("select o + n, epoch from log where p = ? order by o desc limit 1");
    const rows = this.statement("select id, epoch, coalesce(indexed_to, 0) from partition left join progress on p = id order by id").all();
    const caches = (rows as unknown as [number, number, number][]).map(([id, epoch, indexedTo], i): PartitionCache => {
      const [head, newestEpoch] = (newest.get(i) as unknown as [number, number] | undefined) ?? [0, 0];
      if (id !== i) throw damaged(this.path, `partition ${i} has no epoch`);
      if (newestEpoch > epoch) throw damaged(this.path, `partition ${i} has epoch ${epoch}, its newest row has ${newestEpoch}`);
      return { epoch, head, indexedTo };
    });
    if (caches.length === this.meta.partitions) return caches;
    throw damaged(this.path, `it has ${caches.length} partitions instead of ${this.meta.partitions}`);
  }
}

function closeQuietly(db: DatabaseSync | undefined): void {
  try {
    if (db?.isOpen) db.close();
  } catch {
    // What close could not do (it tries a checkpoint) recovery does at the next open.
  }
}
