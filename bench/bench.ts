// `npm run bench`: ours beside the bare parts, in the same run. A slow result is a result: nothing here fails because of a
// figure, only because something could not be measured.
//
//   --only NAME       this benchmark; may be given several times
//   --quick           shorter rounds and smaller logs, under a minute: to see that everything runs
//   --peers           beside some of ours, the same work on what users would pick instead; installs it on first use
//   --against REV     the same at another revision of the repository, in turns, as further columns
//   --json FILE       the results, with every sample's spread and the machine, into this file as well
import { parseArgs } from "node:util";
import { archiveRun, type Run, writeRun } from "./archive.ts";
import type { Benchmark } from "./benchmark.ts";
import { ChildFailed, inChild } from "./child.ts";
import { machine, revision } from "./machine.ts";
import type { Row } from "./measure.ts";
import { checkOut } from "./other-revision.ts";
import { type Installation, installPeers } from "./peers/install.ts";
import { benchmarks } from "./registry.ts";
import { type Result, tableOf } from "./report.ts";
import type { RunParameters } from "./run-one.ts";

interface Options {
  readonly chosen: readonly Benchmark[];
  readonly quick: boolean;
  readonly peers: boolean;
  readonly json: string | undefined;
  readonly against: string | undefined;
}

/** Undefined, and said why, if nothing can be made of the command line. */
function readOptions(): Options | undefined {
  const names = new Set(benchmarks.map(({ name }) => name));
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", multiple: true },
        quick: { type: "boolean", default: false },
        peers: { type: "boolean", default: false },
        json: { type: "string" },
        against: { type: "string" },
      },
    });
    const unknown = values.only?.find((name) => !names.has(name));
    if (unknown === undefined) {
      const chosen = values.only ? benchmarks.filter(({ name }) => values.only?.includes(name)) : benchmarks;
      return { chosen, quick: values.quick, peers: values.peers, json: values.json, against: values.against };
    }
    console.error(`there is no benchmark "${unknown}"`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  console.error(`\nnpm run bench -- [--only NAME]… [--quick] [--peers] [--against REV] [--json FILE]\n`);
  for (const { name, about } of benchmarks) console.error(`  ${name.padEnd(18)}${about}`);
  return undefined;
}

/** The rows of one benchmark, run in a child; undefined, and said why, if it failed. */
async function rowsOf(parameters: RunParameters, base: URL, where: string): Promise<readonly Row[] | undefined> {
  const { name } = parameters;
  const startMs = performance.now();
  try {
    const rows = (await inChild("run-one.ts", parameters, base)) as readonly Row[];
    console.error(`${name}${where}: ${((performance.now() - startMs) / 1_000).toFixed(0)} s`);
    return rows;
  } catch (error) {
    if (!(error instanceof ChildFailed)) throw error;
    console.error(`${name}${where}: ${error.message}`);
    return undefined;
  }
}

async function main({ chosen, quick, peers, json, against }: Options): Promise<boolean> {
  const on = machine();
  if (on.load > 0.5) console.error(`other processes use this machine (load ${on.load.toFixed(1)}): the figures will vary`);
  const installation: Installation = peers ? await installPeers() : { kind: "not-asked-for" };
  using other = against === undefined ? undefined : checkOut(against);
  const startMs = performance.now();
  const results: Result[] = [];
  let complete = true;
  for (const { name, about } of chosen) {
    const now: RunParameters = { name, quick, peers: installation };
    const before = other ? await rowsOf({ ...now, peers: { kind: "not-asked-for" } }, other.bench, ` at ${other.commit}`) : [];
    const rows = await rowsOf(now, new URL(import.meta.url), "");
    complete &&= rows !== undefined && before !== undefined;
    results.push({ name, about, rows: rows ?? [], before: before ?? [] });
  }
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  const run: Run = { date: new Date().toISOString(), revision: revision(), quick, machine: on, seconds, results };
  console.log(tableOf(results, other?.commit));
  console.log(
    `\n${on.cpu}, ${on.cores} cores, ${on.system}, node ${on.node}, SQLite ${on.sqlite}; load before ${on.load.toFixed(1)}; ${seconds} s`,
  );
  if (json !== undefined) writeRun(run, json);
  // Not with peers: their servers use this machine while ours is measured.
  if (complete && !quick && !peers && chosen.length === benchmarks.length) console.log(`kept in ${archiveRun(run)}`);
  return complete;
}

const options = readOptions();
if (!options) process.exitCode = 2;
else if (!(await main(options))) process.exitCode = 1;
