// `npm test`: everything that must hold before a change is done, in one command, the same here and in CI. First the
// static stages, each an npm script of its own, then every test in one process tree. Says little while things go well;
// what fails is printed whole, with the one command that repeats it. The tests' summary is the last thing printed.
//
// `node scripts/check.ts lint types` runs the named stages only ("tests" is one of them).
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "./generated.ts";
import { runTests } from "./tests.ts";

/** npm scripts, cheapest explanation first: a missing engine or a type error explains later failures. */
const stages = ["engines", "types", "lint", "format:check", "layers", "dead", "errors", "decisions", "guide"] as const;
/** What to type after a failure, where it is not the stage itself. */
const cures: { readonly [stage: string]: string } = { "format:check": "npm run format" };

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly scripts: { readonly [name: string]: string } };
const path = `${join(root, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`;
const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

/** Resolves with the exit code and what the command printed, in order. */
function runScript(name: string): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(manifest.scripts[name] as string, {
    cwd: root,
    shell: true,
    env: { ...process.env, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString("utf8") }));
  });
}

const asked = process.argv.slice(2);
const all: readonly string[] = [...stages, "tests"];
const unknown = asked.find((name) => !all.includes(name));
if (unknown !== undefined) {
  console.error(`no stage "${unknown}"; there are: ${all.join(", ")}`);
  process.exit(2);
}

const startedMs = performance.now();
const failed: string[] = [];
for (const stage of stages.filter((name) => asked.length === 0 || asked.includes(name))) {
  const stageStartedMs = performance.now();
  const { code, output } = await runScript(stage);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${stage.padEnd(13)} ${seconds(stageStartedMs)}`);
  if (code === 0) continue;
  const again = cures[stage] ?? `npm run ${stage}`;
  failed.push(`${stage}: ${again}`);
  console.log(`${output.trimEnd()}\n     again: ${again}\n`);
}

if (asked.length === 0 || asked.includes("tests")) {
  const passed = await runTests(() => {
    if (failed.length > 0) console.log(`\nFAILED before the tests:\n  ${failed.join("\n  ")}`);
    console.log(`\nwhole check: ${seconds(startedMs)}`);
  });
  if (!passed) failed.push("tests");
}
process.exitCode = failed.length === 0 ? 0 : 1;
