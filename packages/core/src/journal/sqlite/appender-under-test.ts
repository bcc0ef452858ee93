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
import { unlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { Failure } from "../../base/failure.ts";
import type { Journal } from "../journal.ts";
import { Appender, partitions, say } from "./appends-under-test.ts";
import { SqliteJournalStore } from "./sqlite-store.ts";

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
