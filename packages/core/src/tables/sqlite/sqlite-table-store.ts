// Where read models are kept on a machine: `<directory>/<service>/read-models/<name>.db`, with SQLite's own files beside each
// while it is open. Per service one thread that writes and, from the first query on, one that reads: services must not wait
// for each other's queries. One process writes a file, others may read it (T9), and nobody else may open these files while a
// process has them; deleting them at rest only costs the time to fold them again.
import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { assert } from "../../base/assert.ts";
import type { Logger } from "../../runtime/index.ts";
import {
  type Group,
  type ReadTableFile,
  type Refusal,
  type Rows,
  type Statement,
  TableError,
  type TableFile,
  type TableStore,
} from "../table-store.ts";
import { flatBatch } from "./protocol.ts";
import { tableErrorOf } from "./table-error.ts";
import { TableThread } from "./table-thread.ts";

const folder = "read-models";
const fileName = /^([a-z0-9_-]{1,127})\.db$/;

/** What the open files of one service share. */
class Threads {
  readonly writer: TableThread;
  readonly reader: TableThread;
  readonly open = new Set<string>();
  /** Connections of the reading thread to files that others write. */
  apart = 0;

  constructor(logger: Logger) {
    this.writer = new TableThread("writer", logger);
    this.reader = new TableThread("reader", logger);
  }
}

export class SqliteTableStore implements TableStore {
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #threads = new Map<string, Threads>();
  #connections = 0;

  /** Touches nothing; folders are made when the first file is opened. */
  constructor(directory: string, logger: Logger) {
    this.#directory = resolve(directory);
    this.#logger = logger;
  }

  async names(service: string): Promise<readonly string[]> {
    return rethrown(async () => {
      const names: string[] = [];
      const path = this.#folder(service);
      if (existsSync(path)) for (const file of await readdir(path)) names.push(...(fileName.exec(file)?.slice(1) ?? []));
      return names.sort();
    });
  }

  async open(service: string, name: string): Promise<TableFile> {
    const path = this.#path(service, name);
    await rethrown(() => makeFolder(dirname(path)));
    const threads = this.#threadsOf(service);
    const { writer, reader, open } = threads;
    assert(!open.has(path), `${path} is open once at a time`);
    open.add(path);
    const closed = async (): Promise<void> => {
      open.delete(path);
      await this.#closed(service, threads);
    };
    try {
      await writer.ask(["open", path]);
    } catch (error) {
      await closed();
      throw error;
    }
    return new SqliteTableFile(path, writer, reader, closed);
  }

  async read(service: string, name: string): Promise<ReadTableFile> {
    const path = this.#path(service, name);
    const threads = this.#threadsOf(service);
    const { reader } = threads;
    const connection = (this.#connections += 1);
    threads.apart += 1;
    let closing: Promise<void> | undefined;
    const closed = async (): Promise<void> => {
      if (reader.running) await reader.ask(["close apart", path, connection]).catch(() => undefined); // it died: the system closed its files
      threads.apart -= 1;
      await this.#closed(service, threads);
    };
    const close = (): Promise<void> => (closing ??= closed());
    try {
      await reader.ask(["open apart", path, connection]);
    } catch (error) {
      await close();
      throw error;
    }
    const query = async (statement: Statement): Promise<Rows> => {
      if (closing) throw new TableError("failed", `${path} is closed`);
      return reader.ask(["query apart", path, connection, statement]);
    };
    return { query, close };
  }

  async remove(service: string, name: string): Promise<void> {
    const path = this.#path(service, name);
    assert(!this.#threads.get(service)?.open.has(path), `${path} is removed only when it is closed`);
    // Its own file last: while it is there, it is found again and removed by whoever comes next.
    for (const file of [`${path}-wal`, `${path}-shm`, path]) await rethrown(() => rm(file, { force: true }));
  }

  #threadsOf(service: string): Threads {
    let threads = this.#threads.get(service);
    if (!threads) this.#threads.set(service, (threads = new Threads(this.#logger)));
    return threads;
  }

  async #closed(service: string, threads: Threads): Promise<void> {
    if (threads.open.size > 0 || threads.apart > 0 || this.#threads.get(service) !== threads) return;
    this.#threads.delete(service);
    await Promise.all([threads.writer.end(), threads.reader.end()]);
  }

  #folder(service: string): string {
    assert(/^[a-z0-9][a-z0-9_-]{0,127}$/.test(service), `"${service}" names a service, and a directory`);
    return join(this.#directory, service, folder);
  }

  #path(service: string, name: string): string {
    assert(fileName.test(`${name}.db`), `"${name}" names tables, and a file`);
    return join(this.#folder(service), `${name}.db`);
  }
}

class SqliteTableFile implements TableFile {
  readonly #path: string;
  readonly #writer: TableThread;
  readonly #reader: TableThread;
  readonly #onClosed: () => Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(path: string, writer: TableThread, reader: TableThread, onClosed: () => Promise<void>) {
    this.#path = path;
    this.#writer = writer;
    this.#reader = reader;
    this.#onClosed = onClosed;
  }

  async write(groups: readonly Group[]): Promise<readonly Refusal[]> {
    this.#checkOpen();
    return this.#writer.ask(["write", this.#path, flatBatch(groups)]);
  }

  async query(statement: Statement): Promise<Rows> {
    this.#checkOpen();
    return this.#reader.ask(["query", this.#path, statement]);
  }

  async sync(): Promise<void> {
    this.#checkOpen();
    return this.#writer.ask(["sync", this.#path]);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** The reader first: the last one to close moves the WAL into the file and removes it. */
  async #close(): Promise<void> {
    for (const thread of [this.#reader, this.#writer]) if (thread.running) await thread.ask(["close", this.#path]).catch(() => undefined); // it died: the system closed its files
    await this.#onClosed();
  }

  #checkOpen(): void {
    if (this.#closing) throw new TableError("failed", `${this.#path} is closed`);
  }
}

/** One level at a time: the recursive form never returns on a file system that refuses with ENOENT (/proc). */
async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const made of missing)
    await mkdir(made).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another service was faster
    });
}

async function rethrown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw tableErrorOf(error) ?? error;
  }
}
