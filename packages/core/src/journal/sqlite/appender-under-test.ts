// A process that does what it is told on its standard input, one command a line, for tests that kill it, pull the disk
// from under it, or look at it from another process. What it has to say goes out with one write() a line, so that a
// line that was read was true before the process died:
//
//   pid N
//   opened | failure CODE MESSAGE
//   + ID ROWS…          appended; ROWS are partition:offset:count
//   - ID KIND           certainly not appended
//   ? ID KIND           may have been
//   ~ OPERATION KIND    something else failed
//   read N              every partition has been read, N records
//   done COMMAND        the command is finished
//
// Commands: append N [BYTES], read, unlink FILE, close, leave (ends without closing).
import { unlinkSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../base/failure.ts";
import { type Journal, JournalError, type Row } from "../journal.ts";
import { readAll, recordOf, rowOf } from "../tck/rows.ts";
import { SqliteJournalStore } from "./sqlite-store.ts";

const partitions = 4;
const retryMs = 10;

const say = (line: string): void => void writeSync(1, `${line}\n`);

interface Owned {
  epoch: number;
  head: number;
}

class Appender {
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

async function obey(directory: string): Promise<void> {
  const store = new SqliteJournalStore(directory, { log: (level, event) => say(`log ${level} ${event}`) });
  let journal: Journal;
  try {
    journal = await store.open("log", partitions);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return say(`failure ${error.code} ${error.message}`);
  }
  say("opened");
  const appender = new Appender(journal);
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, argument, bytes] = line.split(" ");
    if (command === "append") await appender.append(Number(argument), Number(bytes ?? 10));
    else if (command === "read") await appender.readAll();
    else if (command === "unlink") unlinkSync(argument as string);
    else if (command === "close") await journal[Symbol.asyncDispose]();
    else if (command === "leave") return process.stdin.destroy() as unknown as undefined;
    say(`done ${line}`);
  }
}

say(`pid ${process.pid}`);
await obey(process.argv[2] as string);
