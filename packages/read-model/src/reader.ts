// A read model at a node that does not project it: reads the file that the projector of another process writes, and hands to that one
// what the file cannot show. It asks nobody: each file says in its own rows what it is and how far it is, in the transactions that
// change it, and all processes see these in one order.
//
//  D1  shown      A query is answered here only from a file that holds, when it begins, all that its session has seen of the sources.
//                 For the rest there is the host, which waits, or says why not (K2).
//  D2  current    No query begins on a file after one has been answered from the next generation, by any process: the old one says
//                 `replaced`, or is gone (T10), before anybody answers from the new one.
//  D3  own log    No query is answered here from a file of another log, or timeline, than the sources of this node have.
//  D4  apart      Nothing here writes, removes, or holds up whoever does. A file that fails under a query costs a way to the host.
import type { AnyContract } from "@atoll/core/contract";
import { type EventSource, Failure, type Message, type OpenExtension, type ServiceRoom } from "@atoll/core/extension";
import { type ReadTableFile, TableError } from "@atoll/core/tables";
import type { ReadModelBehaviour } from "./behaviour.ts";
import { generationsOf } from "./files.ts";
import { definitionOf } from "./fingerprint.ts";
import { readModelLimits, type ReadModelLimits } from "./limits.ts";
import { type Standing, standingOf } from "./model-file.ts";
import { type Answering, isOfMedium, Queries } from "./queries.ts";

/** One for all: it says nothing else, and is thrown for many a query. */
const notHere = new Error("it is for the host to answer");

/** The file that answers, as long as it says so. */
class Reading {
  readonly file: ReadTableFile;
  #users = 0;
  #dropped = false;

  constructor(file: ReadTableFile) {
    this.file = file;
  }

  enter(): void {
    this.#users += 1;
  }

