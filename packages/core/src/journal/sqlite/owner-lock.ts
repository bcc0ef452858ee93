// One process per service and directory. The lock is an exclusive transaction on owner.db, which holds nothing and is
// opened by nobody else: the operating system ends it with the process, whatever its end, and no clock or pid is trusted.
// It is kept by the main thread, so that it outlives a worker that died. owner.json beside it tells people who holds it.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Failure } from "../../base/failure.ts";
import type { Logger } from "../../runtime/index.ts";
import { describe, isSqliteError } from "./sqlite-error.ts";

const busy = 5;
/** A process that was just killed holds its locks until the kernel has buried it; a starting one has not written owner.json yet. */
const attempts = 10;
const attemptPauseMs = 25;

interface Owner {
  readonly pid: number;
  readonly startedAt: string;
}

export class OwnerLock {
  /** Who holds it, as it is written into the log by a take-over. */
  readonly owner: string;
  readonly #file: string;
  readonly #db: DatabaseSync;

  private constructor(file: string, db: DatabaseSync, owner: Owner) {
    this.#file = file;
    this.#db = db;
    this.owner = `pid ${owner.pid} since ${owner.startedAt}`;
  }

  /** JOURNAL_IN_USE if another process, or another journal of this one, holds it. */
  static async acquire(directory: string, logger: Logger): Promise<OwnerLock> {
    const path = join(directory, "owner.db");
    const file = join(directory, "owner.json");
    for (let attempt = 1; ; attempt++) {
      const db = lock(path);
      if (db) {
        const owner: Owner = { pid: process.pid, startedAt: new Date(performance.timeOrigin).toISOString() };
        announce(file, owner, logger);
        return new OwnerLock(file, db, owner);
      }
      if (attempt === attempts) throw inUse(directory, file);
      await new Promise((resolve) => setTimeout(resolve, attemptPauseMs));
    }
  }

  /** Idempotent. */
  release(): void {
    if (!this.#db.isOpen) return;
    rmSync(this.#file, { force: true }); // while it is still ours
    this.#db.close();
  }
}

function lock(path: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    db.exec("pragma journal_mode = memory; begin exclusive"); // a journal on disk would be a write, for which there may be no room
    return db;
  } catch (error) {
    db?.close();
    if (isSqliteError(error) && (error.errcode & 0xff) === busy) return undefined;
    throw new Failure("JOURNAL_FAILED", { what: `the lock file cannot be used: ${describe(error)}`, at: path, cause: error });
  }
}

function announce(file: string, owner: Owner, logger: Logger): void {
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify(owner)}\n`);
    renameSync(`${file}.new`, file);
  } catch (error) {
    logger.log("warn", "journal.owner_file_failed", { path: file, error }); // the lock holds without it
  }
}

function inUse(directory: string, file: string): Failure {
  let holder = "a process that has not said its pid";
  try {
    const owner = JSON.parse(readFileSync(file, "utf8")) as Partial<Owner>;
    holder = `pid ${owner.pid}${owner.pid === process.pid ? " (this process)" : ""}, running since ${owner.startedAt}`;
  } catch {
    // Written just now, or never: the disk may be full.
  }
  return new Failure("JOURNAL_IN_USE", { what: `it is held by ${holder}`, at: directory });
}
