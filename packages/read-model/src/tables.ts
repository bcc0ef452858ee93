// `tables`: the tables of a read model, as statements that make them. The type argument is what Kysely checks handlers and
// queries against; SQLite itself is asked when the file is made.
import type { Compilable, Kysely } from "kysely";

export interface Tables<DB> {
  readonly kind: "tables";
  readonly create: (db: Kysely<DB>) => readonly Compilable[];
}

/** `create` returns statements in the order in which they run, in the transaction that makes the file. */
export function tables<DB>(create: (db: Kysely<DB>) => readonly Compilable[]): Tables<DB> {
  return Object.freeze({ kind: "tables", create });
}
