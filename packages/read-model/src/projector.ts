// Applies the events of its sources to one file.
//
//  P1  once      The statements of an event are in the file exactly if its position is passed there: both are in one
//                transaction, and what is not known to be written is read back before anything goes on.
//  P2  in order  Events of one entity are applied in the order of its log, each on what the one before it has left.
//                Between entities no order is promised.
//  P3  pull      A source is read a page ahead and no further; nothing it does is ever waited for by its log.
//  P4  parked    An event that cannot be applied (its data, its handler, its SQL) parks its entity, in the transaction that
//                passes it over; later events of that entity are passed over and counted. Others go on. More than
//                `parkedMax` of them stop the read model instead, before anything is written.
//  P5  retried   A retry applies the events of a parked entity from the one that failed on, each once, and ends where the
//                read model stands: from there on it goes the common way again.
//  P6  patient   A failure of the medium or of a source is tried again, with back-off, until it works; nothing is lost and
//                nothing is applied twice for it.
import { assert, backoffMs, Failure } from "@atoll/core/extension";
import type { Runtime, Timer } from "@atoll/core/runtime";
import { type Group, TableError } from "@atoll/core/tables";
import { Batch, type TakenPage } from "./batch.ts";
import type { ReadModelBehaviour } from "./behaviour.ts";
import { compilingKysely } from "./kysely.ts";
import type { ReadModelLimits } from "./limits.ts";
import { damagedFile, type ModelFile, type StoredModel } from "./model-file.ts";
import { type ParkedRow, subjectOf } from "./parked.ts";
import { PartitionReader } from "./partition-reader.ts";
import { RetryScan } from "./retry-scan.ts";
import type { Stream } from "./stream.ts";

export interface ProjectorObserver {
  /** Something was applied or passed. */
  moved(applied: { readonly events: number; readonly skipped: number; readonly seconds: number }): void;
  /** It tries again by itself. Undefined: it works again. */
  failing(error: unknown): void;
  /** It has stopped: a person has to do something. */
  broken(failure: Failure): void;
}

export interface ProjectorInit {
  /** `service: contract`, for messages. */
  readonly at: string;
  readonly behaviour: ReadModelBehaviour;
  readonly file: ModelFile;
  readonly streams: readonly Stream[];
  readonly runtime: Runtime;
  readonly limits: ReadModelLimits;
  readonly observer: ProjectorObserver;
}

export class Projector {
  readonly streams: readonly Stream[];
  readonly #init: ProjectorInit;
  readonly #db: unknown;
  readonly #parked = new Map<string, ParkedRow>();
  readonly #readers = new Map<Stream, PartitionReader>();
  #scan: RetryScan | undefined;
  #turn = 0;
  /** Events, of all pages: what is left of one counts for the next. */
  #handled = 0;
  #working: Promise<void> | undefined;
  #stopping = false;
  #retrying = false;
  #failures = 0;
  /** Runs from the first record on that meant nothing, until positions are stored for it. */
  #idle: Timer | undefined;
  #idleIsOver = false;
  #hurry: (() => void) | undefined;

  /** `stored`: what the file holds; positions were checked. Begins at once. */
  constructor(init: ProjectorInit, stored: StoredModel) {
    this.#init = init;
    this.streams = init.streams;
    this.#db = compilingKysely(() => init.runtime.logger.log("error", "read_model.executed_in_handler", { readModel: init.at }));
    this.#begin(stored);
  }

  get behind(): number {
    let behind = 0;
    for (const stream of this.streams) behind += stream.behind;
    return behind;
  }

  get parked(): ReadonlyMap<string, ParkedRow> {
    return this.#parked;
  }

  /** When the oldest event that waits was decided, wall clock ms; undefined if none is known. */
  waitingSince(alias: string): number | undefined {
    let oldest: number | undefined;
    for (const [stream, reader] of this.#readers) {
      const now = stream.alias === alias ? reader.waiting?.items[0]?.at.now : undefined;
      if (now !== undefined && (oldest === undefined || now < oldest)) oldest = now;
    }
    return oldest;
  }

