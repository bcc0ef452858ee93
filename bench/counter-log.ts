// Logs of counters made without running a single command: rows go straight through the journal port, many commits in
// flight, which is two orders of magnitude faster than living through them. The records are those that the entity of
// counter.ts would have left, so that whoever opens the log finds counters with a past.
import assert from "node:assert/strict";
import { encodeRecord, type EntityEntry, type Journal, LogWriter, logWriterLimits, type Row } from "@atoll/core/journal";
import { SqliteJournalStore } from "@atoll/core/journal/sqlite";
import { nodeRuntime } from "@atoll/core/runtime/node";

/** Commits under way at once: enough to keep the journal's thread from waiting, few enough to stay within its bound. */
const commitsInFlightMax = 64;
const partitionsOfLog = 16;
/** 2026-01-01, ms: before any run, so that commands of the run are younger than those of the past. */
const epochMs = 1_767_225_600_000;

export interface Past {
  version: number;
  total: number;
  last: number;
}

/** A log that is being written. */
export class CounterLog implements AsyncDisposable {
  readonly #journal: Journal;
  readonly #writer: LogWriter;
  readonly #hold: Disposable;
  readonly #heads: number[];
  readonly #indexedTo: number[];
  readonly #epochs: readonly number[];
  readonly #pasts = new Map<string, Past>();
  readonly #inFlight = new Set<Promise<void>>();
  #commands = 0;

  private constructor(journal: Journal, writer: LogWriter, hold: Disposable, heads: number[], epochs: readonly number[]) {
    this.#journal = journal;
    this.#writer = writer;
    this.#hold = hold;
    this.#heads = heads;
    this.#indexedTo = [...heads];
    this.#epochs = epochs;
  }

  /** The log of service "counter" in the folder `data`; made if there is none. */
  static async open(data: string): Promise<CounterLog> {
    const runtime = nodeRuntime({ logger: { log: () => {} } });
    const hold = runtime.hold();
    const journal = await new SqliteJournalStore(data, runtime.logger).open("counter", partitionsOfLog);
    const writer = await LogWriter.open("counter", journal, runtime, logWriterLimits); // takes the partitions over
    const states = await journal.partitions();
    return new CounterLog(
      journal,
      writer,
      hold,
      states.map((state) => state.head),
      states.map((state) => state.epoch),
    );
  }

  /** What was written earlier, by somebody else, of a counter that is to go on from there. */
  resume(key: string, past: Past): void {
    this.#pasts.set(key, past);
  }

  past(key: string): Past {
    const past = this.#pasts.get(key);
    assert(past, `nothing was written to ${key}`);
    return { ...past };
  }

  /**
   * One commit with a command to each of `keys`, in order; a row per partition, as group commit writes it. Resolves with the
   * records, as soon as another commit may follow.
   */
  async commit(keys: readonly string[]): Promise<readonly string[]> {
    const lines: string[] = [];
    const byPartition = new Map<number, string[]>();
    for (const key of keys) {
      const partition = this.#writer.partitionOf("counter", key);
      const line = this.#line(key, partition);
      lines.push(line);
      const row = byPartition.get(partition);
      if (row) row.push(line);
      else byPartition.set(partition, [line]);
    }
    const rows: Row[] = [];
    for (const [partition, body] of byPartition) {
      const offset = (this.#heads[partition] as number) - body.length;
      rows.push({ partition, offset, count: body.length, epoch: this.#epochs[partition] as number, body: body.join("\n") });
    }
    const written = this.#append(rows).finally(() => this.#inFlight.delete(written));
    this.#inFlight.add(written);
    if (this.#inFlight.size >= commitsInFlightMax) await Promise.race(this.#inFlight);
    return lines;
  }

  /** Waits for everything written, and stores the index of it. */
  async index(): Promise<void> {
    await Promise.all(this.#inFlight);
    const entities: EntityEntry[][] = this.#heads.map(() => []);
    for (const [key, { version, last }] of this.#pasts) {
      const partition = this.#writer.partitionOf("counter", key);
      if (last >= (this.#indexedTo[partition] as number)) entities[partition]?.push({ type: "counter", key, version, last });
    }
    for (const [partition, entries] of entities.entries()) {
      const indexedTo = this.#heads[partition] as number;
      const update = { partition, epoch: this.#epochs[partition] as number, indexedTo, entities: entries, snapshots: [], alarms: [] };
      assert(await this.#journal.index(update));
      this.#indexedTo[partition] = indexedTo;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#inFlight);
    await this.#journal[Symbol.asyncDispose]();
    this.#hold[Symbol.dispose]();
  }

  async #append(rows: readonly Row[]): Promise<void> {
    const results = await this.#journal.append(rows);
    assert(results.every((result) => result === "written"));
  }

  #line(key: string, partition: number): string {
    let past = this.#pasts.get(key);
    if (!past) this.#pasts.set(key, (past = { version: 0, total: 0, last: -1 }));
    const offset = this.#heads[partition] as number;
    this.#heads[partition] = offset + 1;
    const command = (this.#commands += 1);
    const by = 1 + (command % 9);
    const prev = past.last;
    past.version += 1;
    past.total += by;
    past.last = offset;
    const now = epochMs + command;
    return encodeRecord({
      type: "counter",
      key,
      version: past.version,
      prev,
      command: "add",
      id: mixed(command) + mixed(~command) + mixed(command ^ 0x5bd1e995) + mixed(command + 0x9e3779b9),
      minted: now,
      input: mixed(by) + mixed(~by),
      caller: "operator",
      now,
      events: [["Added", 1, { by }]],
      reply: { total: past.total },
    });
  }
}

/** Eight hexadecimal digits that compress as badly as real identifiers. */
function mixed(n: number): string {
  let h = Math.imul(n ^ (n >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0).toString(16).padStart(8, "0");
}
