// Brings a system up on any platform and takes it down again. The same code on Node and in the simulator; what differs
// comes in as a `Platform`, and what only some systems have use for as `Rooms`.
import { assert } from "../base/assert.ts";
import { Failure } from "../base/failure.ts";
import type { AnyContract, AnyTopicRef, At, Every, Implementation, TopicRef } from "../contract/index.ts";
import { EntityHost, entityLimits, type AnyEntity } from "../entity/index.ts";
import { HandlersHost, handlersLimits, type AnyAdapter, type AnyHandlers } from "../handlers/index.ts";
import type { AlarmClock } from "../journal/alarm-clock.ts";
import { headsOf, type JournalStore, type LogWriter } from "../journal/index.ts";
import { Deadlines, type Message, Session } from "../mailbox/index.ts";
import type { BreakerStatus, Dependency } from "../resilience/index.ts";
import { exposition, type Runtime } from "../runtime/index.ts";
import type { TableStore } from "../tables/index.ts";
import { AddressBooks } from "./address-book.ts";
import { type Instance, onlyNode } from "./broadcast.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Service, System } from "./definition.ts";
import { EventSources } from "./event-sources.ts";
import { everyOf } from "./every.ts";
import { Extensions } from "./extensions.ts";
import type { Edge, EdgeAnswer, EdgeCall, OpenGateway, ServiceHealth } from "./edge.ts";
import type { ReadModels } from "./read-models.ts";
import { defaultWithinMs, operator, type Receiver, Router } from "./router.ts";
import { readConfig } from "./config.ts";
import type { OwnLog, Ring } from "./ring.ts";
import { RunCalls } from "./run-calls.ts";
import type { Rooms } from "./rooms.ts";
import { needOf, type Quarantined, quarantinedIn } from "./service-need.ts";
import type { ServiceDeliveries } from "./service-deliveries.ts";
import { ServiceLog } from "./service-log.ts";
import type { Sharing } from "./sharing.ts";
import { Tenancy } from "./tenancy.ts";
import type { SagaHost } from "./saga/host.ts";
import { sagaOperator, type SagaOperator } from "./saga/operator.ts";
import { TopicReadings, type TopicFrom, type TopicReading } from "./topic-reading.ts";

export interface Platform {
  /** Present if other nodes run the other services: this one runs the service that the ring names. */
  readonly ring?: Ring;
  /** Present if other nodes run the same service. */
  readonly sharing?: Sharing;
  readonly runtime: Runtime;
  readonly journals: JournalStore;
  /** Where handlers' `config` comes from. */
  readonly config: { readonly [name: string]: string | undefined };
  /** SQL files, for services that keep some. */
  readonly tables?: TableStore;
}

/** Every answer adds to what it has seen; every read waits, at most its deadline, until it can show all of that (ADR 0018). */
export interface RunningSession {
  readonly at: At;
  /** At most 1,024 characters; another session begins where this one is. "" before anything was seen. */
  readonly token: string;
}

export interface Booted {
  /** Speaks as the operator, who may call everything. */
  readonly at: At;
  /** Speaks as the operator. */
  readonly every: Every;
  /** Speaks as the operator, and reads what it wrote: see `RunningSession`. INVALID_INPUT for a token that is none. */
  session(token?: string): RunningSession;
  readonly gateway: OpenGateway | undefined;
  health(): readonly ServiceHealth[];
  quarantined(): readonly Quarantined[];
  /** `key` is the entity's key, or CONTRACT/KEY where two contracts of the service share it. Returns how many were released. */
  release(service: string, key: string): Promise<number>;
  /**
   * The messages of a topic, from any position in it (laws TR1 to TR4). A message that cannot be read ends the reading with DEFECT, and
   * `position` is behind it. Throws a `Failure`: INVALID_DEFINITION if nobody publishes the topic, INVALID_INPUT or LOG_FORKED for `from`.
   */
  topic<D, M>(topic: TopicRef<D, M>, how?: TopicFrom): TopicReading<M>;
  readonly sagas: SagaOperator;
  /** What a service told and could not deliver; undefined if it has told nothing, or is no service here. */
  deadLetters(service: string): DeadLetters | undefined;
  /** Of every contract that a service lists under `calls`. */
  breakers(): readonly BreakerStatus[];
  /** Cuts a dependency off until `closeBreaker`, or the next start. False if it was; undefined if there is no such breaker. */
  openBreaker(service: string, contract: string): boolean | undefined;
  /** Back to closed and automatic, whoever opened it. False if it was closed; undefined if there is no such breaker. */
  closeBreaker(service: string, contract: string): boolean | undefined;
  readonly readModels: ReadModels;
  /**
   * Answers what was accepted within `graceMs`, stores the index, closes journals and gateway. What is still open after
   * that time is abandoned: its callers have no answer, and learn the outcome by asking again. Idempotent.
   */
  stop(graceMs: number): Promise<void>;
}

