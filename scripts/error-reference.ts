// `npm run errors`: docs/errors.md is what base/failure.ts says, in alphabetical order. Without a flag it compares, with
// `--write` it renews the page.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failures } from "../packages/core/src/base/failure.ts";
import { replaceBetween, root } from "./generated.ts";

const page = join(root, "docs/errors.md");
const entries = Object.entries(failures).sort(([a], [b]) => (a < b ? -1 : 1));
const text = [
  "| code | outcome | retry |",
  "|---|---|---|",
  ...entries.map(([code, { outcome, retry }]) => `| [${code}](#${code.toLowerCase()}) | ${outcome} | ${retry} |`),
  ...entries.flatMap(([code, { title, outcome, retry, help }]) => [
    "",
    `### ${code}`,
    "",
    `${title}. Outcome: ${outcome}. Retry: ${retry}.`,
    "",
    help,
  ]),
].join("\n");

const written = readFileSync(page, "utf8");
const renewed = replaceBetween(written, "failures", text, page);
if (process.argv.includes("--write")) {
  writeFileSync(page, renewed);
} else if (written !== renewed) {
  console.error("docs/errors.md differs from packages/core/src/base/failure.ts: npm run errors -- --write");
  process.exitCode = 1;
}