  leave(): void {
    this.#users -= 1;
    if (this.#dropped && this.#users === 0) void this.file.close();
  }

  /** Closes it once its last query has ended. */
  drop(): void {
    this.#dropped = true;
    if (this.#users === 0) void this.file.close();
  }
}

export class ReadModelReader implements Pick<OpenExtension, "receive" | "close"> {
  readonly #contract: string;
  readonly #behaviour: ReadModelBehaviour;
  readonly #definition: string;
  readonly #room: ServiceRoom;
  readonly #host: (message: Message) => void;
  readonly #limits: ReadModelLimits;
  readonly #queries: Queries;
  /** Undefined until all of them have answered. */
  #sources: ReadonlyMap<string, EventSource> | undefined;
  #opening = false;
  #reading: Reading | undefined;
  #finding: Promise<Reading | undefined> | undefined;
  /** When looking for a file was in vain; monotonic ms. */
  #foundNoneMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(
    contract: AnyContract,
    behaviour: ReadModelBehaviour,
    room: ServiceRoom,
    host: (message: Message) => void,
    limits: Partial<ReadModelLimits> = {},
  ) {
    const { service, runtime, deadlines } = room;
    this.#contract = contract.$.name;
    this.#behaviour = behaviour;
    this.#definition = definitionOf(behaviour);
    this.#room = room;
    this.#host = host;
    this.#limits = { ...readModelLimits, ...limits };
    this.#queries = new Queries({
      service,
      contract: this.#contract,
      behaviour,
      runtime,
      deadlines,
      limits: this.#limits,
      caughtUp: () => undefined,
      serving: (message) => this.#serving(message),
      passOn: (message, error) => this.#passOn(message, error),
    });
    this.#openSources();
  }

  receive(message: Message): void {
    if (this.#closed) this.#host(message);
    else this.#queries.receive(message);
  }

  /** What is under way is handed to the host, and nothing is opened any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#finding;
    await this.#reading?.file.close();
  }

  /** D1 to D3. */
  async #serving(message: Message): Promise<Answering> {
    for (let tries = 0; tries < 2 && !this.#closed; tries++) {
      const reading = this.#reading ?? (await (this.#finding ??= this.#find().finally(() => (this.#finding = undefined))));
      const sources = this.#sources;
      if (!reading || !sources) break;
      reading.enter(); // it is not to be closed while it is asked how far it is
      try {
        const standing = await standingOf(reading.file);
        if (standing?.state !== "live") {
          this.#drop(reading);
          continue;
        }
        return {
          ...this.#shown(standing, sources, message),
          file: reading.file,
          enter: () => reading.enter(),
          leave: () => reading.leave(),
        };
      } catch (error) {
        if (!(error instanceof TableError) || error.kind === "overloaded") throw error;
        this.#drop(reading); // it has been removed, most of the time
      } finally {
        reading.leave();
      }
    }
    throw notHere;
  }

  #shown({ positions }: Standing, sources: ReadonlyMap<string, EventSource>, { session, read }: Message): Pick<Answering, "shown"> {
    const shown = positions.flatMap(({ source: alias, partition, logId, timeline, next }) => {
      const log = sources.get(alias)?.log;
      if (!log) return [];
      if (log.logId !== logId || log.timeline !== timeline) throw notHere;
      return [{ alias, log, partition, next }];
    });
    if (!session || read === "local") return { shown };
    for (const [alias, { log }] of sources) {
      const wanted = session.wanted(log);
      if (wanted === "head") throw notHere;
      for (const [partition, above] of wanted ?? []) {
        if (above > (shown.find((at) => at.alias === alias && at.partition === partition)?.next ?? 0)) throw notHere;
      }
    }
    return { shown };
  }

  #passOn(message: Message, error: unknown): boolean {
    const broke = isOfMedium(error) && error.kind !== "overloaded";
    if (broke && this.#reading) this.#drop(this.#reading);
    const isForHost = broke || error === notHere || (error instanceof Failure && error.code === "LOG_FORKED");
    if (isForHost) this.#host(message);
    return isForHost;
  }

  #drop(reading: Reading): void {
    if (this.#reading !== reading) return;
    this.#reading = undefined;
    reading.drop();
  }

  async #find(): Promise<Reading | undefined> {
    const { tables, service, runtime } = this.#room;
    const now = runtime.clock.monotonic();
    if (now - this.#foundNoneMs < this.#limits.findAgainMs) return undefined;
    this.#foundNoneMs = now;
    if (!this.#sources) return this.#openSources();
    try {
      const name = await this.#answering();
      if (name === undefined) return undefined;
      this.#reading = new Reading(await tables.read(service, name));
      this.#foundNoneMs = Number.NEGATIVE_INFINITY;
      return this.#reading;
    } catch (error) {
      if (error instanceof TableError) return undefined;
      throw error;
    }
  }

  /**
   * The newest generation of this version, if it is live and no older file is, also of a lower version: until that one says
   * otherwise, the new one answers nowhere (D2).
   */
  async #answering(): Promise<string | undefined> {
    const { tables, service } = this.#room;
    let answering: string | undefined;
    for (const { name, version } of await generationsOf(tables, service, this.#contract)) {
      if (version > this.#behaviour.version) continue;
      const standing = await this.#standing(name);
      if (standing?.state !== "live") continue;
      if (answering !== undefined || version < this.#behaviour.version || standing.definition !== this.#definition) return undefined;
      answering = name;
    }
    return answering;
  }

  async #standing(name: string): Promise<Standing | undefined> {
    const file = await this.#room.tables.read(this.#room.service, name);
    try {
      return await standingOf(file);
    } finally {
      await file.close();
    }
  }

  /** Waits for nobody; meanwhile the host answers. */
  #openSources(): undefined {
    if (this.#opening) return;
    this.#opening = true;
    this.#openEach().catch((error: unknown) => {
      this.#opening = false;
      const { runtime, service } = this.#room;
      if (!this.#closed) runtime.logger.log("warn", "read_model.not_read_here", { service, readModel: this.#contract, error });
    });
  }

  async #openEach(): Promise<void> {
    const sources = new Map<string, EventSource>();
    for (const [alias, source] of Object.entries(this.#behaviour.from)) sources.set(alias, await this.#room.source(source));
    this.#sources = sources;
    this.#foundNoneMs = Number.NEGATIVE_INFINITY;
  }
}
