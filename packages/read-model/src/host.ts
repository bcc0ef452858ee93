// A read model as its service and its operators see it: queries, waiting for a position, status, retry, rebuild. Which file
// answers is the lineage's business.
import type { AnyContract } from "@atoll/core/contract";
import {
  type EventSource,
  Failure,
  type Message,
  type OpenExtension,
  type ParkedEntity,
  type ReadModelControl,
  type ReadModelStatus,
  type Retried,
  type ServiceRoom,
  type Session,
  type Wanted,
} from "@atoll/core/extension";
import type { ReadModelBehaviour } from "./behaviour.ts";
import { definitionOf } from "./fingerprint.ts";
import { Lineage } from "./lineage.ts";
import { readModelLimits, type ReadModelLimits } from "./limits.ts";
import { registerMetrics } from "./metrics.ts";
import { type ParkedRow, reasonOf } from "./parked.ts";
import { Queries } from "./queries.ts";
import type { Serving } from "./serving.ts";
import { type SeenRecord, Waiters } from "./waiters.ts";

/** Whether what is known of the log's heads does not say what has to be waited for. */
function isUnheard(source: EventSource, wanted: Wanted | undefined): boolean {
  if (wanted === undefined || wanted === "head") return wanted === "head";
  return [...wanted].some(([partition, above]) => partition < source.log.partitions && above > source.head(partition));
}

/** Of a query's time, what it waits for its session at most: what is left says that it was in vain. */
const sessionShare = 0.9;

type Sources = ReadonlyMap<string, EventSource>;

export class ReadModelHost implements OpenExtension {
  readonly #contract: AnyContract;
  readonly #behaviour: ReadModelBehaviour;
  readonly #room: ServiceRoom;
  readonly #limits: ReadModelLimits;
  readonly #at: string;
  readonly #lineage: Lineage;
  readonly #queries: Queries;
  readonly #waiters: Waiters;
  readonly #sources: Sources;
  /** Queries that wait until there is one that answers. */
  readonly #waiting = new Set<() => void>();

  private constructor(contract: AnyContract, behaviour: ReadModelBehaviour, room: ServiceRoom, sources: Sources, limits: ReadModelLimits) {
    const { service, runtime, deadlines } = room;
    const { name } = contract.$;
    this.#contract = contract;
    this.#behaviour = behaviour;
    this.#room = room;
    this.#limits = limits;
    this.#at = `service "${service}": read model ${name}`;
    this.#waiters = new Waiters(runtime, limits.waitersMax, this.#at);
    this.#sources = sources;
    this.#lineage = new Lineage({
      contract: name,
      behaviour,
      definition: definitionOf(behaviour),
      sources,
      room,
      limits,
      at: this.#at,
      moved: registerMetrics(runtime.metrics, service, name, sources.keys(), () => this.#status()),
      changed: (answering) => {
        if (answering) this.#waiters.moved(answering);
        for (const settle of this.#waiting) settle();
      },
    });
    const serving = (message: Message): Serving | Promise<Serving> => {
      const { live, handover } = this.#lineage;
      if (handover) return handover.then(() => this.#served(message));
      return live ?? this.#served(message);
    };
    const caughtUp = (message: Message): Promise<void> | undefined => this.#caughtUp(message);
    this.#queries = new Queries({ service, contract: name, behaviour, runtime, deadlines, limits, caughtUp, serving });
  }

  /** Fails with INVALID_DEFINITION: SQLite does not take the tables, or another definition of this version made them. */
  static async open(
    contract: AnyContract,
    behaviour: ReadModelBehaviour,
    room: ServiceRoom,
    limits: Partial<ReadModelLimits> = {},
  ): Promise<ReadModelHost> {
    const sources = new Map<string, EventSource>();
    for (const [alias, source] of Object.entries(behaviour.from)) sources.set(alias, await room.source(source));
    const host = new ReadModelHost(contract, behaviour, room, sources, { ...readModelLimits, ...limits });
    await host.#lineage.open();
    return host;
  }

  receive(message: Message): void {
    this.#queries.receive(message);
  }

  /** Resolves once everything that was seen is applied to what answers. Rejects with a `Failure` (UNAVAILABLE, OVERLOADED). */
  waitFor(seen: readonly SeenRecord[], withinMs: number): Promise<void> {
    return this.#waiters.wait(seen, withinMs, this.#lineage.live?.streams);
  }

  /** Undefined if the caller has seen nothing of these logs. Throws LOG_FORKED if it has seen what they do not hold. */
  #caughtUp(message: Message): Promise<void> | undefined {
    const { session, read } = message;
    if (!session || read === "local") return undefined;
    const elsewhere = [...this.#sources.values()].filter((source) => source.refresh && isUnheard(source, session.wanted(source.log)));
    if (elsewhere.length === 0) return this.#shown(session, message);
    return Promise.all(elsewhere.map(async (source) => source.refresh?.())).then(() => this.#shown(session, message));
  }

  #shown(session: Session, { withinMs, address }: Message): Promise<void> | undefined {
    const seen: SeenRecord[] = [];
    for (const source of this.#sources.values()) {
      const { log } = source;
      const wanted = session.wanted(log);
      if (wanted === "head") for (let p = 0; p < log.partitions; p++) see(p, source.head(p));
      else wanted?.forEach((above, partition) => see(partition, above));

      function see(partition: number, above: number): void {
        const head = partition < log.partitions ? source.head(partition) : 0;
        if (above > head) {
          const what = `the session has seen ${above} records of partition ${partition} of service "${log.service}", and the log holds ${head}`;
          throw new Failure("LOG_FORKED", { what, at: address });
        }
        if (above > 0) seen.push({ service: log.service, partition, offset: above - 1 });
      }
    }
    return seen.length === 0 ? undefined : this.waitFor(seen, withinMs * sessionShare);
  }

  async close(): Promise<void> {
    this.#waiters.close(new Failure("UNAVAILABLE", { what: "the system is stopping", at: this.#at }));
    const closing = this.#lineage.close();
    for (const settle of this.#waiting) settle();
    await closing;
  }

  readonly control: ReadModelControl = {
    status: () => this.#status(),
    parked: () => this.#parked(undefined),
    retry: (key) => this.#retry(key),
    rebuild: () => this.#lineage.rebuild(),
  };

  /** While there is none that answers: waits a little, then says how far it is. */
  async #served(message: Message): Promise<Serving> {
    const { clock, timers } = this.#room.runtime;
    const endMs = clock.monotonic() + Math.min(this.#limits.buildingWaitMs, message.withinMs * 0.9);
    for (;;) {
      const { live, broken } = this.#lineage;
      if (live) return live;
      if (broken) throw broken;
      const leftMs = endMs - clock.monotonic();
      if (leftMs <= 0) throw new Failure("UNAVAILABLE", { what: this.#progress(), at: message.address });
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          timer.cancel();
          this.#waiting.delete(settle);
          resolve();
        };
        const timer = timers.after(leftMs, settle);
        this.#waiting.add(settle);
      });
    }
  }

  #progress(): string {
    const { building } = this.#lineage;
    if (!building) return "it is being opened";
    const percent = Math.floor(building.progress * 100);
    return `version ${this.#behaviour.version} is being built: ${percent} % of the log is applied, ${building.projector.behind} records are left`;
  }

