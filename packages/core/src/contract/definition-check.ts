// The rules of a definition that the compiler cannot enforce, or that were not put to it (plain JavaScript, a computed
// name). What passes here never has to be looked at again.
import { Failure } from "../base/failure.ts";
import { checkMembers } from "./completeness.ts";
import { isMemberName, isName, memberNameRule, nameRule } from "./naming.ts";
import type { Access, Definition, Operation } from "./operation.ts";
import { isSchema } from "./schema.ts";

/** The same as the type `Reserved`. */
const reserved: ReadonlySet<string> = new Set(["then", "catch", "finally", "toJSON", "constructor", "$"]);

type Refuse = (what: string, member?: string) => never;

/** Throws INVALID_DEFINITION, naming contract and operation, for the first rule that `definition` breaks. */
export function checkDefinition(name: unknown, definition: unknown): asserts definition is Definition {
  const place = (member?: string): string => `contract ${String(name)}${member === undefined ? "" : `.${member}`}`;
  const refuse: Refuse = (what, member) => {
    throw new Failure("INVALID_DEFINITION", { what, at: place(member) });
  };
  if (!isName(name)) refuse(nameRule);
  if (!isRecord(definition)) refuse("the definition is not an object");
  checkMembers(definition, { at: place(), of: "a contract", members: ["version", "key", "commands", "queries", "topics", "access"] });
  const { version, key, commands, queries, topics, access } = definition;
  if (!Number.isSafeInteger(version) || (version as number) < 1) refuse(`the version is a whole number from 1, not ${String(version)}`);
  if (key !== undefined && !isSchema(key)) refuse("`key` is not a schema (Standard Schema v1)");

  const taken = new Map<string, string>();
  for (const [kind, section] of [
    ["command", commands],
    ["query", queries],
    ["topic", topics],
  ] as const) {
    if (section === undefined) continue;
    if (!isRecord(section)) refuse(`the section for each ${kind} is not an object`);
    for (const [member, what] of Object.entries(section)) {
      checkMemberName(member, refuse);
      const other = taken.get(member);
      if (other !== undefined)
        refuse(`the name is taken by a ${other} and a ${kind}: commands, queries and topics share one namespace`, member);
      taken.set(member, kind);
      if (kind === "topic") {
        if (!isSchema(what)) refuse("a topic is the schema (Standard Schema v1) of its messages", member);
      } else {
        checkOperation(member, what, refuse, place(member));
      }
    }
  }
  checkAccess(access, taken, refuse);
}

function checkMemberName(member: string, refuse: Refuse): void {
  if (reserved.has(member)) refuse(`the name is reserved: references get awaited, and "${member}" would answer for them`, member);
  if (!isMemberName(member)) refuse(memberNameRule, member);
}

function checkOperation(member: string, operation: unknown, refuse: Refuse, at: string): asserts operation is Operation {
  if (!isRecord(operation)) refuse("an operation is an object with `in`, `out` and `rejects`, or some of them", member);
  checkMembers(operation, { at, of: "an operation", members: ["in", "out", "rejects"] });
  for (const part of ["in", "out"]) {
    if (operation[part] !== undefined && !isSchema(operation[part])) refuse(`\`${part}\` is not a schema (Standard Schema v1)`, member);
  }
  if (operation["rejects"] === undefined) return;
  if (!isRecord(operation["rejects"])) refuse("`rejects` is not an object of schemas", member);
  for (const [rejection, schema] of Object.entries(operation["rejects"])) {
    if (!isMemberName(rejection)) refuse(`rejection "${rejection}": ${memberNameRule}`, member);
    if (!isSchema(schema)) refuse(`rejection "${rejection}" is not a schema (Standard Schema v1) of its details`, member);
  }
}

function checkAccess(access: unknown, names: ReadonlyMap<string, string>, refuse: Refuse): void {
  if (access === undefined) return;
  if (!isRecord(access)) refuse("`access` is not an object");
  for (const [member, who] of Object.entries(access)) {
    if (!names.has(member)) refuse("`access` names it, but it is no command, query or topic of this contract", member);
    if (!isAccess(who)) refuse('`access` is "any" or a list of names of services', member);
  }
}

const isAccess = (who: unknown): who is Access => who === "any" || (Array.isArray(who) && who.every(isName));

const isRecord = (value: unknown): value is { readonly [member: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