interface RunningService {
  readonly name: string;
  readonly service: Service;
  readonly log: ServiceLog;
  readonly hosts: readonly EntityHost[];
  /** Undefined in a system that tells nothing. */
  readonly deliveries: ServiceDeliveries | undefined;
  readonly sagas: readonly SagaHost[];
  readonly dependencies: readonly Dependency[];
  /** Address books in which it speaks. */
  readonly books: AddressBooks;
}

const partitionsDefault = 16;
const partitionsMax = 1_024;

/** Fails with a `Failure` (INVALID_CONFIG, JOURNAL_*, or what a seed threw); whatever was opened is closed again then. */
export async function bootWith(rooms: Rooms, system: System, platform: Platform): Promise<Booted> {
  const { runtime } = platform;
  const router = new Router(runtime);
  const books = new AddressBooks(router);
  const deadlines = new Deadlines(runtime);
  const configs = readConfig(system, platform.config);
  const services: RunningService[] = [];
  const clocks = new Map<string, AlarmClock>();
  const sources = new EventSources();
  const here = system.services.filter(({ name }) => !platform.ring || platform.ring.service === name);
  const gatewayHere = !platform.ring || platform.ring.service === "gateway" ? system.gateway : undefined;
  const own: Service | undefined =
    gatewayHere && gatewayHere.parts.length > 0
      ? { kind: "service", name: "gateway", parts: gatewayHere.parts, subscriptions: [], how: {}, calls: [] }
      : undefined;
  const member = platform.ring?.join(
    { router, sources, runtime, deadlines, service: here[0] ?? own, own: { health: () => health(), log: () => ownLog(), openLog } },
    system,
  );
  const sharing: Sharing | undefined = member?.sharing ?? platform.sharing;
  const journals = member?.sharing?.journals(platform.journals) ?? platform.journals;
  const extensions = new Extensions({ runtime, deadlines, sources, router, tables: platform.tables });
  const readings = new TopicReadings();
  let draining = false;
  /** Everything that is on disk now. */
  const heads = async (): Promise<Session> => {
    const session = (await member?.heads()) ?? new Session();
    for (const { name, log } of services)
      if (log.writer && member?.sharing?.hosts !== false)
        session.sawHeads({ service: name, ...log.writer.journal.meta }, headsOf(log.writer));
    return session;
  };
  const close = async (): Promise<void> => {
    deadlines.stop();
    readings.close();
    for (const clock of clocks.values()) clock.stop();
    for (const { sagas } of services) for (const host of sagas) void host.halt();
    await extensions.close();
    for (const { deliveries } of services) deliveries?.close();
    await member?.close();
    for (const { log } of services) await log.close();
    await member?.sharing?.close();
  };

  try {
    const opened = await Promise.allSettled([...here, ...(own ? [own] : [])].map((service) => open(service)));
    for (const result of opened) if (result.status === "fulfilled") services.push(result.value);
    for (const result of opened) if (result.status === "rejected") throw result.reason;
    for (const { deliveries, service } of services) {
      const handling = service.parts.some(({ kind }) => kind === "handlers");
      await deliveries?.open(service.subscriptions, handling);
    }
    for (const service of here) {
      if (member) extensions.openWhenThere(service, member.sharing);
      else await extensions.open(service);
    }
    for (const { name, how } of here) await how.seed?.(booksOf(name).of({ caller: name }));
    for (const { deliveries } of services) deliveries?.start();
    for (const { name, log, sagas } of services)
      if (rooms.sagas && log.writer && sagas.length > 0) clocks.set(name, rooms.sagas.alarmClockOf(name, log.writer, runtime, sagas));
  } catch (error) {
    await close();
    throw error;
  }

  async function openLog(): Promise<void> {
    await services[0]?.log.open();
  }

  function ownLog(): OwnLog | undefined {
    const writer = services[0]?.log.writer;
    return writer && { ...writer.journal.meta, heads: headsOf(writer) };
  }

  function booksOf(name: string): AddressBooks {
    return services.find((running) => running.name === name)?.books ?? books;
  }

  async function open(service: Service): Promise<RunningService> {
    const { name, parts, subscriptions, how, calls } = service;
    const guards = calls.length > 0 && rooms.calls;
    const dependencies = guards ? guards.dependenciesOf(name, calls, runtime) : [];
    const sender = guards ? new guards.GuardedSender(router, dependencies, runtime) : router;
    const outgoing = guards ? new AddressBooks(sender) : books;
    const returned = (message: Message): void => {
      assert(sharing, "who owns everything gives nothing back");
      sharing.returned(name, message);
    };
    const hosts: EntityHost[] = [];
    const sagas: SagaHost[] = [];
    const tenants = new Tenancy(
      () => [...sagas, ...(deliveries ? [deliveries] : []), ...(clocks.get(name) ? [clocks.get(name) as AlarmClock] : [])],
      () => [...hosts, ...(deliveries?.hosts ?? [])],
    );
    const shared = sharing && ((writer: LogWriter): void => sharing.opened({ service: name, writer, tenants, sender: router }));
    const log = new ServiceLog({ service: name, partitions: partitionCount(name, how.limits?.partitions), journals, runtime, shared });
    const deliveries =
      rooms.deliveries &&
      new rooms.deliveries.ServiceDeliveries({ service: name, log, router, sender, sources, runtime, deadlines, returned });
    if (sharing) deliveries?.enter(addOwn);
    const entities = parts.filter((part): part is AnyEntity => part.kind === "entity");
    if (entities.length > 0 || subscriptions.length > 0 || parts.some(({ kind }) => kind === "saga")) {
      const { journal, writer } = await log.open();
      try {
        const quarantined = await writer.within(journal.quarantined());
        const limits = { ...entityLimits, ...how.limits?.entities };
        for (const entity of entities) {
          const host = new EntityHost({ service: name, entity, writer, runtime, deadlines, limits, quarantined, returned });
          hosts.push(host);
          addOwn(name, entity.contract, host);
          sources.add(name, entity.contract, host.kernel, writer, member?.sharing);
        }
        const common = {
          service: name,
          writer,
          runtime,
          deadlines,
          limits,
          quarantined,
          parts,
          books: outgoing,
          heads,
          sagas: how.limits?.sagas,
          returned,
        };
        for (const { host, journal: kept } of (await rooms.sagas?.openSagas(common)) ?? []) {
          hosts.push(kept);
          sagas.push(host);
          addOwn(name, host.newest.contract, host);
        }
      } catch (error) {
        await log.close();
        throw log.failure(error);
      }
    }
    for (const handlers of parts.filter(isHandled)) {
      assert(deliveries, "where there are handlers there is what they tell with");
      const limits = { ...handlersLimits, ...how.limits?.handlers };
      const config = configs.get(handlers) ?? {};
      const nested = (message: Message, deadlineMs: number) => new RunCalls(outgoing, deliveries, runtime, name, message, deadlineMs);
      const host = new HandlersHost({ service: name, handlers, config, runtime, deadlines, limits, nested });
      const self: Instance = { node: platform.ring?.node ?? onlyNode, remote: false, receiver: host };
      router.add(name, handlers.contract, host, "here", () => [...(member?.sharing?.siblings() ?? []), self]);
    }
    runtime.logger.log("info", "service.started", { service: name });
    return { name, service, log, hosts, sagas, deliveries, dependencies, books: outgoing };
  }

  function addOwn(service: string, contract: AnyContract, receiver: Receiver): void {
    const shared = member?.sharing?.before(contract.$.name, receiver);
    router.add(service, contract, shared ?? receiver, shared ? "shared" : "here");
  }

  const health = (): readonly ServiceHealth[] =>
    services.map(({ name, log, sagas, hosts, deliveries }) => {
      const { failing } = log.writer ?? {};
      const readModels = extensions.list().filter(({ service }) => service === name);
      const more = {
        ...(readModels.length > 0 ? { readModels } : {}),
        ...needOf(sagas, [...hosts, ...(deliveries?.hosts ?? [])], deliveries),
      };
      if (failing) return { name, state: "failing", reason: failing.message, ...more };
      return { name, state: draining ? "draining" : "running", ...more };
    });

  const ask = (call: EdgeCall): Promise<EdgeAnswer> =>
    new Promise((resolve, reject) => {
      const { to, key, input, withinMs = defaultWithinMs, read = "strong", signal, session, trace } = call;
      const message = router.send(
        { to, key, input, caller: "gateway", id: call.commandId, minted: call.mintedAt, withinMs, read, session, trace },
        resolve,
        reject,
      );
      const cancel = (): void => message?.fail(new Failure("CANCELLED", { what: "the client has gone", at: message.address }));
      signal?.addEventListener("abort", cancel, { once: true });
    });

  const topic: Edge["topic"] = (ref) => sources.topic("gateway", ref);
  const allHealth = async (): Promise<readonly ServiceHealth[]> => [...health(), ...((await member?.health()) ?? [])];
  const metrics = async (): Promise<string> => {
    const others = (await member?.metrics()) ?? [];
    return exposition([runtime.metrics.families(), ...others]);
  };
  const at: Edge["at"] = (trace) => books.inTrace("gateway", trace);
  const edge: Edge = { system: system.name, runtime, at, ask, topic, heads, health: allHealth, metrics };
  let gateway: OpenGateway | undefined;
  try {
    gateway = gatewayHere?.open(edge);
    await member?.listen();
  } catch (error) {
    await close();
    throw error;
  }
  runtime.logger.log("info", "system.started", { system: system.name, services: services.map(({ name }) => name) });

  async function shutDown(graceMs: number): Promise<void> {
    draining = true;
    runtime.logger.log("info", "system.stopping", { system: system.name, waiting: router.inbox.waiting });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const grace = runtime.timers.after(graceMs, resolve);
    router.drain();
    member?.leave();
    for (const { deliveries } of services) deliveries?.halt();
    const sagas = services.flatMap((running) => running.sagas);
    for (const clock of clocks.values()) clock.stop();
    for (const host of sagas) host.drain();
    await gateway?.close(graceMs);
    await Promise.race([router.inbox.empty(), late]);
    await Promise.race([Promise.all(sagas.map((host) => host.halt())), late]);
    await Promise.race([Promise.all(services.flatMap(({ deliveries }) => (deliveries ? [deliveries.flush()] : []))), late]);
    await Promise.race([Promise.all(services.map(({ log }) => log.drain())), late]);
    grace.cancel();
    if (router.inbox.waiting > 0) runtime.logger.log("warn", "system.abandoned", { system: system.name, waiting: router.inbox.waiting });
    await close();
    runtime.logger.log("info", "system.stopped", { system: system.name });
  }

  const dependency = (service: string, contract: string): Dependency | undefined =>
    services.find(({ name }) => name === service)?.dependencies.find((called) => called.contract === contract);

  let stopped: Promise<void> | undefined;
  return {
    at: books.of({ caller: operator }),
    every: everyOf(router, { caller: operator }),
    session(token = "") {
      const session = Session.parse(token);
      return {
        at: books.of({ caller: operator, session }),
        get token() {
          return session.token;
        },
      };
    },
    gateway,
    health,
    quarantined: () =>
      services.flatMap(({ name, hosts, deliveries }) =>
        [...hosts, ...(deliveries?.hosts ?? [])].flatMap((host) =>
          quarantinedIn(host).map(({ type, key, since, reason, offset }): Quarantined => {
            const entry: Quarantined = { service: name, entity: type, key, since: new Date(since).toISOString(), reason };
            return offset === undefined ? entry : Object.assign(entry, { offset });
          }),
        ),
      ),
    async release(name, key) {
      let released = 0;
      const { hosts = [], deliveries } = services.find((running) => running.name === name) ?? {};
      for (const host of [...hosts, ...(deliveries?.hosts ?? [])]) {
        const typed = `${host.kernel.type}/`;
        const plains = key.startsWith(typed) ? [key, key.slice(typed.length)] : [key];
        const plain = plains.find((one) => quarantinedIn(host).some((entry) => entry.key === one));
        if (plain === undefined || !(await host.release(plain))) continue;
        released += 1;
        for (const sagas of services.find((running) => running.name === name)?.sagas ?? []) await sagas.released(host.kernel.type, key);
      }
      return released;
    },
    topic: <D, M>(ref: TopicRef<D, M>, how: TopicFrom = {}) => {
      const known = ref as unknown as AnyTopicRef;
      return readings.read(known, sources.topicHere(operator, known), how) as unknown as TopicReading<M>;
    },
    deadLetters: (name) => services.find((running) => running.name === name)?.deliveries?.deadLetters,
    breakers: () => services.flatMap(({ dependencies }) => dependencies.map((called) => called.status())),
    openBreaker: (service, contract) => dependency(service, contract)?.open(),
    closeBreaker: (service, contract) => dependency(service, contract)?.close(),
    readModels: extensions,
    sagas: sagaOperator(
      () => services.flatMap(({ log: { writer }, sagas }) => (writer ? sagas.map((host) => ({ host, writer })) : [])),
      () => runtime.clock.now(),
    ),
    stop: (graceMs) => (stopped ??= shutDown(graceMs)),
  };
}

const isHandled = (part: Implementation): part is AnyHandlers | AnyAdapter => part.kind === "handlers" || part.kind === "adapter";

function partitionCount(service: string, partitions = partitionsDefault): number {
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= partitionsMax) return partitions;
  throw new Failure("INVALID_DEFINITION", {
    what: `partitions is a whole number from 1 to ${partitionsMax}, not ${partitions}`,
    at: `service "${service}"`,
  });
}
