// Started by src/kill.os.test.ts, to be killed: runs the system of tally-under-test.ts on the directory of its first argument and
// gives commands without end. A line for each that was acknowledged; a rebuild now and then, so that death meets that too.
import { start } from "@atoll/core";
import { jsonLogger } from "@atoll/core/runtime/node";
import { Tally, tallySystem } from "../src/tally-under-test.ts";

const [, , data = "", round = "0"] = process.argv;
const callers = 8;
const keys = 20;

const running = await start(tallySystem, { data, port: 0, logger: jsonLogger({ level: "error" }) });
process.stdout.write("started\n");

async function call(caller: number): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `k${(caller * 7 + i) % keys}`;
    const { reply } = (await running.at(Tally, key).add({ by: 1 + (i % 5) })) as { readonly reply: { readonly changes: number } };
    process.stdout.write(`+ ${key} ${reply.changes}\n`);
    if (caller === 0 && i % 40 === Number(round)) await running.readModels.rebuild("tallies", "own");
  }
}

await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
