// Brings a system up on any platform and takes it down again. The same code on Node and in the simulator; what differs
// comes in as a `Platform`.
import { Failure, type Issue } from "../base/failure.ts";
import { checkOf, type At, type Implementation } from "../contract/index.ts";
import { EntityHost, entityLimits, type AnyEntity } from "../entity/index.ts";
import { HandlersHost, handlersLimits, type AnyHandlers } from "../handlers/index.ts";
import {
  AlarmClock,
  alarmClockLimits,
  JournalError,
  journalFailure,
  LogWriter,
  logWriterLimits,
  type Journal,
  type JournalStore,
} from "../journal/index.ts";
import { Deadlines, type Message } from "../mailbox/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { AddressBooks } from "./address-book.ts";
import type { Service, System } from "./definition.ts";
import type { Edge, EdgeAnswer, EdgeCall, OpenGateway, ServiceHealth } from "./edge.ts";
import { defaultWithinMs, operator, Router } from "./router.ts";
import type { SagaHost } from "./saga/host.ts";
import { sagaOperator, type SagaOperator } from "./saga/operator.ts";
import { openSagas } from "./saga/service-sagas.ts";

export interface Platform {
  readonly runtime: Runtime;
  readonly journals: JournalStore;
  /** Where handlers' `config` comes from. */
  readonly config: { readonly [name: string]: string | undefined };
}

/** A key that is kept from running, as operators see it. */
export interface Quarantined {
  readonly service: string;
  readonly entity: string;
  readonly key: string;
  /** ISO 8601. */
  readonly since: string;
  readonly reason: string;
  /** `partition` and `offset` of the record that cannot be applied, where there is one. */
  readonly offset?: number;
}

export interface Booted {
  /** Speaks as the operator, who may call everything. */
  readonly at: At;
  readonly gateway: OpenGateway | undefined;
  health(): readonly ServiceHealth[];
  quarantined(): readonly Quarantined[];
  /** `key` is the entity's key, or CONTRACT/KEY where two contracts of the service share it. Returns how many were released. */
  release(service: string, key: string): Promise<number>;
  readonly sagas: SagaOperator;
  /**
   * Answers what was accepted within `graceMs`, stores the index, closes journals and gateway. What is still open after
   * that time is abandoned: its callers have no answer, and learn the outcome by asking again. Idempotent.
   */
  stop(graceMs: number): Promise<void>;
}

interface RunningService {
  readonly name: string;
  readonly journal: Journal | undefined;
  readonly writer: LogWriter | undefined;
  readonly hosts: readonly EntityHost[];
  readonly sagas: readonly SagaHost[];
}

const partitionsDefault = 16;
const partitionsMax = 1_024;

