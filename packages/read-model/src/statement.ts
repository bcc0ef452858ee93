// From what user code returns (something that Kysely compiles) to a statement with values that SQLite has a form for.
import type { CompiledQuery } from "kysely";
import { Failure } from "@atoll/core/extension";
import type { SqlValue, Statement } from "@atoll/core/tables";

/** Of one event, and of one definition of tables. */
const statementsMax = 1_000;

type NodeKind = CompiledQuery["query"]["kind"];

/** What changes rows. */
export const changes: ReadonlySet<NodeKind> = new Set(["InsertQueryNode", "UpdateQueryNode", "DeleteQueryNode"]);
/** What makes tables, and the rows they begin with. */
export const definitions: ReadonlySet<NodeKind> = new Set([
  "CreateTableNode",
  "CreateIndexNode",
  "CreateViewNode",
  "AlterTableNode",
  "InsertQueryNode",
]);

/**
 * What a callback returned, as statements. Throws INVALID_DEFINITION for what is none: nothing here is ever executed, and what
 * is not in `kinds` has no business where it was returned.
 */
export function statementsOf(returned: unknown, kinds: ReadonlySet<NodeKind>, at: string): readonly Statement[] {
  if (returned === undefined) return [];
  const list: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  if (list.length > statementsMax) throw refused(`it returned ${list.length} statements, at most ${statementsMax} are taken`, at);
  return list.map((entry) => compiled(entry, kinds, at));
}

function compiled(entry: unknown, kinds: ReadonlySet<NodeKind>, at: string): Statement {
  const { compile, then } = (typeof entry === "object" && entry !== null ? entry : {}) as { compile?: unknown; then?: unknown };
  if (typeof then === "function") {
    (entry as Promise<unknown>).then(undefined, () => undefined); // its outcome is of no interest, but must not end the process
    throw refused("it returned a promise: statements are returned without `execute`, and run with the position", at);
  }
  if (typeof compile !== "function") throw refused("it returned something that is no statement: return what Kysely builds", at);
  const { query, sql, parameters } = (entry as { compile(): CompiledQuery }).compile();
  if (!kinds.has(query.kind)) throw refused(`it returned a statement that has no place here (${query.kind}): ${sql}`, at);
  return { sql, parameters: parametersOf(parameters, (what) => refused(`${what} of: ${sql}`, at)) };
}

/** In the form in which SQLite keeps them: a boolean is 1 or 0. Throws what `refuse` makes for what it has no form for. */
export const parametersOf = (values: readonly unknown[], refuse: (what: string) => Failure): readonly SqlValue[] =>
  values.map((value, i) => {
    const kept = sqlValue(value);
    if (kept === undefined) throw refuse(`${describe(value)} has no form in SQLite, text made by JSON.stringify has: value ${i + 1}`);
    return kept;
  });

function sqlValue(value: unknown): SqlValue | undefined {
  switch (typeof value) {
    case "string":
    case "bigint":
      return value;
    case "boolean":
      return value ? 1 : 0;
    case "number":
      return Number.isFinite(value) ? value : undefined;
    case "object":
      return value === null || value instanceof Uint8Array ? value : undefined;
    default:
      return undefined;
  }
}

function describe(value: unknown): string {
  if (typeof value === "number") return String(value); // NaN, an infinity
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : value === undefined ? "undefined" : `a ${typeof value}`;
}

const refused = (what: string, at: string): Failure => new Failure("INVALID_DEFINITION", { what, at });
