// `npm run decisions`: the index in docs/adr/README.md lists the records beside it, their numbers have no gap, and every
// "ADR NNNN" in code or documentation leads to one. `--write` renews the index.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { replaceBetween, root } from "./generated.ts";

const page = join(root, "docs/adr/README.md");
const problems: string[] = [];

const files = globSync("docs/adr/[0-9]*.md", { cwd: root }).sort();
const rows = files.map((file, i) => {
  const text = readFileSync(join(root, file), "utf8");
  const title = /^# (\d{4}): (.+)$/m.exec(text);
  const status = /^Status: (.+)$/m.exec(text);
  const number = String(i + 1).padStart(4, "0");
  if (!basename(file).startsWith(`${number}-`)) problems.push(`${file}: the next number is ${number}`);
  if (title?.[1] !== basename(file).slice(0, 4)) problems.push(`${file}: begins with "# NNNN: the decision", with the number of its file`);
  if (status === null) problems.push(`${file}: has no line "Status: …"`);
  return `| [${title?.[1] ?? number}](${basename(file)}) | ${title?.[2] ?? ""} | ${status?.[1] ?? ""} |`;
});

const known = new Set(files.map((file) => basename(file).slice(0, 4)));
const readers = globSync(["{packages,examples,bench,scripts}/**/*.{ts,md}", "*.md", "docs/*.md"], {
  cwd: root,
  exclude: ["**/node_modules", "**/dist"],
});
for (const file of readers) {
  for (const [cited, number] of readFileSync(join(root, file), "utf8").matchAll(/\bADR (\d{4})\b/g)) {
    if (!known.has(number as string)) problems.push(`${file} cites ${cited}, which docs/adr does not hold`);
  }
}

const written = readFileSync(page, "utf8");
const renewed = replaceBetween(written, "decisions", ["| number | decision | status |", "|---|---|---|", ...rows].join("\n"), page);
if (process.argv.includes("--write")) writeFileSync(page, renewed);
else if (written !== renewed) problems.push("the index in docs/adr/README.md differs from its folder: npm run decisions -- --write");

for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
