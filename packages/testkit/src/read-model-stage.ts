// The stage of a given / when / then for read models: the very read model that production opens, through the interface by which it
// opens it (@atoll/core/extension), on tables in memory, in a virtual world whose time passes only for it. Its sources are logs
// that hold what the test tells, one event a record.
import { Failure } from "@atoll/core";
import type { AnyOpRef, AnyTopicRef, Contract, Moment } from "@atoll/core/contract";
import { EntityKernel, type AnyEntity } from "@atoll/core/entity";
import {
  Deadlines,
  Inbox,
  Message,
  type EventSource,
  type ExtensionPart,
  type MessageAnswer,
  type OpenExtension,
  type ParkedEntity,
  type ServiceRoom,
  type SourceItem,
  type SourceReader,
} from "@atoll/core/extension";
import type { Runtime } from "@atoll/core/runtime";
import { VirtualWorld } from "@atoll/core/runtime/virtual";
import { SimulatedTables } from "@atoll/core/tables/simulated";
import { passing } from "./simulation/waiting.ts";

/** A read model as the stage knows it: `readModel` of @atoll/read-model returns one. */
export interface ReadModelPart<D> extends ExtensionPart {
  readonly contract: Contract<D>;
}

/** An event of an entity, or a message of a topic, that has happened. */
export interface Happened {
  readonly source: AnyEntity | AnyTopicRef;
  readonly key: string;
  /** Of the event, or of the topic. */
  readonly name: string;
  /** As its reader takes it. */
  readonly data: unknown;
  readonly now: number;
  readonly caller: string;
}

export interface Question {
  readonly to: AnyOpRef;
  readonly input: unknown;
  readonly caller: string;
}

export interface Shown {
  readonly answer: MessageAnswer | Failure;
  readonly parked: readonly ParkedEntity[];
}

const service = "given";
/** For the query (virtual ms). */
const withinMs = 10_000;
/** In which an event must have been applied or passed over: what is not by then never will be (virtual ms). */
const appliedWithinMs = 60_000;

/** `contract`, or `contract.topic`. */
export const sourceText = (source: AnyEntity | AnyTopicRef): string =>
  source.kind === "topic" ? `${source.contract.$.name}.${source.name}` : source.contract.$.name;

/** An event as the read model is given it: read by the entity's own kernel. Throws what upcast or schema throw. */
export const readEvent = (entity: AnyEntity, name: string, data: unknown, key: string): unknown =>
  new EntityKernel(entity, true).read([name, (entity.how.upcast[name]?.length ?? 0) + 1, data], key);

/** What has happened to one source, as a log: one partition, one record an event. */
class Log {
  readonly #name: string;
  readonly #records: SourceItem[] = [];
  readonly #versions = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  constructor(name: string) {
    this.#name = name;
  }

  append({ key, name, data, now, caller }: Happened): void {
    const version = (this.#versions.get(key) ?? 0) + 1;
    this.#versions.set(key, version);
    const at: Moment = { key, version, now, caller };
    this.#records.push({ offset: this.#records.length, index: 0, name, at, data });
    for (const arrived of this.#waiting) arrived();
    this.#waiting.clear();
  }

  source(): EventSource {
    const records = this.#records;
    return {
      log: { service: this.#name, logId: this.#name, timeline: 1, partitions: 1 },
      head: () => records.length,
      partitionOf: () => 0,
      read: (_, from) => this.#reader(from),
      history: (key, from) => {
        const items = records.slice(from).filter(({ at }) => at.key === key);
        return { next: () => Promise.resolve({ items: items.splice(0), next: records.length }), close: () => undefined };
      },
    };
  }

  #reader(from: number): SourceReader {
    let next = from;
    const closed = new AbortController();
    let wake = (): void => undefined;
    return {
      next: async () => {
        while (!closed.signal.aborted && next >= this.#records.length) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            this.#waiting.add(resolve);
          });
        }
        const items = closed.signal.aborted ? [] : this.#records.slice(next);
        next += items.length;
        return { items, next };
      },
      close: () => {
        closed.abort();
        wake();
      },
    };
  }
}

export class ReadModelStage {
  readonly #model: ReadModelPart<unknown>;
  readonly #world = new VirtualWorld({ seed: 1 });
  readonly #logs = new Map<string, Log>();
  #read: OpenExtension | undefined;

  private constructor(model: ReadModelPart<unknown>) {
    this.#model = model;
  }

  /** Folds what has happened, each event by itself, in this order; then asks. Rejects with what is wrong with the read model, or with what was told. */
  static async play(model: ReadModelPart<unknown>, happened: readonly Happened[], question: Question): Promise<Shown> {
    const stage = new ReadModelStage(model);
    const shown = await stage.#world.runUntil(stage.#play(happened, question));
    for (const { error } of stage.#world.failures) throw error;
    return shown;
  }

  async #play(happened: readonly Happened[], question: Question): Promise<Shown> {
    const runtime: Runtime = this.#world.process("read-model");
    const deadlines = new Deadlines(runtime);
    const tables = new SimulatedTables(this.#world.outside).store(this.#world.outside);
    const source: ServiceRoom["source"] = (of) => Promise.resolve(this.#logOf(of).source());
    const room: ServiceRoom = { service, runtime, deadlines, tables, source };
    const open = await this.#model.open(room);
    this.#read = open;
    try {
      await this.#applied();
      for (const event of happened) {
        const log = this.#logs.get(sourceText(event.source));
        if (!log) throw new Failure("INVALID_DEFINITION", { what: `${sourceText(event.source)} is no source of it` });
        log.append(event);
        await this.#applied();
      }
      const answer = await this.#ask(open, question, runtime);
      return { answer, parked: open.control?.parked() ?? [] };
    } finally {
      await open.close();
      deadlines.stop();
      for (const name of await tables.names(service)) await tables.remove(service, name);
    }
  }

  #logOf(source: AnyEntity | AnyTopicRef): Log {
    const name = sourceText(source);
    let log = this.#logs.get(name);
    if (!log) this.#logs.set(name, (log = new Log(name)));
    return log;
  }

  /** Resolves once everything that has happened so far is applied, or passed over. */
  async #applied(): Promise<void> {
    const { clock } = this.#world.outside;
    const endMs = clock.monotonic() + appliedWithinMs;
    for (;;) {
      const { state, sources = [], reason } = this.#read?.control?.status() ?? {};
      if (state === "live" && sources.every(({ behind }) => behind === 0)) return;
      if (clock.monotonic() >= endMs)
        throw new Failure("UNAVAILABLE", { what: reason ?? `nothing was applied within ${appliedWithinMs} virtual ms` });
      await passing(this.#world, 1);
    }
  }

  #ask(open: OpenExtension, { to, input, caller }: Question, { clock, metrics }: Runtime): Promise<MessageAnswer | Failure> {
    const inbox = new Inbox(metrics.counter("late_total", "Answers that came late."));
    return new Promise((resolve) => {
      const what = { to, key: "", input, caller, id: "", minted: clock.now(), timeless: false };
      open.receive(new Message({ ...what, withinMs, read: "strong", session: undefined }, inbox, resolve, resolve));
    });
  }
}
