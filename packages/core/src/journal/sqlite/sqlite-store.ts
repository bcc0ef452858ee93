// Where the journals of a data directory live: `<directory>/<service>/` with
//   log.db, log.db-wal   the log and its indexes (schema.ts)
//   owner.db, owner.json the lock of the one process that has it open, and who that is
// Nobody else may open log.db or owner.db while the process lives, not even to read: closing a file drops every lock that
// the process holds on it. To look at a log, copy the directory, or stop the process.
import { join, resolve } from "node:path";
import { assert } from "../../base/assert.ts";
import { Failure } from "../../base/failure.ts";
import type { Logger } from "../../runtime/index.ts";
import type { JournalStore } from "../journal.ts";
import { makeDirectory, sizeOf } from "./durable-file.ts";
import { OwnerLock } from "./owner-lock.ts";
import type { ReadyThreads } from "./ready-threads.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import { describe, systemCodeOf } from "./sqlite-error.ts";

/** A commit touches the pages of the partitions it writes to only; the bound is for the state that a start reads. */
const partitionsMax = 4_096;

export class SqliteJournalStore implements JournalStore {
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #ready: ReadyThreads | undefined;

  /** Touches nothing; the directory is made when the first journal is opened. */
  constructor(directory: string, logger: Logger, ready?: ReadyThreads) {
    this.#directory = resolve(directory);
    this.#logger = logger;
    this.#ready = ready;
  }

  exists(service: string): Promise<boolean> {
    return Promise.resolve(sizeOf(join(this.#directory, service, "log.db")) > 0);
  }

  /**
   * Verifies a log of up to 256 MiB whole, of a larger one the part that is not indexed (verify.ts). Besides the failures
   * of the port: JOURNAL_FULL and JOURNAL_FAILED when the medium does not let it open; both may pass.
   */
  async open(service: string, partitions: number): Promise<SqliteJournal> {
    assert(/^[a-z0-9][a-z0-9_-]{0,127}$/.test(service), `"${service}" names a service, and a directory`);
    assert(
      Number.isInteger(partitions) && partitions >= 1 && partitions <= partitionsMax,
      `1 to ${partitionsMax} partitions, not ${partitions}`,
    );
    const directory = join(this.#directory, service);
    await prepare(directory);
    const lock = await OwnerLock.acquire(directory, this.#logger);
    try {
      return await SqliteJournal.open({ directory, lock, partitions, logger: this.#logger, ready: this.#ready });
    } catch (error) {
      lock.release();
      throw error;
    }
  }
}

async function prepare(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
  } catch (error) {
    const code = systemCodeOf(error) === "ENOSPC" ? "JOURNAL_FULL" : "JOURNAL_FAILED";
    throw new Failure(code, { what: `the directory cannot be made: ${describe(error)}`, at: directory, cause: error });
  }
}