  #status(): ReadModelStatus {
    const { service, runtime } = this.#room;
    const { live, building, broken } = this.#lineage;
    const shown = live ?? building;
    const failing = live ? live.trouble : (broken ?? building?.trouble);
    const reasons = failing === undefined ? [] : [reasonOf(failing)];
    if (live && building?.broken) reasons.push(`rebuilding it has failed: ${building.broken.message}`);
    const sources = Object.keys(this.#behaviour.from).map((source) => {
      const behind = shown?.streams.reduce((records, stream) => records + (stream.alias === source ? stream.behind : 0), 0) ?? 0;
      const since = behind > 0 ? shown?.projector.waitingSince(source) : undefined;
      return { source, behind, behindMs: since === undefined ? 0 : Math.max(0, runtime.clock.now() - since) };
    });
    return {
      service,
      readModel: this.#contract.$.name,
      version: this.#behaviour.version,
      state: failing === undefined ? (live ? "live" : "building") : "failing",
      sources,
      parked: shown?.projector.parked.size ?? 0,
      ...(reasons.length === 0 ? {} : { reason: reasons.join("; ") }),
      ...(building && !building.broken ? { rebuilt: building.progress } : {}),
    };
  }

  #parked(key: string | undefined): readonly ParkedEntity[] {
    const { service } = this.#room;
    const readModel = this.#contract.$.name;
    const shown = this.#lineage.live ?? this.#lineage.building;
    const rows = [...(shown?.projector.parked.values() ?? [])].filter(named(key));
    return rows.map(({ source, key: of, partition, offset, since, reason, skipped }) => {
      return { service, readModel, source, key: of, partition, offset, since: new Date(since).toISOString(), reason, skipped };
    });
  }

  async #retry(key: string | undefined): Promise<Retried> {
    const shown = this.#lineage.live ?? this.#lineage.building;
    if (!shown) throw this.#lineage.broken ?? new Failure("UNAVAILABLE", { what: "it is being opened", at: this.#at });
    const released = await shown.projector.retry(named(key));
    return { released, parked: this.#parked(key) };
  }
}

/** A key, or SOURCE/KEY where two sources share it. */
const named =
  (key: string | undefined) =>
  (row: ParkedRow): boolean =>
    key === undefined || row.key === key || `${row.source}/${row.key}` === key;
