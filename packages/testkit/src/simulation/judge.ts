// The laws that hold of every system, held against what a run left: its logs, its index, its dead letters, and what was said and
// heard outside. What each law says stands where it is checked.
import type { System } from "@atoll/core";
import { entityLimits, type AnyEntity } from "@atoll/core/entity";
import {
  type Attempt,
  BrokenLaw,
  checkAttempts,
  checkIndex,
  checkLog,
  placedRecords,
  type SimulatedDisk,
} from "@atoll/core/journal/simulated";
import type { VirtualWorld } from "@atoll/core/runtime/virtual";
import { checkFolds } from "./fold-laws.ts";
import { checkSagas } from "./saga-laws.ts";
import type { Witness } from "./stand-in.ts";
import { checkTold } from "./told-laws.ts";

interface Owned {
  readonly service: string;
  readonly entity: AnyEntity;
  readonly receiptsMax: number;
}

/** What of a system the laws are about, and whose log it is in. */
export interface Estate {
  readonly system: System;
  readonly entities: readonly Owned[];
  /** Contracts that sagas implement, and the service whose log their journals are in. */
  readonly sagas: ReadonlyMap<string, string>;
  /** Every service that may have a log; the gateway's own is that of a service "gateway". */
  readonly services: readonly string[];
}

export function estateOf(system: System): Estate {
  const entities = entitiesOf(system);
  const services = [...new Set([...entities.map(({ service }) => service), ...system.services.map(({ name }) => name)])];
  return { system, entities, sagas: sagasOf(system), services };
}

export interface Evidence {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly witness: Witness;
  readonly attempts: readonly Attempt[];
}

/** Adds to `broken` whatever law the run broke. */
export async function judge({ system, entities, sagas, services }: Estate, evidence: Evidence, broken: unknown[]): Promise<void> {
  const { world, disk, witness, attempts } = evidence;
  for (const service of services) {
    const log = placedRecords(disk.rows(service));
    const image = disk.image(service);
    const own = entities.filter((owned) => owned.service === service);
    const types = new Set(own.map(({ entity }) => entity.contract.$.name));
    await attempt(broken, () => checkLog(log));
    await attempt(broken, () =>
      checkAttempts(
        log,
        attempts.filter(({ to }) => types.has(to.contract.$.name)),
      ),
    );
    if (image) await attempt(broken, () => checkIndex(log, image));
    for (const { entity, receiptsMax } of own)
      await attempt(broken, () => checkFolds(entity, log, image?.snapshots ?? [], witness, receiptsMax));
    for (const [saga, home] of sagas) if (home === service) await attempt(broken, () => checkSagas(saga, log));
    for (const { partition, offset, record } of log) world.note(`log of ${service}: ${partition}.${offset} ${JSON.stringify(record)}`);
  }
  if (broken.length === 0) await attempt(broken, () => checkTold(system, disk)); // else there may be more to tell
  for (const { error, process } of world.failures)
    broken.push(new BrokenLaw("nothing throws in a task", `in ${process}: ${String(error)}`));
  if (world.trace.marks.has("entity.recovery_bug")) broken.push(new BrokenLaw("nothing throws in a task", "the recovery of an entity did"));
  if (world.trace.marks.has("subscription.bug")) broken.push(new BrokenLaw("nothing throws in a task", "a subscription did"));
}

/** What `act` throws is added to `broken`, once. */
export async function attempt(broken: unknown[], act: () => void | Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!broken.includes(error)) broken.push(error);
  }
}

function entitiesOf({ services, gateway }: System): readonly Owned[] {
  const all = [...services, ...(gateway ? [{ name: "gateway", parts: gateway.parts, how: {} as System["services"][number]["how"] }] : [])];
  return all.flatMap(({ name, parts, how }) =>
    parts.flatMap((part) =>
      part.kind === "entity"
        ? [{ service: name, entity: part as AnyEntity, receiptsMax: how.limits?.entities?.receiptsMax ?? entityLimits.receiptsMax }]
        : [],
    ),
  );
}

function sagasOf({ services }: System): ReadonlyMap<string, string> {
  return new Map(
    services.flatMap(({ name, parts }) =>
      parts.flatMap(({ kind, contract }) => (kind === "saga" ? [[contract.$.name, name] as const] : [])),
    ),
  );
}
