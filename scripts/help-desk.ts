// `npm run helpdesk [-- --events N --kills K --seed S]`: a real log, replayed in order through HTTP into the help-desk example,
// which is killed with SIGKILL at random moments. Then every list and count that the system keeps is compared, exactly, with
// a fold of the file that knows nothing of the system.
//
// The last line printed is the result; everything else goes to standard error. Exit code 0: no difference.
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { prng } from "../packages/core/src/base/prng.ts";
import { root } from "./generated.ts";
import { Client } from "./help-desk/client.ts";
import { figuresOf } from "./help-desk/figures.ts";
import { differences, foldOf } from "./help-desk/fold.ts";
import { readLog } from "./help-desk/log-file.ts";
import { Replay } from "./help-desk/replay.ts";
import { Kill9Error, Victim } from "./kill9/victim.ts";

const atoll = join(root, "packages/cli/src/atoll.js");
/** Requests under way at a time. */
const underWay = 64;
const shownMax = 20;

interface Options {
  readonly events: number;
  readonly kills: number;
  readonly seed: number;
}

/** Throws for anything that is not right, an unknown flag included. */
function optionsFrom(args: readonly string[], eventsMax: number): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args: [...args], options: { events: text, kills: text, seed: text } });
  const events = Number(values.events ?? eventsMax);
  const kills = Number(values.kills ?? 20);
  const seed = Number(values.seed ?? process.pid);
  if (!(Number.isInteger(events) && events >= 1 && events <= eventsMax))
    throw new Kill9Error(`--events is a number from 1 to ${eventsMax}`);
  if (!(Number.isInteger(kills) && kills >= 0 && kills <= events)) throw new Kill9Error("--kills is a number from 0 to that of events");
  if (!Number.isSafeInteger(seed)) throw new Kill9Error("--seed is a whole number");
  return { events, kills, seed };
}

/** At random places of the log, mostly in full swing, sometimes again while it starts. One kill is kept for the end. */
async function killAll({ events, kills }: Options, victim: Victim, replay: Replay, random: () => number): Promise<void> {
  const places = Array.from({ length: Math.max(0, kills - 1) }, () => Math.floor(random() * events)).toSorted((a, b) => a - b);
  while (places.length > 0) {
    await replay.reached(places.shift() as number);
    await pause(random() * 20);
    await victim.kill();
    console.error(`kill ${victim.kills} after ${replay.done} events`);
    await victim.spawn();
    if (places.length > 0 && random() < 0.2) {
      places.shift();
      await pause(random() * 400);
      await victim.kill();
      console.error(`kill ${victim.kills} while it started`);
      await victim.spawn();
    }
    await victim.listening();
  }
}

async function helpDesk(options: Options): Promise<number> {
  const { events, kills, seed } = options;
  console.error(`seed ${seed}: again with npm run helpdesk -- --events ${events} --kills ${kills} --seed ${seed}`);
  const lines = readLog().slice(0, events);
  const folder = await mkdtemp(join(tmpdir(), "atoll-help-desk-"));
  const victim = new Victim([atoll, "run", join(root, "examples/help-desk/help-desk.ts"), "--data", join(folder, "data")]);
  process.once("exit", () => {
    victim.destroy();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  try {
    using client = new Client(victim, underWay);
    const replay = new Replay(client, underWay);
    await victim.spawn();
    await victim.listening();
    await Promise.all([replay.run(lines), killAll(options, victim, replay, prng(seed))]);
    if (kills > 0) {
      await victim.kill();
      await victim.spawn();
      await victim.listening();
    }
    console.error(`${client.repeated} requests were asked again; ${client.replayed} of them were given an answer that was kept`);
    const expected = foldOf(lines);
    const cases = [...(expected["cases"]?.keys() ?? [])];
    const actual = await figuresOf(client, cases, [...(expected["agents"]?.keys() ?? [])], events);
    const found = [...replay.misnumbered];
    for (const [list, entries] of Object.entries(expected)) {
      const wrong = differences(list, entries, actual[list] ?? new Map());
      console.error(`${list}: ${entries.size} compared, ${wrong.length} differences`);
      found.push(...wrong);
    }
    for (const difference of found.slice(0, shownMax)) console.error(difference);
    await victim.stop();
    console.log(`events ${events} · cases ${cases.length} · killed ${victim.kills} times · differences ${found.length}`);
    return found.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Kill9Error)) throw error;
    console.error(`helpdesk: ${error.message}`);
    return 1;
  }
}

let options: Options | undefined;
try {
  options = optionsFrom(process.argv.slice(2), readLog().length);
} catch (error) {
  console.error(`helpdesk: ${error instanceof Error ? error.message : String(error)}`);
}
process.exitCode = options ? await helpDesk(options) : 2;
