// The file of one read model, version and generation: the user's tables, and three of our own beside them, written in the same
// transactions. Generations tell a file that is being built from the one that answers: SQLite finds its write-ahead log by the
// name of the file, so a file that is open cannot be renamed, and the swap is a word in the new file instead (ADR 0017).
import { assert, Failure } from "@atoll/core/extension";
import {
  type Group,
  type ReadTableFile,
  type Refusal,
  type Rows,
  type SqlValue,
  type Statement,
  TableError,
  type TableFile,
  type TableStore,
} from "@atoll/core/tables";
import type { ParkedRow } from "./parked.ts";
import type { Stream } from "./stream.ts";

/** Tables of users must not begin so. */
const own = "atoll_";
const create: readonly string[] = [
  `create table ${own}model (definition text not null, state text not null) strict`,
  `create table ${own}position (
    source text not null, p integer not null, log text not null, timeline integer not null, next integer not null,
    primary key (source, p)
  ) strict, without rowid`,
  `create table ${own}parked (
    source text not null, key text not null, p integer not null, o integer not null, i integer not null,
    since integer not null, reason text not null, skipped integer not null,
    primary key (source, key)
  ) strict, without rowid`,
];

export interface Generation {
  readonly contract: string;
  readonly version: number;
  readonly generation: number;
}

export const nameOf = ({ contract, version, generation }: Generation): string => `${contract}-v${version}-${generation}`;

export function generationOf(name: string): Generation | undefined {
  const [, contract, version, generation] = /^(.+)-v([1-9]\d*)-([1-9]\d*)$/.exec(name) ?? [];
  return contract === undefined ? undefined : { contract, version: Number(version), generation: Number(generation) };
}

export interface StoredPosition {
  readonly source: string;
  readonly partition: number;
  readonly logId: string;
  readonly timeline: number;
  readonly next: number;
}

/** "replaced": another one answers. This one is to be removed, or gone on with by a program of its version that comes again. */
export type ModelState = "building" | "live" | "replaced";

export interface StoredModel {
  /** Fingerprint of what made it. */
  readonly definition: string;
  readonly state: ModelState;
  readonly positions: readonly StoredPosition[];
  readonly parked: readonly ParkedRow[];
}

const plain = (sql: string, ...parameters: readonly SqlValue[]): Statement => ({ sql, parameters });

export const positionStatement = ({ alias, source: { log }, partition }: Stream, next: number): Statement =>
  plain(`replace into ${own}position values (?, ?, ?, ?, ?)`, alias, partition, log.logId, log.timeline, next);

export const parkStatement = (row: ParkedRow): Statement =>
  plain(
    `replace into ${own}parked values (?, ?, ?, ?, ?, ?, ?, ?)`,
    row.source,
    row.key,
    row.partition,
    row.offset,
    row.index,
    row.since,
    row.reason,
    row.skipped,
  );

export const unparkStatement = ({ source, key }: Pick<ParkedRow, "source" | "key">): Statement =>
  plain(`delete from ${own}parked where source = ? and key = ?`, source, key);

/** What a reader of a file has to know of it, in one statement: so it is of one moment. A file without positions has one row. */
const standingStatement = plain(
  `select definition, state, source, p, log, timeline, next from ${own}model left join ${own}position on true`,
);

export interface Standing {
  readonly definition: string;
  readonly state: ModelState;
  readonly positions: readonly StoredPosition[];
}

/** Undefined if nothing was made in it yet. */
export async function standingOf(file: ReadTableFile): Promise<Standing | undefined> {
  let rows: readonly StandingRow[];
  try {
    ({ rows } = (await file.query(standingStatement)) as Rows & { readonly rows: readonly StandingRow[] });
  } catch (error) {
    if (error instanceof TableError && error.kind === "refused") return undefined; // no such table
    throw error;
  }
  const [first] = rows;
  if (!first) throw new TableError("damaged", "it does not say what made it");
  const positions = rows.flatMap(([, , source, partition, logId, timeline, next]): readonly StoredPosition[] =>
    source === null ? [] : [{ source, partition, logId, timeline, next }],
  );
  return { definition: first[0], state: first[1], positions };
}

