// Where read models are kept on a machine: `<directory>/<service>/read-models/<name>.db`, with SQLite's own files beside each
// while it is open. Per service one thread that writes and, from the first query on, one that reads: services must not wait
// for each other's queries. Nobody else may open these files while the process lives; deleting them at rest only costs the
// time to fold them again.
import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { assert } from "../../base/assert.ts";
import type { Logger } from "../../runtime/index.ts";
import { type Group, type Refusal, type Rows, type Statement, TableError, type TableFile, type TableStore } from "../table-store.ts";
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

  constructor(logger: Logger) {
    this.writer = new TableThread("writer", logger);
    this.reader = new TableThread("reader", logger);
  }
}

export class SqliteTableStore implements TableStore {
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #threads = new Map<string, Threads>();

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
    let threads = this.#threads.get(service);
    if (!threads) this.#threads.set(service, (threads = new Threads(this.#logger)));
    const { writer, reader, open } = threads;
    assert(!open.has(path), `${path} is open once at a time`);
    open.add(path);
    const closed = async (): Promise<void> => {
      open.delete(path);
      if (open.size > 0) return;
      this.#threads.delete(service);
      await Promise.all([writer.end(), reader.end()]);
    };
    try {
      await writer.ask(["open", path]);
    } catch (error) {
      await closed();
      throw error;
    }
    return new SqliteTableFile(path, writer, reader, closed);
  }

  async remove(service: string, name: string): Promise<void> {
    const path = this.#path(service, name);
    assert(!this.#threads.get(service)?.open.has(path), `${path} is removed only when it is closed`);
    // Its own file last: while it is there, it is found again and removed by whoever comes next.
    for (const file of [`${path}-wal`, `${path}-shm`, path]) await rethrown(() => rm(file, { force: true }));
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
