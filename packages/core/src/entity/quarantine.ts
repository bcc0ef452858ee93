// The keys of one entity type that are kept from running here, and those that are on the way to it. What is stored of them is the
// journal's, and belongs to whoever owns their partition: it is read when a partition is acquired, and forgotten when it goes.
import type { LogWriter, QuarantineEntry } from "../journal/index.ts";
import type { Runtime } from "../runtime/index.ts";

/** Keys whose failures are counted at the same time; of more, the one that failed longest ago starts anew. */
const failingKeysMax = 10_000;

export class Quarantine {
  readonly #type: string;
  readonly #service: string;
  readonly #writer: LogWriter;
  readonly #runtime: Runtime;
  readonly #entries: Map<string, QuarantineEntry>;
  /** Failures in a row, by key; those of a key that left memory meanwhile count on. */
  readonly #strikes = new Map<string, number>();
  /** Partitions of which it is not known yet; each with what tells one acquisition from the next. */
  readonly #unread = new Map<number, object>();
  #reading: Promise<void> | undefined;

  constructor(type: string, service: string, writer: LogWriter, runtime: Runtime, stored: readonly QuarantineEntry[]) {
    this.#type = type;
    this.#service = service;
    this.#writer = writer;
    this.#runtime = runtime;
    this.#entries = new Map(
      stored.filter((entry) => entry.type === type && writer.owns(this.#partitionOf(entry.key))).map((entry) => [entry.key, entry]),
    );
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): QuarantineEntry | undefined {
    return this.#entries.get(key);
  }

  list(): readonly QuarantineEntry[] {
    return [...this.#entries.values()];
  }

  /** How often in a row. */
  failed(key: string): number {
    const strikes = (this.#strikes.get(key) ?? 0) + 1;
    this.#strikes.delete(key);
    this.#strikes.set(key, strikes);
    keepNewest(this.#strikes, failingKeysMax);
    return strikes;
  }

  succeeded(key: string): void {
    if (this.#strikes.size > 0) this.#strikes.delete(key);
  }

  /** Stored as well, so that it holds after a restart. */
  add(key: string, reason: string, offset: number | undefined): void {
    const [service, type] = [this.#service, this.#type];
    const entry: QuarantineEntry = { type, key, since: this.#runtime.clock.now(), reason, ...(offset === undefined ? {} : { offset }) };
    this.#entries.set(key, entry);
    this.#runtime.logger.log("error", "entity.quarantined", { service, type, key, reason });
    this.#writer.journal.quarantine(entry).catch((error: unknown) => {
      // It holds in this process; after a restart the key fails again and comes back here.
      this.#runtime.logger.log("error", "entity.quarantine_not_stored", { service, type, key, error });
    });
  }

  /** False if it was not here. */
  async release(key: string): Promise<boolean> {
    if (!this.#entries.has(key)) return false;
    await this.#writer.journal.release(this.#type, key);
    this.#entries.delete(key);
    this.#strikes.delete(key);
    this.#runtime.logger.log("info", "entity.released", { service: this.#service, type: this.#type, key });
    return true;
  }

  // ── partitions that come and go ─────────────────────────────────────────────────────────────────────────────────

  acquired(partition: number): void {
    this.#unread.set(partition, {});
  }

  forget(partition: number): void {
    this.#unread.delete(partition);
    for (const key of this.#entries.keys()) if (this.#partitionOf(key) === partition) this.#entries.delete(key);
  }

  /** Of its keys it is known whether they may run; otherwise resolves once that was read, if the partition is still here then. */
  async read(partition: number): Promise<void> {
    while (this.#unread.has(partition)) await (this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined)));
  }

  isKnown(partition: number): boolean {
    return !this.#unread.has(partition);
  }

  async #readAll(): Promise<void> {
    await new Promise<void>((resolve) => this.#runtime.scheduler.endOfTurn(resolve)); // several come in one turn
    const asked = new Map(this.#unread);
    const stored = await this.#writer.within(this.#writer.journal.quarantined());
    for (const [partition, acquisition] of asked) {
      if (this.#unread.get(partition) !== acquisition) continue;
      this.#unread.delete(partition);
      for (const entry of stored)
        if (entry.type === this.#type && this.#partitionOf(entry.key) === partition) this.#entries.set(entry.key, entry);
    }
  }

  #partitionOf(key: string): number {
    return this.#writer.partitionOf(this.#type, key);
  }
}

/** Drops the entry that was set longest ago, if there is one too many. */
export function keepNewest(entries: Map<string, unknown>, max: number): void {
  const [oldest] = entries.size > max ? entries.keys() : [];
  if (oldest !== undefined) entries.delete(oldest);
}