  /** P5, for the parked entities that `wanted` names. One retry at a time. Rejects with a `Failure`. */
  async retry(wanted: (row: ParkedRow) => boolean): Promise<number> {
    if (this.#retrying || this.#stopping)
      throw new Failure("UNAVAILABLE", { what: "a retry is under way already, or it is stopping", at: this.#init.at });
    this.#retrying = true;
    try {
      let released = 0;
      for (const stream of this.streams) {
        const mine = [...this.#parked].filter(
          ([, row]) => row.source === stream.alias && row.partition === stream.partition && wanted(row),
        );
        if (mine.length === 0) continue;
        this.#scan = new RetryScan(stream, new Map(mine), this.#readerInit());
        released += await this.#scan.done;
      }
      return released;
    } finally {
      this.#retrying = false;
    }
  }

  /** Resolves once nothing is under way; then it can be let go, or another may go on with its file. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#hurry?.();
    this.#end("the read model is stopping");
    await this.#working;
    await this.#storePositions().catch(() => undefined); // they are behind by what holds nothing for it
  }

  #begin({ positions, parked }: StoredModel): void {
    this.#parked.clear();
    for (const row of parked) this.#parked.set(subjectOf(row.source, row.key), row);
    const stored = new Map(positions.map(({ source, partition, next }) => [`${partition} ${source}`, next]));
    for (const stream of this.streams) {
      stream.stored = stored.get(`${stream.partition} ${stream.alias}`) ?? 0;
      stream.next = stream.stored;
      const { source, partition, next } = stream;
      this.#readers.set(stream, new PartitionReader({ ...this.#readerInit(), source, partition, from: next }));
    }
  }

  #readerInit() {
    const { runtime, limits, observer } = this.#init;
    return { runtime, limits, arrived: () => this.#wake(), failed: (error: unknown) => observer.failing(error) };
  }

  #end(why: string): void {
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
    this.#scan?.abort(why);
    this.#scan = undefined;
  }

  #wake(): void {
    if (this.#working || this.#stopping) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      if (this.#waiting()) this.#wake(); // it came while that ended
    });
  }

  async #work(): Promise<void> {
    await this.#others(); // what arrives in the same turn goes into the same batch
    try {
      while (!this.#stopping && this.#waiting()) await this.#step();
    } catch (error) {
      await this.#failed(error);
    }
  }

  #waiting(): boolean {
    for (const reader of this.#readers.values()) if (reader.waiting) return true;
    return this.#idleIsOver || (this.#scan?.waiting ?? false);
  }

  async #step(): Promise<void> {
    const { runtime, observer } = this.#init;
    const startedMs = runtime.clock.monotonic();
    const refused = new Map<string, string>();
    let batch = await this.#gather(refused);
    for (let groups = batch.groups(); groups.length > 0; groups = batch.groups()) {
      const places = await this.#write(batch, groups);
      if (places.length === 0) break;
      for (const [place, reason] of places) refused.set(place, reason);
      batch = await this.#again(batch.pages, refused);
    }
    await this.#written(batch);
    this.#failures = 0;
    observer.failing(undefined);
    observer.moved({ events: batch.events, skipped: batch.skipped, seconds: (runtime.clock.monotonic() - startedMs) / 1_000 });
  }

  /** Places that were refused, with the reason. */
  async #write(batch: Batch, groups: readonly Group[]): Promise<readonly (readonly [string, string])[]> {
    const refusals = await this.#init.file.write(groups);
    return refusals.map(({ group, reason }) => {
      const place = batch.placeOfGroup(group);
      if (place === undefined) throw new TableError("damaged", `positions cannot be stored: ${reason}`);
      return [place, reason];
    });
  }

  #batch(refused: ReadonlyMap<string, string>): Batch {
    const { behaviour, at, runtime, limits } = this.#init;
    const { parkedMax } = limits;
    return new Batch({ behaviour, db: this.#db, at, now: runtime.clock.now(), parkedMax, parked: this.#parked, refused });
  }

  /** Takes what waits, stream by stream in a fixed order, until the batch is full or has taken its time. */
  async #gather(refused: ReadonlyMap<string, string>): Promise<Batch> {
    const { clock } = this.#init.runtime;
    const { batchEventsMax, batchGatherMsMax } = this.#init.limits;
    const batch = this.#batch(refused);
    const endMs = clock.monotonic() + batchGatherMsMax;
    const open = (): boolean => batch.events + batch.skipped < batchEventsMax && (batch.pages.length === 0 || clock.monotonic() < endMs);
    // Each time another stream is the first, so that none waits for others for ever.
    const readers = [...this.#readers];
    const first = this.#turn % Math.max(1, readers.length);
    this.#turn = first + 1;
    for (const [stream, reader] of [...readers.slice(first), ...readers.slice(0, first)]) {
      if (!open()) break;
      const page = reader.take();
      if (page) await this.#add(batch, { stream, page });
    }
    const scan = this.#scan;
    const page = scan?.take();
    if (scan && page) await this.#add(batch, { stream: scan.stream, page, scan });
    return batch;
  }

  async #again(pages: readonly TakenPage[], refused: ReadonlyMap<string, string>): Promise<Batch> {
    const batch = this.#batch(refused);
    for (const taken of pages) await this.#add(batch, taken);
    return batch;
  }

  async #add(batch: Batch, taken: TakenPage): Promise<void> {
    for (const _ of batch.add(taken)) {
      this.#handled += 1;
      if (this.#handled % this.#init.limits.eventsPerTurnMax === 0) await this.#others();
    }
  }

  /** The batch is in the file, or holds nothing that must be. */
  async #written(batch: Batch): Promise<void> {
    const stored = batch.groups().length > 0;
    for (const [stream, next] of batch.next) {
      stream.next = next;
      if (stored) stream.stored = next;
    }
    for (const [subject, row] of batch.parked) {
      if (row) this.#parked.set(subject, row);
      else this.#parked.delete(subject);
    }
    for (const { scan } of batch.pages) {
      if (!(scan instanceof RetryScan)) continue;
      scan.settle(batch.released, batch.failedAgain);
      if (scan.over && this.#scan === scan) this.#scan = undefined;
    }
    const idle = this.streams.reduce((records, { next, stored: at }) => records + next - at, 0);
    if (idle > this.#init.limits.idleRecordsMax || this.#idleIsOver) await this.#storePositions();
    else if (idle > 0) this.#storeSoon();
  }

  /** Whoever reads elsewhere knows of what the file says only. */
  #storeSoon(): void {
    const { runtime, limits } = this.#init;
    this.#idle ??= runtime.timers.after(limits.idleMsMax, () => {
      this.#idleIsOver = true;
      this.#wake();
    });
  }