/** Fails with a `Failure` (INVALID_CONFIG, JOURNAL_*, or what a seed threw); whatever was opened is closed again then. */
export async function boot(system: System, platform: Platform): Promise<Booted> {
  const { runtime } = platform;
  const router = new Router(runtime);
  const books = new AddressBooks(router);
  const deadlines = new Deadlines(runtime);
  const configs = readConfig(system, platform.config);
  const own: Service | undefined =
    system.gateway && system.gateway.parts.length > 0
      ? { kind: "service", name: "gateway", parts: system.gateway.parts, how: {} }
      : undefined;
  const services: RunningService[] = [];
  const clocks: AlarmClock[] = [];
  let draining = false;
  const close = async (): Promise<void> => {
    deadlines.stop();
    for (const clock of clocks) clock.stop();
    for (const { sagas } of services) for (const host of sagas) void host.halt();
    for (const { writer, journal } of services) {
      writer?.tail.stop();
      await journal?.[Symbol.asyncDispose]();
    }
  };

  try {
    const opened = await Promise.allSettled([...system.services, ...(own ? [own] : [])].map((service) => open(service)));
    for (const result of opened) if (result.status === "fulfilled") services.push(result.value);
    for (const result of opened) if (result.status === "rejected") throw result.reason;
    for (const { name, how } of system.services) await how.seed?.(books.of({ caller: name }));
    for (const { name, writer, sagas } of services) if (writer && sagas.length > 0) clocks.push(clockOf(name, writer, sagas));
  } catch (error) {
    await close();
    throw error;
  }

  /** Brings back what was running when the process ended, at once, and what sleeps, at its time. */
  function clockOf(name: string, writer: LogWriter, sagas: readonly SagaHost[]): AlarmClock {
    const byType = new Map(sagas.map((host) => [host.name, host]));
    return new AlarmClock(name, writer, runtime, alarmClockLimits, async ({ type, key }) => byType.get(type)?.wake(key));
  }

  async function open({ name, parts, how }: Service): Promise<RunningService> {
    const entities = parts.filter((part): part is AnyEntity => part.kind === "entity");
    const hosts: EntityHost[] = [];
    const sagas: SagaHost[] = [];
    let journal: Journal | undefined;
    let writer: LogWriter | undefined;
    if (entities.length > 0 || parts.some(({ kind }) => kind === "saga")) {
      journal = await platform.journals.open(name, partitionCount(name, how.limits?.partitions));
      try {
        writer = await LogWriter.open(name, journal, runtime, logWriterLimits);
        const quarantined = await writer.within(journal.quarantined());
        const limits = { ...entityLimits, ...how.limits?.entities };
        for (const entity of entities) {
          const host = new EntityHost({ service: name, entity, writer, runtime, deadlines, limits, quarantined });
          hosts.push(host);
          router.add(name, entity.contract, host);
        }
        const common = { service: name, writer, runtime, deadlines, limits, quarantined, parts, books, sagas: how.limits?.sagas };
        for (const { host, journal: kept } of await openSagas(common)) {
          hosts.push(kept);
          sagas.push(host);
          router.add(name, host.newest.contract, host);
        }
      } catch (error) {
        writer?.tail.stop();
        await journal[Symbol.asyncDispose]();
        throw error instanceof JournalError ? journalFailure(error, `service "${name}"`) : error;
      }
    }
    for (const handlers of parts.filter((part: Implementation): part is AnyHandlers => part.kind === "handlers")) {
      const limits = { ...handlersLimits, ...how.limits?.handlers };
      const config = configs.get(handlers) ?? {};
      const nested = (message: Message, deadlineMs: number) => nestedCalls(name, message, deadlineMs);
      router.add(name, handlers.contract, new HandlersHost({ service: name, handlers, config, runtime, deadlines, limits, nested }));
    }
    runtime.logger.log("info", "service.started", { service: name });
    return { name, journal, writer, hosts, sagas };
  }

  /** The n-th command of one run has the same id on every retry of that run's own command. */
  function nestedCalls(caller: string, message: Message, deadlineMs: number) {
    let commands = 0;
    let acted = false;
    const at = books.of({
      caller,
      withinMs: () => deadlineMs - runtime.clock.monotonic(),
      ...(message.id === "" ? {} : { identity: () => ({ id: `${message.id}/${(commands += 1)}`, minted: message.minted }) }),
      commanded(settled) {
        settled.then(
          () => (acted = true),
          (error: unknown) => (acted ||= !(error instanceof Failure) || error.outcome === "unknown"),
        );
      },
    });
    return {
      at,
      get acted() {
        return acted;
      },
    };
  }

  const health = (): readonly ServiceHealth[] =>
    services.map(({ name, writer, sagas }) => {
      const { failing } = writer ?? {};
      if (failing) return { name, state: "failing", reason: failing.message };
      const count = (of: "parked" | "owed" | "overdue"): number => sagas.reduce((sum, host) => sum + host.count(of), 0);
      const [parked, apologies, overdue] = [count("parked"), count("owed"), count("overdue")];
      const state = draining ? "draining" : "running";
      return parked + apologies > 0 ? { name, state, sagas: { parked, apologies, overdue } } : { name, state };
    });

  const ask = (call: EdgeCall): Promise<EdgeAnswer> =>
    new Promise((resolve, reject) => {
      const { to, key, input, withinMs = defaultWithinMs, read = "strong", signal } = call;
      const message = router.send(
        { to, key, input, caller: "gateway", id: call.commandId, minted: call.mintedAt, withinMs, read },
        resolve,
        reject,
      );
      const cancel = (): void => message?.fail(new Failure("CANCELLED", { what: "the client has gone", at: message.address }));
      signal?.addEventListener("abort", cancel, { once: true });
    });

  const edge: Edge = { system: system.name, runtime, at: books.of({ caller: "gateway" }), ask, health };
  const gateway = system.gateway?.open(edge);
  runtime.logger.log("info", "system.started", { system: system.name, services: services.map(({ name }) => name) });

  async function shutDown(graceMs: number): Promise<void> {
    draining = true;
    runtime.logger.log("info", "system.stopping", { system: system.name, waiting: router.inbox.waiting });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const grace = runtime.timers.after(graceMs, resolve);
    router.drain();
    const sagas = services.flatMap((running) => running.sagas);
    for (const clock of clocks) clock.stop();
    for (const host of sagas) host.drain();
    await gateway?.close(graceMs);
    await Promise.race([router.inbox.empty(), late]);
    await Promise.race([Promise.all(sagas.map((host) => host.halt())), late]);
    await Promise.race([Promise.all(services.map(async ({ writer }) => writer?.drain())), late]);
    grace.cancel();
    if (router.inbox.waiting > 0) runtime.logger.log("warn", "system.abandoned", { system: system.name, waiting: router.inbox.waiting });
    await close();
    runtime.logger.log("info", "system.stopped", { system: system.name });
  }

  let stopped: Promise<void> | undefined;
  return {
    at: books.of({ caller: operator }),
    gateway,
    health,
    quarantined: () =>
      services.flatMap(({ name, hosts }) =>
        hosts.flatMap((host) =>
          host.quarantined().map(({ type, key, since, reason, offset }): Quarantined => {
            const entry: Quarantined = { service: name, entity: type, key, since: new Date(since).toISOString(), reason };
            return offset === undefined ? entry : Object.assign(entry, { offset });
          }),
        ),
      ),
    async release(name, key) {
      let released = 0;
      const hosts = services.find((running) => running.name === name)?.hosts ?? [];
      for (const host of hosts) {
        const typed = `${host.kernel.type}/`;
        if (await host.release(key)) released += 1;
        else if (key.startsWith(typed) && (await host.release(key.slice(typed.length)))) released += 1;
        else continue;
        for (const sagas of services.find((running) => running.name === name)?.sagas ?? []) await sagas.released(host.kernel.type, key);
      }
      return released;
    },
    sagas: sagaOperator(
      () => services.flatMap(({ writer, sagas }) => (writer ? sagas.map((host) => ({ host, writer })) : [])),
      () => runtime.clock.now(),
    ),
    stop: (graceMs) => (stopped ??= shutDown(graceMs)),
  };
}

