// One seed: a world, a machine, a scenario, faults until it settles, and then the laws. What is found is returned, not
// thrown: who called decides what it means.
import { milliseconds, type System } from "@atoll/core";
import { entityLimits, type AnyEntity } from "@atoll/core/entity";
import { BrokenLaw, checkAttempts, checkIndex, checkLog, placedRecords, SimulatedDisk } from "@atoll/core/journal/simulated";
import { seededRandom, VirtualWorld, type Trace, type VirtualWorldOptions } from "@atoll/core/runtime/virtual";
import { checkFolds } from "./fold-laws.ts";
import { HttpClient } from "./http-client.ts";
import { LoggedRecords } from "./logged.ts";
import { Machine } from "./machine.ts";
import { Operator } from "./operator.ts";
import { Bounds, unrest } from "./rest.ts";
import { checkTold } from "./told-laws.ts";
import { Witness } from "./stand-in.ts";
import { checkSagas } from "./saga-laws.ts";
import { passing } from "./waiting.ts";
import { Weather } from "./weather.ts";
import type { Fault, Scenario, World } from "./world.ts";

export interface RunPlan {
  readonly seed: number;
  /** With its stand-ins. */
  readonly system: System;
  readonly scenario: Scenario;
  readonly faults: readonly Fault[];
  /** Events of a run without faults: the span in which faults fall. */
  readonly calmSteps: number;
  readonly config: { readonly [name: string]: string };
  readonly fetch: VirtualWorldOptions["fetch"];
  /** Entries of the trace that are kept. */
  readonly traceCapacity: number;
}

export interface Run {
  readonly seed: number;
  /** What broke, in the order in which it was found. Empty: all is well. */
  readonly broken: readonly unknown[];
  /** Among `broken`: what the scenario itself threw. */
  readonly thrown: { readonly error: unknown } | undefined;
  readonly trace: Trace;
  /** Events until the scenario was over. */
  readonly steps: number;
  /** The faults that happened, a line each, and their kinds. */
  readonly faults: readonly string[];
  readonly seen: ReadonlySet<Fault>;
}

/** Far above what a scenario needs: only a livelock gets there. */
const stepsMax = 2_000_000;
/** After the last fault everything is at rest within this (virtual ms). */
const settleMsMax = 5 * 60_000;
const settleLookMs = 100;
/** Bounds are looked at this often (events). */
const boundsEvery = 64;

export async function runSeed(plan: RunPlan): Promise<Run> {
  const { seed, faults, calmSteps, config, fetch, traceCapacity } = plan;
  const world = new VirtualWorld({ seed, stepsMax, traceCapacity, ...(fetch ? { fetch } : {}) });
  const disk = new SimulatedDisk(world.outside);
  const witness = new Witness(plan.system, () => world.steps);
  const weather = new Weather({ world, disk, faults, calmSteps });
  const restarts = seededRandom(seed, "restarts");
  const machine = new Machine({
    world,
    disk,
    config,
    system: witness.system,
    random: () => restarts.next(),
    onDiskFault: (service, planned) => weather.diskFault(service, planned),
  });
  const entities = entitiesOf(plan.system);
  const homes = new Map(entities.map(({ entity, service }) => [entity.contract.$.name, service]));
  const sagas = sagasOf(plan.system);
  const services = [...new Set([...homes.values(), ...plan.system.services.map(({ name }) => name)])];
  const operator = new Operator({ world, machine, weather, witness, entities: homes, logged: new LoggedRecords(disk) });
  const http = new HttpClient(world, machine, weather);
  const bounds = new Bounds(plan.system);
  const broken: unknown[] = [];

  const settle = async (): Promise<void> => {
    weather.clear();
    const endMs = world.timeMs + settleMsMax;
    for (;;) {
      const waiting = operator.waiting + http.waiting;
      const why = waiting > 0 ? `${waiting} calls are not answered` : unrest(machine, disk, services);
      if (why === undefined) return;
      if (world.timeMs >= endMs) throw new BrokenLaw("settles", `${settleMsMax} virtual ms after the last fault ${why}`);
      await passing(world, settleLookMs);
    }
  };
  const random = seededRandom(seed, "scenario");
  const view: World = {
    at: operator.at,
    http: (request) => http.request(request),
    settle,
    pause: (duration) => passing(world, milliseconds(duration)),
    random: () => random.next(),
    seed,
  };

  let steps = 0;
  let thrown: Run["thrown"];
  const scenario = async (): Promise<void> => {
    machine.start();
    await machine.started;
    try {
      await plan.scenario(view);
    } catch (error) {
      thrown = { error };
      throw error;
    } finally {
      steps = world.steps;
    }
    await settle();
    await machine.stop();
  };
  await attempt(broken, async () => {
    let over = false;
    const end = (): void => {
      over = true;
    };
    const running = Promise.race([scenario(), machine.failed]);
    running.then(end, end);
    let looked = 0;
    await world.run(() => {
      if (over) return true;
      weather.tick(machine);
      if (world.steps >= looked + boundsEvery) {
        looked = world.steps;
        bounds.check(machine);
      }
      return false;
    });
    await running;
  });

  for (const service of services) {
    const log = placedRecords(disk.rows(service));
    const image = disk.image(service);
    const own = entities.filter((owned) => owned.service === service);
    const types = new Set(own.map(({ entity }) => entity.contract.$.name));
    await attempt(broken, () => checkLog(log));
    await attempt(broken, () =>
      checkAttempts(
        log,
        operator.attempts.filter(({ to }) => types.has(to.contract.$.name)),
      ),
    );
    if (image) await attempt(broken, () => checkIndex(log, image));
    for (const { entity, receiptsMax } of own)
      await attempt(broken, () => checkFolds(entity, log, image?.snapshots ?? [], witness, receiptsMax));
    for (const [saga, home] of sagas) if (home === service) await attempt(broken, () => checkSagas(saga, log));
    for (const { partition, offset, record } of log) world.note(`log of ${service}: ${partition}.${offset} ${JSON.stringify(record)}`);
  }
  if (broken.length === 0) await attempt(broken, () => checkTold(plan.system, disk)); // else there may be more to tell
  for (const { error, process } of world.failures)
    broken.push(new BrokenLaw("nothing throws in a task", `in ${process}: ${String(error)}`));
  if (world.trace.marks.has("entity.recovery_bug")) broken.push(new BrokenLaw("nothing throws in a task", "the recovery of an entity did"));
  if (world.trace.marks.has("subscription.bug")) broken.push(new BrokenLaw("nothing throws in a task", "a subscription did"));
  broken.push(...operator.bugs, ...http.bugs);
  if (broken.length === 0 && operator.answered + http.answered === 0) {
    const asked = operator.asked + http.asked;
    broken.push(new BrokenLaw("something was answered", asked === 0 ? "the scenario asked nothing" : `none of ${asked} calls was`));
  }
  return { seed, broken, thrown, trace: world.trace, steps, faults: weather.lines, seen: weather.seen };
}

async function attempt(broken: unknown[], act: () => void | Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!broken.includes(error)) broken.push(error);
  }
}

interface Owned {
  readonly service: string;
  readonly entity: AnyEntity;
  readonly receiptsMax: number;
}

/** Every entity, and the service whose log it writes; the gateway's own are in a service "gateway". */
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

/** Contracts that sagas implement, and the service whose log their journals are in. */
function sagasOf({ services }: System): ReadonlyMap<string, string> {
  return new Map(
    services.flatMap(({ name, parts }) =>
      parts.flatMap(({ kind, contract }) => (kind === "saga" ? [[contract.$.name, name] as const] : [])),
    ),
  );
}
