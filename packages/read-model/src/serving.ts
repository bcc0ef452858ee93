// One file with what applies events to it: the one that answers, or the one that is being built beside it.
import { type EventSource, Failure } from "@atoll/core/extension";
import type { ModelFile, StoredModel, StoredPosition } from "./model-file.ts";
import type { Answering } from "./queries.ts";
import { Projector, type ProjectorInit, type ProjectorObserver } from "./projector.ts";
import { type Stream, streamsOf } from "./stream.ts";

export type ServingInit = Omit<ProjectorInit, "file" | "streams" | "observer"> & {
  readonly sources: ReadonlyMap<string, EventSource>;
  readonly generation: number;
};

export class Serving implements Answering {
  readonly file: ModelFile;
  readonly generation: number;
  readonly #init: ServingInit;
  readonly #observer: (serving: Serving) => ProjectorObserver;
  #projector: Projector;
  #users = 0;
  #unused: (() => void) | undefined;
  /** Of the medium or of a source: it tries again by itself. */
  failing: unknown = undefined;

  /** LOG_FORKED if a position that is stored is none of its log. */
  constructor(file: ModelFile, stored: StoredModel, init: ServingInit, observer: (serving: Serving) => ProjectorObserver) {
    this.file = file;
    this.generation = init.generation;
    this.#init = init;
    this.#observer = observer;
    for (const position of stored.positions) checkPosition(position, init.sources.get(position.source), init.at);
    this.#projector = this.#start(stored);
  }

  get projector(): Projector {
    return this.#projector;
  }

  get streams(): readonly Stream[] {
    return this.#projector.streams;
  }

  get shown(): Answering["shown"] {
    return this.streams.map(({ source: { log }, partition, next }) => ({ log, partition, next }));
  }

  /** It has stopped: a person has to do something. */
  get broken(): Failure | undefined {
    return this.failing instanceof Failure ? this.failing : undefined;
  }

  /** What keeps it from getting on. What failed and is not in its way any more is none. */
  get trouble(): unknown {
    return this.broken || this.#projector.behind > 0 ? this.failing : undefined;
  }

  /** The part of the log that is applied, 0 to 1. */
  get progress(): number {
    let applied = 0;
    let all = 0;
    for (const { next, source, partition } of this.streams) {
      applied += next;
      all += Math.max(next, source.head(partition));
    }
    return all === 0 ? 1 : applied / all;
  }

  /** Goes on after `projector.stop()`. */
  async resume(): Promise<void> {
    const stored = await this.file.load(this.#init.sources.keys());
    if (stored) this.#projector = this.#start(stored);
  }

  /** Whether it has applied all that `other` has. */
  reached(other: Serving): boolean {
    return this.streams.every(({ next }, i) => next >= (other.streams[i]?.next ?? 0));
  }

  enter(): void {
    this.#users += 1;
  }

  leave(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#unused?.();
  }

  /** Closes the file once nobody uses it any more, at the latest after `withinMs`, or when `hurry` resolves. */
  async retire(withinMs: number, hurry: Promise<void>): Promise<void> {
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#init.runtime.timers.after(withinMs, resolve);
        this.#unused = () => {
          timer.cancel();
          resolve();
        };
        void hurry.then(this.#unused);
      });
    }
    await this.close();
  }

  async close(): Promise<void> {
    await this.#projector.stop();
    await this.file.close().catch(() => undefined); // whatever it is, the next start finds out
  }

  #start(stored: StoredModel): Projector {
    const { sources, ...init } = this.#init;
    return new Projector({ ...init, file: this.file, streams: streamsOf(sources), observer: this.#observer(this) }, stored);
  }
}

function checkPosition(
  { source: alias, partition, logId, timeline, next }: StoredPosition,
  source: EventSource | undefined,
  at: string,
): void {
  if (!source) return; // it was made from other sources, which its fingerprint tells
  const { log } = source;
  const fail = (what: string): never => {
    throw new Failure("LOG_FORKED", { what: `${what} (source "${alias}", partition ${partition} of service "${log.service}")`, at });
  };
  if (logId !== log.logId) fail(`it was built from log ${logId}, and this is log ${log.logId}`);
  if (timeline !== log.timeline) fail(`it was built on timeline ${timeline} of the log, and this is timeline ${log.timeline}`);
  if (partition >= log.partitions || next > source.head(partition))
    fail(`it has applied ${next} records, and the log holds ${partition < log.partitions ? source.head(partition) : 0}`);
}
