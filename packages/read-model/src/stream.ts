// One partition of one source, and how far it is applied.
import type { EventSource } from "@atoll/core/extension";

export class Stream {
  readonly alias: string;
  readonly source: EventSource;
  readonly partition: number;
  /** Everything below this offset is applied. */
  next = 0;
  /** What the file says: behind `next` where nothing but positions would have been written. */
  stored = 0;

  constructor(alias: string, source: EventSource, partition: number) {
    this.alias = alias;
    this.source = source;
    this.partition = partition;
  }

  get behind(): number {
    return Math.max(0, this.source.head(this.partition) - this.next);
  }
}

export function streamsOf(sources: ReadonlyMap<string, EventSource>): readonly Stream[] {
  return [...sources].flatMap(([alias, source]) =>
    Array.from({ length: source.log.partitions }, (_, partition) => new Stream(alias, source, partition)),
  );
}
