// `npm run flat [-- --minutes N --only feed|subscriber|rebuild --away MINUTES]`: what does a listener that does not listen cost those
// who talk? Runs real systems on real logs under a steady load of durable commands, without and with the disturbance in turns:
// clients that stop reading a feed, a subscriber away for an hour of traffic, a read model rebuilt from zero over a long log.
//
// Prints what the process occupied after forced collections, how long commands took, and a verdict for each case. Exit code 0: memory
// stayed within the bounds that are named, and whoever came back heard every message, once and in order. Latency is shown only.
import { parseArgs } from "node:util";
import { ChildFailed, inChild } from "./child.ts";
import { caseNames, isCase, rounds, type CaseName, type CaseParameters } from "./flat/case-room.ts";
import { type CaseResult, judge, tableOf } from "./flat/verdict.ts";
import { machine, revision } from "./machine.ts";

const minutesMax = 600;
const awayMinutesMax = 24 * 60;
/** For what is made before a case can be measured, and what is caught up with after it (ms). */
const beyondRoundsMs = 1_800_000;

interface Options {
  readonly chosen: readonly CaseName[];
  readonly minutes: number;
  readonly awayMinutes: number;
}

/** Undefined, and said why, if nothing can be made of the command line. */
function readOptions(): Options | undefined {
  try {
    const text = { type: "string" } as const;
    const { values } = parseArgs({ options: { minutes: text, away: text, only: { ...text, multiple: true } } });
    const minutes = Number(values.minutes ?? 1);
    const awayMinutes = Number(values.away ?? 60);
    const only = values.only ?? caseNames;
    const unknown = only.find((name) => !isCase(name));
    if (unknown !== undefined) console.error(`there is no case "${unknown}"`);
    else if (!(minutes >= 0.02 && minutes <= minutesMax)) console.error(`--minutes is a number from 0.02 to ${minutesMax}`);
    else if (!(awayMinutes >= 1 && awayMinutes <= awayMinutesMax)) console.error(`--away is a number from 1 to ${awayMinutesMax}`);
    else return { chosen: only.filter(isCase), minutes, awayMinutes };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  console.error(`npm run flat -- [--minutes N] [--away MINUTES] [--only ${caseNames.join("|")}]…`);
  return undefined;
}

/** `minutes` are those of the load at a fixed rate, of all chosen cases together. */
async function main({ chosen, minutes, awayMinutes }: Options): Promise<boolean> {
  const on = machine();
  const { commit, dirty } = revision();
  const roundMs = Math.round((minutes * 60_000) / chosen.length / (2 * rounds));
  const results: CaseResult[] = [];
  for (const name of chosen) {
    const parameters: CaseParameters = { name, roundMs, awayMinutes };
    const withinMs = 4 * rounds * roundMs + beyondRoundsMs;
    results.push((await inChild("flat/case-child.ts", parameters, import.meta.url, withinMs)) as CaseResult);
  }
  console.log(tableOf(results));
  const verdicts = results.map(judge);
  console.log(`\n${verdicts.map(({ text }) => text).join("\n")}`);
  const { cpu, cores, system, node, sqlite, load } = on;
  console.log(
    `\n${new Date().toISOString().slice(0, 10)}, ${commit}${dirty ? "+" : ""}; ${cpu}, ${cores} cores, ${system}, node ${node}, SQLite ${sqlite}; load before ${load.toFixed(1)}`,
  );
  return verdicts.every(({ passed }) => passed);
}

const options = readOptions();
try {
  if (!options) process.exitCode = 2;
  else if (!(await main(options))) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof ChildFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
