// Reads a partition again for entities that are parked in it, from the first event that failed on up to where the read model
// stands. Its pages go through the same batches as all others; when nobody is left in it, it is over.
import { Failure, type SourcePage } from "@atoll/core/extension";
import type { Scan } from "./batch.ts";
import type { ParkedRow } from "./parked.ts";
import { PartitionReader, type PartitionReaderInit } from "./partition-reader.ts";
import type { Stream } from "./stream.ts";

export class RetryScan implements Scan {
  readonly stream: Stream;
  readonly subjects: Set<string>;
  /** Resolves with the number of entities whose events are all applied. */
  readonly done: Promise<number>;
  readonly #reader: PartitionReader;
  readonly #settle = Promise.withResolvers<number>();
  #released = 0;

  constructor(stream: Stream, rows: ReadonlyMap<string, ParkedRow>, init: Omit<PartitionReaderInit, "source" | "partition" | "from">) {
    this.stream = stream;
    this.subjects = new Set(rows.keys());
    this.done = this.#settle.promise;
    this.done.catch(() => undefined); // who asked may have gone
    const from = Math.min(...[...rows.values()].map(({ offset }) => offset));
    this.#reader = new PartitionReader({ ...init, source: stream.source, partition: stream.partition, from });
  }

  get over(): boolean {
    return this.subjects.size === 0;
  }

  take(): SourcePage | undefined {
    return this.#reader.take();
  }

  get waiting(): boolean {
    return this.#reader.waiting !== undefined;
  }

  /** What a batch that is written has made of it. */
  settle(released: ReadonlySet<string>, failedAgain: ReadonlySet<string>): void {
    for (const subject of this.subjects) {
      if (released.has(subject)) this.#released += 1;
      if (released.has(subject) || failedAgain.has(subject)) this.subjects.delete(subject);
    }
    if (!this.over) return;
    this.#reader.close();
    this.#settle.resolve(this.#released);
  }

  /** What it had not come to stays parked. */
  abort(why: string): void {
    this.#reader.close();
    this.#settle.reject(new Failure("UNAVAILABLE", { what: `${why}; ${this.subjects.size} entities are still parked`, at: "retry" }));
  }
}
