// Runs every test of the repository in one `node --test` process tree and reports it: a line per file, failures whole
// with the command that repeats them, skipped tests by name, and node:test's own summary as the last lines.
import { globSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { run, type EventData } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";
import { root } from "./generated.ts";

const patterns = ["packages/*/{src,test}/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts", "scripts/**/*.test.ts"];
/** A test that has not ended by then has failed. */
const testMsMax = 180_000;
/** Above the budget of the whole suite: a leaked handle must not hang the check for ever. */
const suiteMsMax = 15 * 60_000;

/** Node's options for a process that runs a file of tests. */
export const testProcess = ["--import", pathToFileURL(join(root, "scripts/test-process.ts")).href] as const;

/** Compiled files that are kept; what a test writes into a folder of its own and runs there is one of them, for nothing. */
const compiledFilesMax = 10_000;

/** Kept between runs: what is stripped and compiled once serves some 250 files of tests and what they start. */
export function keepCompiled(): void {
  if (process.env["NODE_COMPILE_CACHE"] !== undefined) return;
  const folder = join(root, "node_modules/.cache/compiled");
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder, { recursive: true }).length > compiledFilesMax) rmSync(folder, { recursive: true, force: true });
  process.env["NODE_COMPILE_CACHE"] = folder;
}

const place = (file: string | undefined): string => (file === undefined ? "" : relative(root, file));
const indented = (text: string, margin: string): string => text.trimEnd().replaceAll(/^/gm, margin);

function explain(error: Error): string {
  // node:test wraps what the test threw; the wrapper's own stack points into the runner.
  const cause = error.cause ?? error;
  return typeof cause === "string" ? cause : inspect(cause, { depth: 6 });
}

/** `file` is where the test is written, which may be a suite that many files run; `entryFile` (not typed yet) is who ran it. */
type Failed = EventData.TestFail & { readonly entryFile?: string };

function failureText(data: Failed): string {
  const entry = place(data.entryFile ?? data.file);
  const isFile = data.file === data.name;
  const pattern = data.name.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`).replaceAll("'", ".");
  const only = isFile ? "" : ` --test-name-pattern='${pattern}'`;
  return [
    `FAIL ${isFile ? entry : data.name}`,
    `     ${place(data.file)}:${data.line ?? 1}`,
    indented(explain(data.details.error), "     "),
    `     again: npx node --test${only} ${entry}`,
    "",
  ].join("\n");
}

class Report {
  readonly summary: string[] = [];
  readonly #skipped: string[] = [];
  /** What each file printed: shown only if it fails. */
  readonly #printed = new Map<string, string>();
  passed = false;

  take(event: TestEvent): void {
    switch (event.type) {
      case "test:stdout":
      case "test:stderr":
        this.#printed.set(event.data.file, (this.#printed.get(event.data.file) ?? "") + event.data.message);
        break;
      case "test:fail":
        // A suite fails because a test in it did, and that one is printed.
        if (!event.data.details.error.message.includes("subtest")) console.log(failureText(event.data));
        break;
      case "test:pass":
        if (event.data.skip !== undefined || event.data.todo !== undefined)
          this.#skipped.push(`${event.data.name} (${place(event.data.file)})`);
        break;
      case "test:diagnostic":
        if (event.data.nesting === 0 && /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(event.data.message)) {
          this.summary.push(`# ${event.data.message}`);
        }
        break;
      case "test:summary":
        if (event.data.file === undefined) this.passed = event.data.success && event.data.counts.tests > 0;
        else this.#file(event.data.file, event.data);
        break;
      default:
        break;
    }
  }

  #file(file: string, { counts, duration_ms: durationMs, success }: EventData.TestSummary): void {
    console.log(`${success ? "ok  " : "FAIL"} ${place(file)} (${counts.passed}/${counts.tests}, ${(durationMs / 1000).toFixed(1)} s)`);
    if (success) this.#printed.delete(file);
  }

  /** What is left to say once every file has run. */
  close(): void {
    for (const [file, text] of this.#printed) console.log(`     ${place(file)} printed:\n${indented(text, "     | ")}`);
    if (this.#skipped.length > 0) console.log(`skipped:\n  ${this.#skipped.join("\n  ")}`);
  }
}

/** Resolves true if there were tests and all passed. `beforeSummary` prints what belongs above the last lines. */
export async function runTests(beforeSummary: () => void): Promise<boolean> {
  const found = globSync(patterns, { cwd: root, exclude: ["**/node_modules", "**/dist"] });
  keepCompiled();
  const events = run({
    files: found.map((file) => join(root, file)).sort(),
    cwd: root,
    execArgv: testProcess,
    concurrency: availableParallelism(),
    timeout: testMsMax,
    signal: AbortSignal.timeout(suiteMsMax),
  });
  const report = new Report();
  for await (const event of events as AsyncIterable<TestEvent>) report.take(event);
  report.close();
  beforeSummary();
  console.log(report.summary.join("\n"));
  return report.passed;
}
