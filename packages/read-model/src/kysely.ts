// The two faces that Kysely has here. For tables and events it only compiles: there is no connection behind it. For queries it
// runs on the reading side of one file, one instance per run, so that nothing a handler does to it (`destroy`) reaches others.
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { Failure } from "@atoll/core/extension";
import type { Rows, Statement } from "@atoll/core/tables";
import { parametersOf } from "./statement.ts";

function kyselyOn(driver: Driver): Kysely<unknown> {
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return new Kysely<unknown>({ dialect });
}

/** `executed` is told when something was executed all the same; whoever waits for that waits for ever. */
export function compilingKysely(executed: () => void): Kysely<unknown> {
  return kyselyOn(
    new QueryDriver(() => {
      executed();
      return new Promise(() => undefined); // a rejection that nobody waits for would end the process
    }),
  );
}

/** Runs queries by `ask`. What does more than read is refused before it gets there. */
export function queryingKysely(ask: (statement: Statement) => Promise<Rows>, at: string): Kysely<unknown> {
  return kyselyOn(
    new QueryDriver(async ({ query, sql, parameters }) => {
      const reads = query.kind === "SelectQueryNode" || (query.kind === "RawNode" && /^\s*(select|with|values)\b/i.test(sql));
      if (!reads) throw refused(`a query reads, and this does not: ${sql}`, at);
      const { columns, rows } = await ask({ sql, parameters: parametersOf(parameters, (what) => refused(`${what} of: ${sql}`, at)) });
      return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
    }),
  );
}

type Run = (query: CompiledQuery) => Promise<readonly object[]>;

class QueryDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(run: Run) {
    const connection: Pick<DatabaseConnection, "executeQuery"> = {
      executeQuery: async <R>(query: CompiledQuery): Promise<QueryResult<R>> => ({ rows: (await run(query)) as R[] }),
    };
    this.#connection = {
      ...connection,
      streamQuery: () => {
        throw refused("rows are not streamed here: give the query a limit", "stream");
      },
    };
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#connection);
  }

  beginTransaction(): Promise<void> {
    return Promise.reject(refused("there are no transactions in a query: each statement sees one state of the tables", "transaction"));
  }

  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

const refused = (what: string, at: string): Failure => new Failure("DEFECT", { what, at });
