// A log of events in memory, as a read model sees one: partitions, records, a reader that waits at the head. Outlives the
// process that reads it, as a log does.
import type { EventSource, SourceItem, SourcePage, SourceReader } from "@atoll/core/extension";
import type { Moment } from "@atoll/core/contract";

export interface LoggedEvent {
  readonly key: string;
  readonly name: string;
  readonly data: unknown;
  readonly error?: Error;
}

export class LogUnderTest {
  readonly service = "shop";
  logId = "0123456789abcdef0123456789abcdef";
  timeline = 1;
  readonly partitions: (readonly LoggedEvent[])[][];
  /** Wall clock of the next event. */
  now = 1_767_225_600_000;
  /** Pages have at most so many records. */
  pageRecords = 100;
  /** Thrown by the next reads, one each. */
  readonly failures: Error[] = [];
  reads = 0;
  readonly #arrived = new Set<() => void>();
  readonly #versions = new Map<string, number>();
  readonly #moments = new Map<LoggedEvent, Moment>();

  constructor(partitions = 4) {
    this.partitions = Array.from({ length: partitions }, () => []);
  }

  partitionOf(key: string): number {
    let sum = 0;
    for (const unit of key) sum += unit.codePointAt(0) ?? 0;
    return sum % this.partitions.length;
  }

  /** One record with these events, all of one key; none is a record that means nothing to readers. */
  append(key: string, ...events: readonly (readonly [name: string, data: unknown, error?: Error])[]): number {
    const logged = events.map(([name, data, error]): LoggedEvent => ({ key, name, data, ...(error ? { error } : {}) }));
    for (const event of logged) {
      const version = (this.#versions.get(key) ?? 0) + 1;
      this.#versions.set(key, version);
      this.#moments.set(event, { key, version, now: (this.now += 1), caller: "test" });
    }
    const partition = this.partitions[this.partitionOf(key)] as (readonly LoggedEvent[])[];
    partition.push(logged);
    for (const wake of this.#arrived) wake();
    return partition.length - 1;
  }

  /** All events of a key that satisfy `name`, in order. */
  eventsOf(key: string): readonly LoggedEvent[] {
    return (this.partitions[this.partitionOf(key)] ?? []).flat().filter((event) => event.key === key);
  }

  source(): EventSource {
    const { service, logId, timeline, partitions } = this;
    return {
      log: { service, logId, timeline, partitions: partitions.length },
      head: (partition) => partitions[partition]?.length ?? 0,
      partitionOf: (key) => this.partitionOf(key),
      read: (partition, from) => this.#read(partition, from),
      history: (key, from) => this.#read(this.partitionOf(key), from, key),
    };
  }

  #read(partition: number, from: number, key?: string): SourceReader {
    let next = from;
    const closed = new AbortController();
    let wake: (() => void) | undefined;
    return {
      next: async (): Promise<SourcePage> => {
        this.reads += 1;
        const failure = this.failures.shift();
        if (failure) throw failure;
        const records = this.partitions[partition] as (readonly LoggedEvent[])[];
        const arrived = (): boolean => key !== undefined || closed.signal.aborted || next < records.length;
        while (!arrived()) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            this.#arrived.add(resolve);
          });
          if (wake) this.#arrived.delete(wake);
        }
        if (closed.signal.aborted) return { items: [], next };
        const items = records.slice(next, next + this.pageRecords).flatMap((events, i) =>
          events.map((event, index): SourceItem => {
            const { name, data, error } = event;
            return { offset: next + i, index, name, at: this.#moments.get(event) as Moment, data, ...(error ? { error } : {}) };
          }),
        );
        next = Math.min(records.length, next + this.pageRecords);
        return { items: key === undefined ? items : items.filter(({ at }) => at.key === key), next };
      },
      close: () => {
        closed.abort();
        wake?.();
      },
    };
  }
}