type StandingRow = readonly [string, ModelState, string | null, number, string, number, number];

export const damagedFile = (error: Error, at: string): Failure =>
  new Failure("UNAVAILABLE", {
    what: `its file is damaged: ${error.message}; rebuild it with \`npx atoll read-models rebuild\``,
    at,
    cause: error,
  });

export class ModelFile {
  readonly name: string;
  readonly #file: TableFile;

  private constructor(name: string, file: TableFile) {
    this.name = name;
    this.#file = file;
  }

  static async open(store: TableStore, service: string, name: string): Promise<ModelFile> {
    return new ModelFile(name, await store.open(service, name));
  }

  /** Makes the tables, in one transaction. INVALID_DEFINITION, with the SQL, if SQLite does not take it. */
  async make(definition: string, tables: readonly Statement[], at: string): Promise<void> {
    const groups: Group[] = tables.map((statement, i) => ({ subject: `${i}`, statements: [statement] }));
    groups.push({
      subject: own,
      statements: [...create.map((sql) => plain(sql)), plain(`insert into ${own}model values (?, 'building')`, definition)],
    });
    const [refusal] = await this.#file.write(groups);
    if (!refusal) return;
    const sql = tables[refusal.group]?.sql;
    const what =
      sql === undefined ? `tables that begin with "${own}" are the platform's own: ${refusal.reason}` : `${refusal.reason}, in: ${sql}`;
    throw new Failure("INVALID_DEFINITION", { what, at: `${at} tables` });
  }

  /** Undefined if nothing was made in it. `sources`: those whose positions are of interest. */
  async load(sources: Iterable<string>): Promise<StoredModel | undefined> {
    const made = await this.query(plain("select 1 from sqlite_schema where name = ?", `${own}model`));
    if (made.rows.length === 0) return undefined;
    const [model] = (await this.query(plain(`select definition, state from ${own}model`))).rows as readonly (readonly [
      string,
      ModelState,
    ])[];
    if (!model) throw new TableError("damaged", "it does not say what made it");
    const positions: StoredPosition[] = [];
    for (const source of sources) {
      const { rows } = await this.query(plain(`select p, log, timeline, next from ${own}position where source = ?`, source));
      for (const [partition, logId, timeline, next] of rows as readonly (readonly [number, string, number, number])[])
        positions.push({ source, partition, logId, timeline, next });
    }
    const { rows } = await this.query(plain(`select source, key, p, o, i, since, reason, skipped from ${own}parked`));
    const parked = (rows as readonly (readonly [string, string, number, number, number, number, string, number])[]).map(
      ([source, key, partition, offset, index, since, reason, skipped]): ParkedRow => ({
        source,
        key,
        partition,
        offset,
        index,
        since,
        reason,
        skipped,
      }),
    );
    return { definition: model[0], state: model[1], positions, parked };
  }

  write(groups: readonly Group[]): Promise<readonly Refusal[]> {
    return this.#file.write(groups);
  }

  query(statement: Statement): Promise<Rows> {
    return this.#file.query(statement);
  }

  /** From now on this is the one that answers, also after a crash. */
  async goLive(): Promise<void> {
    await this.#become("live");
    await this.#file.sync();
  }

  /**
   * Nobody who begins later reads it, in any process. Not synced: only the end of the machine can take the word back, which also ends
   * all who read, and the next start looks at the newest file first (G3).
   */
  goReplaced(): Promise<void> {
    return this.#become("replaced");
  }

  async #become(state: ModelState): Promise<void> {
    const refusals = await this.#file.write([{ subject: own, statements: [plain(`update ${own}model set state = ?`, state)] }]);
    assert(refusals.length === 0, "our own tables take what is ours");
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
