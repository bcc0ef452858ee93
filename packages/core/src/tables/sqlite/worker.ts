// A thread that holds connections to the tables of one service: the writing one, or the reading one, which is opened read
// only. Two, because everything here is synchronous: a query must not wait for a batch or a checkpoint, and a query that
// takes for ever must not stop what is being written. A connection that failed is dropped; the next request opens it anew.
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { assert, unreachable } from "../../base/assert.ts";
import { type Rows, type Statement, TableError } from "../table-store.ts";
import { type Answer, type Ask, groupsOf, type Request, type WorkerInput } from "./protocol.ts";
import { TableDatabase } from "./table-database.ts";
import { tableErrorOf } from "./table-error.ts";

/** A WAL that grew while a reader held it up is cut back to this. */
const walBytesMax = 16 * 2 ** 20;
const cacheBytes = 4 * 2 ** 20;
/** Another connection of this process may be checkpointing or recovering. */
const busyMsMax = 5_000;

const { role } = workerData as WorkerInput;
const databases = new Map<string, TableDatabase>();

/** A connection to a file that others write, and which file that was when it was opened (T10): while it is open, no other file is that. */
interface Apart {
  readonly database: TableDatabase;
  readonly file: bigint;
}
const apart = new Map<number, Apart>();

function databaseAt(path: string): TableDatabase {
  let database = databases.get(path);
  if (!database) databases.set(path, (database = connected(path)));
  return database;
}

function connected(path: string): TableDatabase {
  const db = new DatabaseSync(path, { readOnly: role === "reader", enableForeignKeyConstraints: false, timeout: busyMsMax });
  try {
    db.exec(`pragma trusted_schema = off; pragma temp_store = memory; pragma cache_size = ${-cacheBytes / 1_024}`);
    if (role === "writer") {
      // A power failure may take the last commits; positions go with them, so they are made again (T4).
      db.exec(`pragma journal_mode = wal; pragma synchronous = normal; pragma journal_size_limit = ${walBytesMax}`);
    }
  } catch (error) {
    db.close();
    throw error;
  }
  return new TableDatabase(db);
}

/** Undefined if nothing is there. */
const fileAt = (path: string): bigint | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;

const gone = (path: string): TableError => new TableError("failed", `${path} is not there any more`);

function openApart(path: string, connection: number): void {
  const file = fileAt(path);
  if (file === undefined) throw gone(path);
  const database = connected(path);
  apart.set(connection, { database, file });
  database.query({ sql: "select count(*) from sqlite_schema", parameters: [] });
  if (fileAt(path) !== file) throw gone(path); // it was replaced meanwhile: which one is open, nobody knows
}

function queryApart(path: string, connection: number, statement: Statement): Rows {
  const found = apart.get(connection);
  if (!found || fileAt(path) !== found.file) throw gone(path);
  return found.database.query(statement);
}

/** What is wrong with it has been said; whoever reads opens it anew. */
function dropApart(connection: number): void {
  const found = apart.get(connection);
  apart.delete(connection);
  try {
    found?.database.close();
  } catch {
    // It was of no use any more.
  }
}

function drop(path: string): void {
  const database = databases.get(path);
  databases.delete(path);
  try {
    database?.close();
  } catch {
    // What is wrong with it has been said; the file is opened anew.
  }
}

/** Syncs the WAL, moves it into the file, syncs that. */
function sync(db: DatabaseSync): void {
  const { busy } = db.prepare("pragma wal_checkpoint(full)").get() as { readonly busy: number };
  if (busy !== 0) throw new TableError("failed", `a query has held up the sync for ${busyMsMax} ms`);
}

function work(id: number, ask: Ask): Answer {
  const [operation, path] = ask;
  switch (operation) {
    case "open":
      databaseAt(path).query({ sql: "select count(*) from sqlite_schema", parameters: [] }); // a damaged file is noticed now
      return [id, "value", undefined];
    case "write":
      return [id, "value", databaseAt(path).write(groupsOf(ask[2]))];
    case "query": {
      const { columns, rows } = databaseAt(path).query(ask[2]);
      return [id, "rows", columns, rows.flat()];
    }
    case "sync":
      sync(databaseAt(path).db);
      return [id, "value", undefined];
    case "close":
      drop(path);
      return [id, "value", undefined];
    case "open apart":
      openApart(path, ask[2]);
      return [id, "value", undefined];
    case "query apart": {
      const { columns, rows } = queryApart(path, ask[2], ask[3]);
      return [id, "rows", columns, rows.flat()];
    }
    case "close apart":
      dropApart(ask[2]);
      return [id, "value", undefined];
    default:
      return unreachable(operation, "the tables' thread");
  }
}

function answerTo([id, ask]: Request): Answer {
  try {
    return work(id, ask);
  } catch (error) {
    const known = tableErrorOf(error);
    if (!known) throw error;
    if (known.kind !== "refused") {
      if (ask[0] === "open apart" || ask[0] === "query apart") dropApart(ask[2]);
      else drop(ask[1]);
    }
    return [id, "error", known.kind, known.message];
  }
}

assert(parentPort, "the tables' worker runs in a thread of its own");
const port = parentPort;
port.on("message", (request: Request | "end") => {
  if (request === "end") {
    for (const path of databases.keys()) drop(path);
    for (const connection of apart.keys()) dropApart(connection);
    port.close();
    return;
  }
  port.postMessage(answerTo(request));
});
