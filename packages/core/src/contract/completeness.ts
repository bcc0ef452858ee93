// Whether an implementation has a function for everything it must have one for, and for nothing else. The types say so
// too; this is for what they were not put to, and a name that is left over is nearly always a misspelt one.
import { Failure } from "../base/failure.ts";

interface Expected {
  /** Where a finding is: `contract counter`. */
  readonly at: string;
  /** Member of the definition that holds the functions: "decide". */
  readonly section: string;
  /** What a function is for: "command". */
  readonly per: string;
  readonly names: Iterable<string>;
}

/** Throws INVALID_DEFINITION unless `record` holds exactly one function per expected name. */
export function checkFunctions(record: unknown, { at, section, per, names }: Expected): void {
  const refuse = (what: string): never => {
    throw new Failure("INVALID_DEFINITION", { what, at });
  };
  const open = new Set(names);
  if (record === undefined && open.size === 0) return;
  if (typeof record !== "object" || record === null) refuse(`\`${section}\` is not an object of functions`);
  for (const [name, value] of Object.entries(record as object)) {
    if (!open.delete(name)) refuse(`\`${section}\` names "${name}", which is no ${per} here`);
    if (typeof value !== "function") refuse(`\`${section}.${name}\` is not a function`);
  }
  if (open.size > 0) refuse(`\`${section}\` lacks ${[...open].map((name) => `"${name}"`).join(", ")}: every ${per} needs one`);
}

/** Throws INVALID_DEFINITION if `definition` has a member that is none of `members`. */
export function checkMembers(
  definition: object,
  { at, of, members }: { readonly at: string; readonly of: string; readonly members: readonly string[] },
): void {
  for (const member of Object.keys(definition)) {
    if (members.includes(member)) continue;
    throw new Failure("INVALID_DEFINITION", { what: `"${member}" is no part of ${of}: those are ${members.join(", ")}`, at });
  }
}
