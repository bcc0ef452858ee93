// What tells a file of one definition of a read model from a file of another.
import { fingerprint } from "@atoll/core/extension";
import type { ReadModelBehaviour } from "./behaviour.ts";

/** What a file must have been made by to be gone on with. What `on` does is not in it: raise `version` when that changes. */
export function definitionOf({ create, from }: ReadModelBehaviour): string {
  const tables = create.map(({ sql, parameters }) => [sql, parameters.map(String)]);
  const sources = Object.entries(from)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([alias, source]) => [alias, source.contract.$.name, source.kind === "topic" ? source.name : ""]);
  return fingerprint(JSON.stringify([tables, sources]));
}
