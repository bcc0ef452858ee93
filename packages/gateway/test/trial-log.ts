// A source of messages for the gateway's own tests: a log in memory that is read as a service's log is (laws S1 to S4), that a test
// writes, holds up and restores as it likes, and that counts what is read of it.
import type { EventSource, SourceItem, SourceReader } from "@atoll/core/edge";

const partitions = 4;

export class TrialLog implements EventSource {
  log = { service: "parcels", logId: "0123456789abcdef0123456789abcdef", timeline: 1, partitions };
  /** Items that were handed out by `read` and `history`. */
  readonly given = { read: 0, history: 0 };
  /** Readers that are open. */
  open = 0;
  /** While it is set, reading fails with it. */
  failure: Error | undefined;
  /** Readers at the head do not hear of what is new until it is let go. */
  #held = false;
  readonly #records: (readonly SourceItem[])[][] = Array.from({ length: partitions }, () => []);
  readonly #waiting: (() => void)[] = [];

  /** One record of `key` with these messages; none, for a record that publishes nothing. */
  append(key: string, ...messages: readonly unknown[]): void {
    const records = this.#records[this.partitionOf(key)] as (readonly SourceItem[])[];
    const at = { key, version: records.length + 1, now: 0, caller: "trial" };
    const offset = records.length;
    records.push(
      messages.map((data, index) => {
        const item = { offset, index, name: "moved", at, data };
        return data instanceof Error ? { ...item, error: data } : item;
      }),
    );
    for (const wake of this.#waiting.splice(0)) wake();
  }

  hold(): void {
    this.#held = true;
  }

  letGo(): void {
    this.#held = false;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  head(partition: number): number {
    return (this.#records[partition] as readonly unknown[]).length;
  }

  partitionOf(key: string): number {
    return [...Buffer.from(key)].reduce((sum, byte) => sum + byte, 0) % partitions;
  }

  read(partition: number, from: number): SourceReader {
    return this.#reader(partition, from, () => true, "read");
  }

  history(key: string, from: number): SourceReader {
    return this.#reader(this.partitionOf(key), from, (item) => item.at.key === key, "history");
  }

  #reader(partition: number, from: number, wanted: (item: SourceItem) => boolean, how: "read" | "history"): SourceReader {
    const records = this.#records[partition] as (readonly SourceItem[])[];
    let next = from;
    let closed = false;
    this.open += 1;
    const waits = (): boolean => how === "read" && !closed && (this.#held || next >= records.length);
    return {
      next: async (bytesMax) => {
        while (waits()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
        if (closed) return { items: [], next };
        if (this.failure) throw this.failure;
        const items: SourceItem[] = [];
        for (let bytes = 0; next < records.length && bytes < bytesMax; next++) {
          for (const item of (records[next] as readonly SourceItem[]).filter(wanted)) {
            items.push(item);
            bytes += JSON.stringify(item.data).length;
          }
        }
        this.given[how] += items.length;
        return { items, next };
      },
      close: () => {
        if (!closed) this.open -= 1;
        closed = true;
        for (const wake of this.#waiting.splice(0)) wake();
      },
    };
  }
}
