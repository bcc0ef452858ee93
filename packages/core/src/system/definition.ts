// Services and systems as values. Nothing runs here; `boot` and `start` bring a system up.
import { Failure } from "../base/failure.ts";
import type { At, Implementation } from "../contract/index.ts";
import type { EntityLimits } from "../entity/index.ts";
import type { AnyAdapter, HandlersLimits } from "../handlers/index.ts";
import type { AnySubscription } from "../subscription/index.ts";
import { decodeCalls, type CalledContract, type DependencyPolicy } from "../resilience/policy.ts";
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
  /**
   * How it calls the contracts of others, each with a breaker, a bulkhead, a time-out and a retry budget of its own, shared by
   * everything in the service that calls it: `[[Bank, { within: "2s", concurrency: 20 }]]`. Every member has a default
   * (`CallPolicy`). What is not listed is called without any of it.
   */
  readonly calls?: readonly CalledContract[];
  /** Runs at every start, before anybody from outside is let in. Speaks as the service; must be repeatable. */
  readonly seed?: (at: At) => Promise<void>;
}

/** What a service is made of. */
export type ServicePart = Implementation | AnySubscription;

/** What owns a store: a name, a log, the implementations of its contracts. */
export interface Service {
  readonly kind: "service";
  readonly name: string;
  readonly parts: readonly Implementation[];
  readonly subscriptions: readonly AnySubscription[];
  readonly how: ServiceHow;
  /** `how.calls`, decoded. */
  readonly calls: readonly DependencyPolicy[];
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
export function service(name: string, parts: readonly ServicePart[], how: ServiceHow = {}): Service {
  const at = `service "${name}"`;
  checkName(name, at);
  if (reserved.has(name)) throw new Failure("INVALID_DEFINITION", { what: `"${name}" is a name of the platform's own`, at });
  if (parts.length === 0)
    throw new Failure("INVALID_DEFINITION", { what: "a service implements at least one contract, or subscribes to a topic", at });
  checkParts(parts, at);
  const implementations = parts.filter((part): part is Implementation => part.kind !== "subscription");
  const subscriptions = parts.filter((part): part is AnySubscription => part.kind === "subscription");
  checkSubscriptions(subscriptions, at);
  return Object.freeze({ kind: "service", name, parts: implementations, subscriptions, how, calls: decodeCalls(how.calls ?? [], at) });
}

/**
 * A system. Throws INVALID_DEFINITION if two services share a name, or two implementations a contract, or if a service says how
 * it calls a contract that nobody here implements.
 */
export function system(name: string, what: { readonly services: readonly Service[]; readonly gateway?: Gateway }): System {
  const at = `system "${name}"`;
  checkName(name, at);
  const names = new Set<string>();
  const owners = new Map<string, string>();
  for (const { name: owner, parts } of what.services) {
    if (names.has(owner)) throw new Failure("INVALID_DEFINITION", { what: `two services are named "${owner}"`, at });
    names.add(owner);
    checkSagas(parts, at);
    for (const part of parts) {
      const { name: contract } = part.contract.$;
      const other = owners.get(contract);
      const versioned = other === owner && (isAnotherVersion(part, parts) || isSagas(part, parts));
      if (other !== undefined && !versioned) {
        const twice = `contract "${contract}" is implemented twice, in service "${other}" and in service "${owner}"`;
        throw new Failure("INVALID_DEFINITION", { what: twice, at });
      }
      owners.set(contract, owner);
    }
  }
  for (const { name: caller, calls } of what.services) {
    const lost = calls.find(({ contract }) => !owners.has(contract));
    if (lost) {
      throw new Failure("INVALID_DEFINITION", {
        what: `service "${caller}" says under \`calls\` how it calls contract "${lost.contract}", which no service here implements`,
        at,
      });
    }
  }
  return Object.freeze({ kind: "system", name, services: [...what.services], gateway: what.gateway });
}

/** Adapters stand beside one implementation of their contract that is none, each for a version of its own. */
function isAnotherVersion({ contract }: Implementation, parts: readonly Implementation[]): boolean {
  const same = parts.filter((part) => part.contract.$.name === contract.$.name);
  const versions = new Set(same.map((part) => part.contract.$.version));
  return versions.size === same.length && same.filter(({ kind }) => kind !== "adapter").length === 1;
}

/** Several definitions of one saga stand side by side: `checkSagas` says how they must differ. */
const isSagas = ({ contract }: Implementation, parts: readonly Implementation[]): boolean =>
  parts.every((part) => part.contract.$.name !== contract.$.name || part.kind === "saga");

function checkSagas(parts: readonly Implementation[], at: string): void {
  const refuse = (what: string): never => {
    throw new Failure("INVALID_DEFINITION", { what, at });
  };
  const known = new Map<string, AnySaga[]>();
  for (const saga of parts.filter((part): part is AnySaga => part.kind === "saga")) {
    const { name } = saga.contract.$;
    const { command, version } = saga.how;
    const others = known.get(name) ?? [];
    for (const { how } of others) {
      if (how.command !== command)
        refuse(`the sagas of contract "${name}" start with "${how.command.name}" and with "${command.name}": there is one such command`);
      if (how.version === version) refuse(`version ${version} of saga "${name}" is defined twice`);
    }
    known.set(name, [...others, saga]);
  }
}

function checkName(name: string, at: string): void {
  if (typeof name === "string" && namePattern.test(name)) return;
  throw new Failure("INVALID_DEFINITION", {
    what: "a name starts with a lower-case letter and has at most 63 letters, digits and hyphens",
    at,
  });
}

const kinds: ReadonlySet<string> = new Set<ServicePart["kind"]>(["entity", "handlers", "adapter", "readModel", "saga", "subscription"]);

function checkParts(parts: readonly ServicePart[], at: string): void {
  for (const part of parts) {
    if (part?.kind !== "adapter") continue;
    const { now, contract } = part as AnyAdapter;
    if (parts.some((other) => other.kind !== "adapter" && other.kind !== "subscription" && other.contract === now)) continue;
    const what = `the adapter of version ${contract.$.version} of contract "${now.$.name}" leads to version ${now.$.version}, which the service does not implement`;
    throw new Failure("INVALID_DEFINITION", { what, at });
  }
  parts.forEach((part, i) => {
    const kind: unknown = (part as Partial<ServicePart> | undefined)?.kind;
    if (typeof kind === "string" && kinds.has(kind)) return;
    throw new Failure("INVALID_DEFINITION", {
      what: `part ${i} is not an implementation: pass what entity(), handlers(), saga(), readModel(), adapter() or subscription() returned`,
      at,
    });
  });
}

/** A subscription is known by its name. */
function checkSubscriptions(subscriptions: readonly AnySubscription[], at: string): void {
  const names = new Set<string>();
  for (const { name } of subscriptions) {
    if (names.has(name)) throw new Failure("INVALID_DEFINITION", { what: `two subscriptions are named "${name}"`, at });
    names.add(name);
  }
}