  async #storePositions(): Promise<void> {
    this.#idle?.cancel();
    this.#idle = undefined;
    this.#idleIsOver = false;
    const batch = this.#batch(new Map());
    for (const stream of this.streams) if (stream.next > stream.stored) batch.next.set(stream, stream.next);
    if (batch.next.size === 0) return;
    const refusals = await this.#init.file.write([{ subject: "", statements: batch.positions() }]);
    assert(refusals.length === 0, "positions are taken");
    for (const [stream, next] of batch.next) stream.stored = next;
  }

  /** P6: what the file holds now is where it goes on. */
  async #failed(error: unknown): Promise<void> {
    const { observer, runtime, limits, file } = this.#init;
    this.#end("the read model has failed and starts again");
    for (let cause = error; !this.#stopping;) {
      const failure = brokenBy(cause, this.#init.at);
      if (failure) {
        this.#stopping = true;
        observer.broken(failure);
        return;
      }
      observer.failing(cause);
      this.#failures += 1;
      await this.#pause(backoffMs(limits.retry, this.#failures, () => runtime.random.next()));
      try {
        const stored = await file.load(new Set(this.streams.map(({ alias }) => alias)));
        if (this.#isStopping()) return;
        if (!stored) throw new TableError("damaged", "it holds no read model any more");
        this.#begin(stored);
        observer.moved({ events: 0, skipped: 0, seconds: 0 }); // it may have been written after all
        return;
      } catch (again) {
        cause = again;
      }
    }
  }

  /** As a call, because it may change while something is waited for. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  /** Ends early when it is to stop. */
  #pause(delayMs: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = this.#init.runtime.timers.after(delayMs, resolve);
      this.#hurry = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #others(): Promise<void> {
    return new Promise((resolve) => this.#init.runtime.scheduler.endOfTurn(resolve));
  }
}

/** Undefined for what passes by itself. */
function brokenBy(error: unknown, at: string): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof TableError && error.kind !== "damaged") return undefined;
  if (error instanceof TableError) return damagedFile(error, at);
  return new Failure("DEFECT", { what: error instanceof Error ? error.message : String(error), at, cause: error });
}
