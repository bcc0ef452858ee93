// What appends in a process under test, and says of each append what became of it (appender-under-test.ts).
import { writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { type Journal, JournalError, type Row } from "../journal.ts";
import { readAll, recordOf, rowOf } from "../tck/rows.ts";

export const partitions = 4;
const retryMs = 10;

/** A parent that reads slowly is waited for. */
export function say(line: string): void {
  for (let rest = Buffer.from(`${line}\n`); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

interface Owned {
  epoch: number;
  head: number;
}

export class Appender {
  readonly #journal: Journal;
  readonly #owned: Owned[] = [];
  #count = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** One append a time: rows of one to three records, in one partition or two. */
  async append(count: number, bytes: number): Promise<void> {
    for (let p = this.#owned.length; p < partitions; p++) this.#owned[p] = await this.#own(p);
    for (let i = 0; i < count; i++) {
      const n = this.#count++;
      const rows = [n % partitions, ...(n % 3 === 0 ? [(n + 1) % partitions] : [])].map((p) =>
        this.#row(p, `${process.pid}.${n}`, 1 + (n % 3), bytes),
      );
      await this.#try(`${process.pid}.${n}`, rows);
    }
  }

  async readAll(): Promise<void> {
    try {
      let records = 0;
      for (let p = 0; p < partitions; p++) for (const row of await readAll(this.#journal, p)) records += row.count;
      say(`read ${records}`);
    } catch (error) {
      say(`~ read ${kindOf(error)}`);
    }
  }

  #row(p: number, id: string, records: number, bytes: number): Row {
    const { epoch, head } = this.#owned[p] as Owned;
    const filling = { reply: "x".repeat(bytes) };
    return rowOf(
      p,
      head,
      epoch,
      Array.from({ length: records }, (_, i) => recordOf("k", `${id}.${p}.${i}`, -1, filling)),
    );
  }

  async #try(id: string, rows: readonly Row[]): Promise<void> {
    try {
      const results = await this.#journal.append(rows);
      if (results.some((result) => result !== "written")) return say(`~ append ${results.join()}`);
      for (const { partition, count } of rows) (this.#owned[partition] as Owned).head += count;
      say(`+ ${id} ${rows.map((row) => `${row.partition}:${row.offset}:${row.count}`).join(" ")}`);
    } catch (error) {
      const kind = kindOf(error);
      say(`${kind === "ambiguous" ? "?" : "-"} ${id} ${kind}`);
      // Only a newer epoch makes certain what is in the log (J6, J7).
      if (kind === "ambiguous") for (const { partition } of rows) this.#owned[partition] = await this.#own(partition);
      else await pause(retryMs);
    }
  }

  /** Takes the partition over, however often it takes. */
  async #own(p: number): Promise<Owned> {
    for (;;) {
      try {
        const { epoch: seen } = (await this.#journal.partitions())[p] as Owned;
        const { taken, epoch } = await this.#journal.takeOver(p, seen);
        if (taken) return { epoch, head: ((await this.#journal.partitions())[p] as Owned).head };
      } catch (error) {
        say(`~ takeOver ${kindOf(error)}`);
        await pause(retryMs);
      }
    }
  }
}

function kindOf(error: unknown): string {
  if (error instanceof JournalError) return error.kind;
  throw error;
}
