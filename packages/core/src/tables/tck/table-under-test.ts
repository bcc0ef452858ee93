// What an implementation of the table store provides so that the conformance suite can run against it.
import { test } from "node:test";
import type { Group, SqlValue, Statement, TableFile, TableStore } from "../table-store.ts";

export interface TableStoreUnderTest {
  /** The store as the living process sees it; after `crash`, as its successor does. */
  store(): TableStore;
  /** The store as another process sees it, which no `crash` concerns. */
  reader(): TableStore;
  /** Loses the process, whatever it has under way. Resolves when a successor may open its files. */
  crash(): Promise<void>;
  /** Lets the implementation go on until `work` is settled. */
  drive<T>(work: Promise<T>): Promise<T>;
  cleanup(): Promise<void>;
}

/** Gives an empty store. An implementation that can choose its interleavings does so by the seed. */
export type Setup = (seed: number) => Promise<TableStoreUnderTest>;

export interface Subject {
  readonly setup: Setup;
  /** How often each law is tested, with another seed each time. */
  readonly seeds: number;
}

export const service = "under-test";
export const name = "tables-v1-1";

/** A guard against a store that hangs, not a demand on its speed. */
const lawTimeoutMs = 120_000;

export function law(subject: Subject, title: string, check: (under: TableStoreUnderTest) => Promise<void>): void {
  test(title, { timeout: lawTimeoutMs }, async () => {
    for (let seed = 1; seed <= subject.seeds; seed++) {
      const under = await subject.setup(seed);
      try {
        await under.drive(check(under));
      } finally {
        await under.cleanup();
      }
    }
  });
}

/** Like `law`, with a file of one table: t(id text primary key, n integer, any). */
export function lawOfFile(subject: Subject, title: string, check: (file: TableFile, under: TableStoreUnderTest) => Promise<void>): void {
  law(subject, title, async (under) => {
    const file = await under.store().open(service, name);
    await written(file, [group("create", statement("create table t (id text primary key, n integer, v)"))]);
    await check(file, under);
  });
}

export const statement = (sql: string, ...parameters: readonly SqlValue[]): Statement => ({ sql, parameters });
export const group = (subject: string, ...statements: readonly Statement[]): Group => ({ subject, statements });
export const insert = (id: string, n: SqlValue = 0, v: SqlValue = null): Statement =>
  statement("insert into t (id, n, v) values (?, ?, ?)", id, n, v);

/** Fails if anything of it is refused. */
export async function written(file: TableFile, groups: readonly Group[]): Promise<void> {
  const refusals = await file.write(groups);
  if (refusals.length > 0) throw new TypeError(`refused: ${JSON.stringify(refusals)}`);
}

/** Ids in `t`, in order of insertion. */
export async function idsIn(file: TableFile): Promise<readonly SqlValue[]> {
  const { rows } = await file.query(statement("select id from t order by rowid"));
  return rows.map(([id]) => id as SqlValue);
}
