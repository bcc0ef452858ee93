// Started by src/reader.os.test.ts: runs the system of tally-under-test.ts on the directory of its first argument, gives commands
// without end and rebuilds a read model again and again. A line "+" for each command that was acknowledged, "r" for each rebuild.
import { setTimeout as pause } from "node:timers/promises";
import { start } from "@atoll/core";
import { jsonLogger } from "@atoll/core/runtime/node";
import { Tally, tallySystem } from "../src/tally-under-test.ts";

const [, , data = "", first = "0"] = process.argv;
/** Few: what they write each rebuild reads again. */
const callers = 2;
const keys = 12;

const running = await start(tallySystem, { data, port: 0, logger: jsonLogger({ level: "error" }) });
process.stdout.write("started\n");

async function call(caller: number): Promise<void> {
  for (let i = Number(first); ; i++) {
    await running.at(Tally, `k${(caller * 7 + i) % keys}`).add({ by: 1 + (i % 5) });
    process.stdout.write("+\n");
  }
}

async function rebuild(): Promise<void> {
  for (;;) {
    await running.readModels.rebuild("tallies", "own");
    while (running.readModels.list().some(({ rebuilt }) => rebuilt !== undefined)) await pause(10);
    process.stdout.write("r\n");
  }
}

await Promise.all([rebuild(), ...Array.from({ length: callers }, (_, caller) => call(caller))]);
