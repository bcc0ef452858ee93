// Services and systems as values. Nothing runs here; `boot` and `start` bring a system up.
import { Failure } from "../base/failure.ts";
import type { At, Implementation } from "../contract/index.ts";
import type { EntityLimits } from "../entity/index.ts";
import type { HandlersLimits } from "../handlers/index.ts";
import type { AnySaga } from "../saga/index.ts";
import type { Gateway } from "./edge.ts";
import type { SagaLimits } from "./saga/limits.ts";

export interface ServiceLimits {
  /** Partitions of the log, fixed when it is created: 1 to 1024, default 16. */
  readonly partitions?: number;
  /** Bounds of its entities, each type counted by itself. */
  readonly entities?: Partial<EntityLimits>;
  /** Bounds of its handlers, each contract counted by itself. */
  readonly handlers?: Partial<HandlersLimits>;
  /** Bounds of its sagas, each contract counted by itself. */
  readonly sagas?: Partial<SagaLimits>;
}

export interface ServiceHow {
  readonly limits?: ServiceLimits;
  /** Runs at every start, before anybody from outside is let in. Speaks as the service; must be repeatable. */
  readonly seed?: (at: At) => Promise<void>;
}

/** What owns a store: a name, a log, the implementations of its contracts. */
export interface Service {
  readonly kind: "service";
  readonly name: string;
  readonly parts: readonly Implementation[];
  readonly how: ServiceHow;
}

export interface System {
  readonly kind: "system";
  readonly name: string;
  readonly services: readonly Service[];
  readonly gateway: Gateway | undefined;
}

const namePattern = /^[a-z][a-z0-9-]{0,62}$/;
/** Callers that are not services. */
const reserved = new Set(["gateway", "operator"]);

/** A service. Its name is also that of its folder of the data directory. Throws INVALID_DEFINITION. */
export function service(name: string, parts: readonly Implementation[], how: ServiceHow = {}): Service {
  const at = `service "${name}"`;
  checkName(name, at);
  if (reserved.has(name)) throw new Failure("INVALID_DEFINITION", { what: `"${name}" is a name of the platform's own`, at });
  if (parts.length === 0) throw new Failure("INVALID_DEFINITION", { what: "a service implements at least one contract", at });
  return Object.freeze({ kind: "service", name, parts: checkedParts(parts, at), how });
}

/** A system. Throws INVALID_DEFINITION if two services share a name, or two implementations a contract. */
export function system(name: string, what: { readonly services: readonly Service[]; readonly gateway?: Gateway }): System {
  const at = `system "${name}"`;
  checkName(name, at);
  const names = new Set<string>();
  const owners = new Map<string, string>();
  for (const { name: owner, parts } of what.services) {
    if (names.has(owner)) throw new Failure("INVALID_DEFINITION", { what: `two services are named "${owner}"`, at });
    names.add(owner);
    const sagas = new Map<string, AnySaga[]>();
    for (const part of parts) {
      const { contract } = part;
      const other = owners.get(contract.$.name);
      if (part.kind === "saga" && (other === undefined || sagas.has(contract.$.name))) {
        checkSibling(part as AnySaga, sagas, at);
      } else if (other !== undefined) {
        throw new Failure("INVALID_DEFINITION", {
          what: `contract "${contract.$.name}" is implemented twice, in service "${other}" and in service "${owner}"`,
          at,
        });
      }
      owners.set(contract.$.name, owner);
    }
  }
  return Object.freeze({ kind: "system", name, services: [...what.services], gateway: what.gateway });
}

/** Definitions of one saga stand side by side if they implement the same command and differ in version. */
function checkSibling(saga: AnySaga, sagas: Map<string, AnySaga[]>, at: string): void {
  const { name } = saga.contract.$;
  const { command, version } = saga.how;
  const others = sagas.get(name) ?? [];
  const refuse = (what: string): never => {
    throw new Failure("INVALID_DEFINITION", { what, at });
  };
  for (const { how } of others) {
    if (how.command !== command)
      refuse(`the sagas of contract "${name}" start with "${how.command.name}" and with "${command.name}": there is one such command`);
    if (how.version === version) refuse(`version ${version} of saga "${name}" is defined twice`);
  }
  sagas.set(name, [...others, saga]);
}

function checkName(name: string, at: string): void {
  if (typeof name === "string" && namePattern.test(name)) return;
  throw new Failure("INVALID_DEFINITION", {
    what: "a name starts with a lower-case letter and has at most 63 letters, digits and hyphens",
    at,
  });
}

function checkedParts(parts: readonly Implementation[], at: string): readonly Implementation[] {
  parts.forEach((part, i) => {
    const kind: unknown = (part as Partial<Implementation> | undefined)?.kind;
    if (kind === "entity" || kind === "handlers" || kind === "saga") return;
    throw new Failure("INVALID_DEFINITION", {
      what: `part ${i} is not an implementation: pass what entity(), handlers() or saga() returned`,
      at,
    });
  });
  return [...parts];
}
