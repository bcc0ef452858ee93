// `contract`: from a definition to references with compiled checks. Everything that can be decided once is decided here.
import { checkOf, invalid, nothingAt, type Check } from "./check.ts";
import { checkDefinition } from "./definition-check.ts";
import { Failure } from "../base/failure.ts";
import type { Access, Checked, Definition, Operation } from "./operation.ts";
import type { AnyContract, AnyOpRef, AnyTopicRef, Contract, ContractHead, OperationChecks } from "./reference.ts";
import type { Schema } from "./schema.ts";
import { tableOf } from "./table.ts";

/** UTF-16 units of a key. */
export const keyLengthMax = 512;

/** What `access` does not list, only the own service may call. */
const ownServiceOnly: Access = Object.freeze([]);

type Member = AnyOpRef | AnyTopicRef;

/**
 * A promise as plain data: names, forms, access. The result is frozen; throws `Failure` INVALID_DEFINITION, naming contract and
 * operation, for what is not a definition. It holds no implementation, so that senders can import it alone.
 */
export function contract<const D extends Definition>(name: string, definition: D & Checked<D>): Contract<D> {
  return define(name, definition) as unknown as Contract<D>;
}

/** A contract of the platform's own: its name begins with "$", which no other's can. */
export function ownContract<const D extends Definition>(name: `$${string}`, definition: D & Checked<D>): Contract<D> {
  checkDefinition(name.slice(1), definition);
  return compiled(name, definition) as unknown as Contract<D>;
}

function define(name: string, definition: unknown): AnyContract {
  checkDefinition(name, definition);
  return compiled(name, definition);
}

function compiled(name: string, definition: Definition): AnyContract {
  const access = tableOf(definition.access ?? {});
  const accessOf = (member: string): Access => frozenAccess(access[member] ?? ownServiceOnly);

  const operations = Object.create(null) as Record<string, AnyOpRef>; // as tableOf does; filled below, because they point back
  const topics = Object.create(null) as Record<string, AnyTopicRef>;
  const head: ContractHead<Definition> = Object.freeze({
    name,
    version: definition.version,
    definition: Object.freeze({ ...definition }),
    keyed: definition.key !== undefined,
    checkKey: keyCheck(name, definition.key),
    operations,
    topics,
  });
  const members: Record<string, Member> = {};
  const self: AnyContract = Object.assign(members, { $: head });

  for (const [kind, section] of [
    ["command", definition.commands],
    ["query", definition.queries],
  ] as const) {
    for (const [member, given] of Object.entries(section ?? {})) {
      const operation = frozenOperation(given);
      const checks = operationChecks(`${name}.${member}`, operation);
      operations[member] = Object.freeze({ kind, contract: self, name: member, operation, access: accessOf(member), checks });
    }
  }
  for (const [member, schema] of Object.entries(definition.topics ?? {})) {
    const check = checkOf(schema, `${name}.${member}`, "INVALID_REPLY");
    topics[member] = Object.freeze({ kind: "topic", contract: self, name: member, schema, access: accessOf(member), check });
  }
  Object.assign(members, operations, topics);
  Object.freeze(operations);
  Object.freeze(topics);
  return Object.freeze(self);
}

function operationChecks(at: string, operation: Operation): OperationChecks {
  const rejections = new Map<string, Check>();
  for (const [name, schema] of Object.entries(operation.rejects ?? {}))
    rejections.set(name, checkOf(schema, `${at} rejects ${name}`, "INVALID_REPLY"));
  return Object.freeze({
    input: operation.in ? checkOf(operation.in, at) : nothingAt(at),
    reply: operation.out ? checkOf(operation.out, `${at} reply`, "INVALID_REPLY") : nothingAt(`${at} reply`, "INVALID_REPLY"),
    rejection(name: string, details: unknown) {
      const check = rejections.get(name);
      if (check) return check(details);
      throw new Failure("INVALID_REPLY", {
        what: `"${name}" is none of the declared rejections (${[...rejections.keys()].join(", ") || "none"})`,
        at,
      });
    },
  });
}

function keyCheck(contractName: string, schema: Schema | undefined): (key: unknown) => string {
  const at = `${contractName} key`;
  if (!schema) {
    const check = nothingAt(at);
    return (key) => {
      check(key);
      return "";
    };
  }
  const check = checkOf(schema, at);
  return (given) => {
    const key = check(given);
    if (typeof key !== "string") throw invalid("INVALID_INPUT", at, [{ pointer: "", detail: "a key is a string" }]);
    if (key.length === 0 || key.length > keyLengthMax) {
      throw invalid("INVALID_INPUT", at, [{ pointer: "", detail: `a key has 1 to ${keyLengthMax} characters, this one ${key.length}` }]);
    }
    // Stores keep text as UTF-8, some of them up to the first NUL: two keys that differ here must differ there.
    if (key.includes("\0") || !key.isWellFormed())
      throw invalid("INVALID_INPUT", at, [{ pointer: "", detail: "a key is well-formed text without NUL" }]);
    return key;
  };
}

const frozenAccess = (access: Access): Access => (access === "any" ? access : Object.freeze([...access]));

/** Without `rejects` if it lists none, so that "can be rejected" is one question. */
function frozenOperation({ rejects, ...operation }: Operation): Operation {
  if (rejects === undefined || Object.keys(rejects).length === 0) return Object.freeze(operation);
  return Object.freeze({ ...operation, rejects: Object.freeze({ ...rejects }) });
}
