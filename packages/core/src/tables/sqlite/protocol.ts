// What a table store and its threads say to each other. Both ends are this version of this package. A batch goes over as one
// flat array of plain values, and an SQL text that repeats (most do) once: cloning is what a hand-over costs.
import type { Group, Rows, SqlValue, Statement, TableErrorKind } from "../table-store.ts";

export interface FlatBatch {
  readonly texts: readonly string[];
  /** Per group: subject, number of statements; per statement: index of its text, number of parameters, parameters. */
  readonly values: readonly SqlValue[];
}

/**
 * Operations of one file, named by its path; or of a connection of its own to one that others write, which has a number. The writing
 * thread takes all of the first but "query", the reading one everything that reads or closes.
 */
export type Ask =
  | readonly ["open", path: string]
  | readonly ["write", path: string, batch: FlatBatch]
  | readonly ["query", path: string, statement: Statement]
  | readonly ["sync", path: string]
  | readonly ["close", path: string]
  | readonly ["open apart", path: string, connection: number]
  | readonly ["query apart", path: string, connection: number, statement: Statement]
  | readonly ["close apart", path: string, connection: number];

export type Request = readonly [id: number, ask: Ask];

export type Answer =
  | readonly [id: number, "value", value: unknown]
  | readonly [id: number, "error", kind: TableErrorKind, what: string]
  /** Rows, flat: columns, then row after row. */
  | readonly [id: number, "rows", columns: readonly string[], values: readonly SqlValue[]];

export interface WorkerInput {
  readonly role: "writer" | "reader";
}

export function flatBatch(groups: readonly Group[]): FlatBatch {
  const texts = new Map<string, number>();
  const values: SqlValue[] = [];
  for (const { subject, statements } of groups) {
    values.push(subject, statements.length);
    for (const { sql, parameters } of statements) {
      let text = texts.get(sql);
      if (text === undefined) texts.set(sql, (text = texts.size));
      values.push(text, parameters.length);
      for (const parameter of parameters) values.push(parameter);
    }
  }
  return { texts: [...texts.keys()], values };
}

export function groupsOf({ texts, values }: FlatBatch): readonly Group[] {
  const groups: Group[] = [];
  for (let i = 0; i < values.length;) {
    const subject = values[i++] as string;
    const statements: Statement[] = [];
    for (let left = values[i++] as number; left > 0; left--) {
      const sql = texts[values[i++] as number] as string;
      const count = values[i++] as number;
      statements.push({ sql, parameters: values.slice(i, i + count) });
      i += count;
    }
    groups.push({ subject, statements });
  }
  return groups;
}

export function rowsOf(columns: readonly string[], values: readonly SqlValue[]): Rows {
  const rows: (readonly SqlValue[])[] = [];
  for (let i = 0; i < values.length; i += columns.length) rows.push(values.slice(i, i + columns.length));
  return { columns, rows };
}
