// `npm run kill9 [-- --seconds N --seed S]`: is what was acknowledged still there? Runs the hello example as a process of its
// own, loads it over HTTP with clients that retry what got no answer, and kills it with SIGKILL at random moments, also while
// it starts. Then reads the totals from a process that was killed once more, and the log itself, command by command.
//
// The last line printed is the result; everything else goes to standard error. Exit code 0: nothing was lost, nothing was
// applied twice, and there was enough load and there were enough kills for that to mean something.
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prng } from "../packages/core/src/base/prng.ts";
import { decodeRecord } from "../packages/core/src/journal/index.ts";
import { SqliteJournalStore } from "../packages/core/src/journal/sqlite/index.ts";
import { killUntil } from "./kill9/killing.ts";
import { Load } from "./kill9/load.ts";
import { root } from "./generated.ts";
import { judge } from "./kill9/verdict.ts";
import { optionsFrom, type Options } from "./kill9/options.ts";
import { Kill9Error, Victim } from "./kill9/victim.ts";

const run = { flag: "seconds", standard: 15, min: 1, max: 3_600 };
const pageBytes = 4 * 2 ** 20;
/** Below these a second of the run has shown nothing. */
const acknowledgedPerSecondMin = 20;
const killsPerSecondMin = 0.2;

/** Mostly in full swing, sometimes right after it has recovered. */
function lifeMs(random: () => number): number {
  return random() < 0.3 ? 10 + random() * 140 : 200 + random() * 1_300;
}

/** How often each number was added to each counter, according to the log. The system must not run. */
async function loggedAdditions(data: string): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>> {
  const logged = new Map<string, Map<number, number>>();
  const logger = { log: (level: string, event: string) => (level === "error" ? console.error(event) : undefined) };
  await using journal = await new SqliteJournalStore(data, logger).open("counter", 16);
  for (let partition = 0; partition < journal.meta.partitions; partition++) {
    for (let from: number | undefined = 0; from !== undefined;) {
      const page = await journal.read(partition, from, pageBytes);
      for (const { key, events } of page.rows.flatMap(({ body, offset }) =>
        body.split("\n").map((line) => decodeRecord(line, `${partition}/${offset}`)),
      )) {
        const times = logged.get(key) ?? new Map<number, number>();
        logged.set(key, times);
        for (const [, , added] of events) {
          const { by } = added as { readonly by: number };
          times.set(by, (times.get(by) ?? 0) + 1);
        }
      }
      from = page.next;
    }
  }
  return logged;
}

async function kill9({ length: seconds, seed }: Options): Promise<number> {
  console.error(`seed ${seed}: again with npm run kill9 -- --seconds ${seconds} --seed ${seed}`);
  const random = prng(seed);
  const folder = await mkdtemp(join(tmpdir(), "atoll-kill9-"));
  const data = join(folder, "data");
  const victim = new Victim([join(root, "packages/cli/src/atoll.js"), "run", join(root, "examples/hello/hello.ts"), "--data", data]);
  const load = new Load(victim, prng(seed + 1));
  process.once("exit", () => {
    victim.destroy();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  try {
    await victim.spawn();
    await victim.listening();
    const running = load.run();
    const endMs = performance.now() + seconds * 1_000;
    const progress = (): string => `${load.count} acknowledged`;
    await Promise.race([running, killUntil({ endMs, victim, random, lifeMs, startMs: 400, progress })]);
    load.stop();
    await running;
    await victim.kill();
    await victim.spawn();
    await victim.listening();
    const totals = await load.totals();
    await victim.stop();
    const { sent, acknowledged } = load;
    const verdict = judge({ sent, acknowledged, totals, logged: await loggedAdditions(data) });
    for (const fault of verdict.faults.slice(0, 20)) console.error(fault);
    console.error(`${load.retried} were asked again under their key; ${load.replayed} of them had been applied by then`);
    const enough = verdict.acknowledged >= seconds * acknowledgedPerSecondMin && victim.kills >= seconds * killsPerSecondMin;
    if (!enough) console.error("too little happened for this to mean anything");
    console.log(
      `acknowledged ${verdict.acknowledged} · killed ${victim.kills} times · lost ${verdict.lost} · applied twice ${verdict.twice}`,
    );
    return enough && verdict.lost === 0 && verdict.twice === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Kill9Error)) throw error;
    console.error(`kill9: ${error.message}`);
    return 1;
  } finally {
    load.close();
  }
}

let options: Options | undefined;
try {
  options = optionsFrom(process.argv.slice(2), run);
} catch (error) {
  console.error(`kill9: ${error instanceof Error ? error.message : String(error)}`);
}
process.exitCode = options ? await kill9(options) : 2;
