// `npm run sim`: every simulation of the repository, with as many seeds as one has time for, or one seed again.
//
//   npm run sim                                  the seeds that the tests name
//   npm run sim -- --seeds 20000                 so many of each
//   npm run sim -- --seed 7 --name "scenario 1"  one seed of the tests whose name begins so
//   npm run sim -- --system shop --seeds 1000    those of the examples that have this in the name of their folder
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { root } from "./generated.ts";
import { keepCompiled, testProcess } from "./tests.ts";

const usage = "npm run sim -- [--seeds N | --seed N] [--name TEXT] [--system TEXT]";
const ofPackages = "packages/*/{src,test}/**/*.sim.test.ts";
const ofExamples = "examples/**/*.sim.test.ts";

function refuse(what: string): never {
  console.error(`${what}\n${usage}`);
  process.exit(2);
}

function asked(): { readonly seeds?: string; readonly seed?: string; readonly name?: string; readonly system?: string } {
  try {
    const text = { type: "string" } as const;
    const options = { seeds: text, seed: text, name: text, system: text };
    return parseArgs({ options, allowPositionals: false }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function checkWhole(flag: string, text: string | undefined, min: number): void {
  if (text !== undefined && !(Number.isSafeInteger(Number(text)) && text.trim() !== "" && Number(text) >= min))
    refuse(`${flag} is a whole number from ${min}, not "${text}"`);
}

const { seeds, seed, name, system } = asked();
checkWhole("--seeds", seeds, 1);
checkWhole("--seed", seed, 0);
if (seeds !== undefined && seed !== undefined) refuse("--seeds and --seed exclude each other");
// Tests read these themselves, so that a single file can be run with them too.
if (seeds !== undefined) process.env["ATOLL_SEEDS"] = seeds;
if (seed !== undefined) process.env["ATOLL_SEED"] = seed;

const beginning = name === undefined ? undefined : `^${name.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)}`;
const isAsked = (file: string): boolean => system === undefined || (file.split("/")[1] ?? "").includes(system);
const files = globSync(system === undefined ? [ofPackages, ofExamples] : ofExamples, { cwd: root, exclude: ["**/node_modules", "**/dist"] })
  .filter(isAsked)
  .map((file) => join(root, file))
  .sort();
if (files.length === 0) refuse(`no example with "${system}" in the name of its folder has a simulation`);
keepCompiled();
const events = run({
  files,
  cwd: root,
  execArgv: testProcess,
  concurrency: availableParallelism(),
  ...(beginning === undefined ? {} : { testNamePatterns: [beginning] }),
});
let passed = false;
let tests = 0;
// A file none of whose tests begins so counts as one test, named like the file.
const count = ({ file, name: test }: { readonly file?: string; readonly name: string }): void => {
  if (file !== test) tests += 1;
};
events.on("test:pass", count);
events.on("test:fail", count);
events.on("test:summary", ({ file, success }) => {
  if (file === undefined) passed = success;
});
events.on("end", () => {
  if (tests === 0)
    console.error(name === undefined ? "there is no simulation" : `no simulation has a test whose name begins with "${name}"`);
  process.exitCode = passed && tests > 0 ? 0 : 1;
});
events.pipe(new spec()).pipe(process.stdout);
