// Tables in one SQLite connection: batches, refusals, queries. Synchronous; who calls it decides on which thread. The
// simulator runs exactly this on a database in memory.
//
// Foreign keys are not enforced: rows of different entities come in no order that anybody promises, and a deferred one
// would refuse a batch at its end without saying which group is to blame.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assert } from "../../base/assert.ts";
import { type Group, type Refusal, resultBytesMax, type Rows, rowsMax, type SqlValue, type Statement, TableError } from "../table-store.ts";
import { isOversized, tableErrorOf } from "./table-error.ts";

/** Prepared statements kept per connection, the longest unused goes first. */
const preparedMax = 500;

/** Statements that are about the connection, or the transaction that a batch is: whatever stands before their first word. */
const controls = /^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*(?:begin|commit|end|rollback|savepoint|release|attach|detach|pragma|vacuum)\b/i;

export class TableDatabase {
  readonly db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  /** T1, T3. Throws a `TableError`; then nothing is written unless COMMIT itself failed, and the connection is of no use any more. */
  write(groups: readonly Group[]): readonly Refusal[] {
    try {
      return this.#tryAll(groups) ? this.#commit() : this.#tryEach(groups);
    } catch (error) {
      this.#rollback();
      throw known(error);
    }
  }

  /** T5 where the connection is read only, or says `query_only`. Throws a `TableError`. */
  query(statement: Statement): Rows {
    try {
      return this.#select(statement, false);
    } catch (error) {
      if (!isOversized(error)) throw known(error);
    }
    try {
      return this.#select(statement, true);
    } catch (error) {
      throw known(error);
    }
  }

  close(): void {
    this.#prepared.clear();
    if (this.db.isOpen) this.db.close();
  }

  /** False if something was refused: then nothing is left of it. */
  #tryAll(groups: readonly Group[]): boolean {
    this.#exec("begin immediate");
    try {
      for (const { statements } of groups) for (const statement of statements) this.#run(statement);
      return true;
    } catch (error) {
      if (tableErrorOf(error)?.kind !== "refused") throw error;
      this.#rollback();
      return false;
    }
  }

  /**
   * The slow way, after something was refused: each group under a savepoint. A statement may take the whole transaction down
   * with it ("or rollback", raise(rollback)); then everything is tried again without its group.
   */
  #tryEach(groups: readonly Group[]): readonly Refusal[] {
    const reasons = new Map<number, string>();
    for (;;) {
      const lost = this.#tryOnce(groups, reasons);
      if (lost === undefined) break;
      assert(!reasons.has(lost.group), "a group that was refused is not tried again");
      reasons.set(lost.group, lost.reason);
    }
    if (reasons.size === 0) return this.#commit(); // what was in its way has gone
    this.#rollback();
    return [...reasons].sort(([a], [b]) => a - b).map(([group, reason]) => ({ group, reason }));
  }

  /** Returns the refusal that ended the transaction; undefined if it is still open. Adds to `reasons`. */
  #tryOnce(groups: readonly Group[], reasons: Map<number, string>): Refusal | undefined {
    const out = new Set<string>();
    this.#exec("begin immediate");
    for (const [group, { subject, statements }] of groups.entries()) {
      if (reasons.has(group)) out.add(subject);
      if (out.has(subject)) continue;
      try {
        this.#exec("savepoint attempt");
        for (const statement of statements) this.#run(statement);
        this.#exec("release attempt");
      } catch (error) {
        const refusal = tableErrorOf(error);
        if (refusal?.kind !== "refused") throw error;
        if (!this.db.isTransaction) return { group, reason: refusal.message };
        this.#exec("rollback to attempt; release attempt");
        reasons.set(group, refusal.message);
        out.add(subject);
      }
    }
    return undefined;
  }

  #run({ sql, parameters }: Statement): void {
    this.#prepare(sql).run(...parameters.map(bindable));
  }

  #select({ sql, parameters }: Statement, bigints: boolean): Rows {
    const statement = this.#prepare(sql);
    statement.setReadBigInts(bigints);
    const columns = statement.columns().map(({ name }) => name);
    const rows: SqlValue[][] = [];
    let bytes = 0;
    // Leaving the loop early resets the statement, and so ends what it has locked.
    for (const row of statement.iterate(...parameters.map(bindable)) as Iterable<unknown> as Iterable<SqlValue[]>) {
      if (rows.length === rowsMax) throw new TableError("refused", `it has more than ${rowsMax} rows: give it a limit`);
      for (const [i, value] of row.entries()) {
        if (typeof value === "string" || value instanceof Uint8Array) bytes += value.length;
        else if (typeof value === "bigint" && BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)))
          row[i] = Number(value);
      }
      if (bytes > resultBytesMax) throw new TableError("refused", `its rows have more than ${resultBytesMax} bytes: give it a limit`);
      rows.push(row);
    }
    return { columns, rows };
  }

  #commit(): readonly Refusal[] {
    try {
      this.#exec("commit");
      return [];
    } catch (error) {
      throw new TableError("failed", `commit: ${known(error).message}`, { cause: error }); // nothing in it was refused
    }
  }

  #exec(sql: string): void {
    this.db.exec(sql);
  }

  #rollback(): void {
    if (this.db.isTransaction) this.db.exec("rollback");
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement) {
      this.#prepared.delete(sql);
      this.#prepared.set(sql, statement);
      return statement;
    }
    if (controls.test(sql)) throw new TableError("refused", "it controls transactions or the connection, which are not its own");
    statement = this.db.prepare(sql);
    statement.setReturnArrays(true);
    if (this.#prepared.size >= preparedMax) {
      const [oldest] = this.#prepared.keys();
      if (oldest !== undefined) this.#prepared.delete(oldest);
    }
    this.#prepared.set(sql, statement);
    return statement;
  }
}

/** T8: the binding makes a real of every number, also of 1, which shows in columns without a type and in divisions. */
const bindable = (value: SqlValue): SqlValue => (typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value);

/** A bug of ours comes back as it is. */
function known(error: unknown): Error {
  const table = tableErrorOf(error);
  if (table) return table;
  assert(error instanceof Error, "what is thrown is an error");
  return error;
}