function partitionCount(service: string, partitions = partitionsDefault): number {
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= partitionsMax) return partitions;
  throw new Failure("INVALID_DEFINITION", {
    what: `partitions is a whole number from 1 to ${partitionsMax}, not ${partitions}`,
    at: `service "${service}"`,
  });
}

/** Every handler's configuration, validated before anything starts; all that is wrong in one failure. */
function readConfig(system: System, source: Platform["config"]): Map<Implementation, { readonly [name: string]: unknown }> {
  const configs = new Map<Implementation, { readonly [name: string]: unknown }>();
  const issues: Issue[] = [];
  for (const { parts } of system.services) {
    for (const part of parts) {
      if (part.kind !== "handlers") continue;
      const config: Record<string, unknown> = {};
      for (const [name, schema] of Object.entries((part as AnyHandlers).how.config)) {
        try {
          config[name] = checkOf(schema, name)(source[name]);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          issues.push(...error.issues.map(({ pointer, detail }) => ({ pointer: `/${name}${pointer}`, detail })));
        }
      }
      configs.set(part, Object.freeze(config));
    }
  }
  if (issues.length === 0) return configs;
  const what = issues.map(({ pointer, detail }) => `${pointer.slice(1)}: ${detail}`).join("; ");
  throw new Failure("INVALID_CONFIG", { what, at: `system "${system.name}"`, issues });
}
