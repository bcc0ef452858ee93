// A node with a log in a process of its own, for tests that kill it: shares the log over Unix sockets, appends what it is told to,
// and says what became of it, as src/journal/sqlite/appender-under-test.ts does. Besides:
//
//   listening           others may make links to it
//   hosting             the log is open here
//
// Arguments: data directory, folder of sockets, its number. Commands: host N (says who is to have the log open), append N [BYTES], close.
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Journal } from "@atoll/core/journal";
import { Appender, partitions, say } from "../src/journal/sqlite/appends-under-test.ts";
import { SqliteJournalStore } from "@atoll/core/journal/sqlite";
import { nodeRuntime } from "@atoll/core/runtime/node";
import { type NodeIdentity, ticketFor } from "@atoll/core/transport";
import { SocketTransport } from "@atoll/core/transport/socket";
import { SharedJournalStore } from "@atoll/core/log-host";

const system = "shared";
const secret = "of the test";
const [, , directory, folder, number] = process.argv as [string, string, string, string, string];

const identityOf = (n: string): NodeIdentity => ({ node: `log-${n}`, service: "log", incarnation: n.padStart(32, "0") });
const socketOf = (n: string): string => join(folder, `${n}.sock`);

const runtime = nodeRuntime({ logger: { log: (level, event) => say(`log ${level} ${event}`) } });
const hold = runtime.hold();
const self = identityOf(number);
const transport = new SocketTransport(runtime, { system, self });
let host: string | undefined;
let changed = (): void => undefined;
const store = new SharedJournalStore({
  local: new SqliteJournalStore(directory, runtime.logger),
  transport,
  runtime,
  service: "log",
  hosting: {
    host() {
      if (host === undefined) return undefined;
      if (host === number) return "here";
      return { identity: identityOf(host), at: socketOf(host), ticket: ticketFor(secret, system, self) };
    },
    watch(watcher) {
      changed = watcher;
    },
  },
});
store.onHosting(() => say("hosting"));

async function appendTo(opened: Promise<Journal>, count: number, bytes: number): Promise<void> {
  appender ??= new Appender(await opened);
  await appender.append(count, bytes);
}
let appender: Appender | undefined;

say(`pid ${process.pid}`);
const listener = await transport.listen(socketOf(number), secret, (link) => store.accept(link));
say("listening");
const opened = store.open("log", partitions);
for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument, bytes] = line.split(" ");
  if (command === "append") {
    void appendTo(opened, Number(argument), Number(bytes ?? 10)).then(() => say(`done ${line}`)); // it is told more meanwhile
    continue;
  }
  if (command === "host") {
    host = argument;
    changed();
  } else if (command === "close") {
    await (await opened)[Symbol.asyncDispose]();
    await listener.close();
    hold[Symbol.dispose]();
  }
  say(`done ${line}`);
}
