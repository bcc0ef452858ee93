// `npm run layers`: the imports of the whole repository against the table of layers.ts, and ARCHITECTURE.md against the
// same table. `--write` renews the table in ARCHITECTURE.md.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { layerRules, layerTable } from "./layer-rules.ts";
import { packages, rooms } from "./layers.ts";
import { root, replaceBetween } from "./generated.ts";

const page = join(root, "ARCHITECTURE.md");
const problems: string[] = [];

const known = new Set(rooms.map((room) => room.folder));
for (const entry of readdirSync(join(root, "packages/core/src"), { withFileTypes: true })) {
  if (entry.isDirectory() && !known.has(entry.name)) problems.push(`packages/core/src/${entry.name} is no room of scripts/layers.ts`);
}
for (const entry of readdirSync(join(root, "packages"), { withFileTypes: true })) {
  if (entry.isDirectory() && !packages.some((owner) => owner.folder === `packages/${entry.name}`)) {
    problems.push(`packages/${entry.name} is no package of scripts/layers.ts`);
  }
}

const written = readFileSync(page, "utf8");
const renewed = replaceBetween(written, "layers", layerTable(), page);
if (process.argv.includes("--write")) writeFileSync(page, renewed);
else if (written !== renewed) problems.push("the table in ARCHITECTURE.md differs from scripts/layers.ts: npm run layers -- --write");

const start = ["packages", "examples", "bench", "scripts"].filter((folder) => existsSync(join(root, folder)));
const { output } = await cruise(
  start,
  {
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: layerRules() },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^packages/[^/]+/dist/" },
    tsPreCompilationDeps: true,
    parser: "tsc",
  },
  { exportsFields: ["exports"], conditionNames: ["import", "node"], extensions: [".ts", ".js", ".mjs", ".cjs", ".json", ".d.ts"] },
);
const { modules, summary } = output as ICruiseResult;
for (const { rule, from, to, cycle } of summary.violations) {
  const way = cycle === undefined || cycle.length === 0 ? to : cycle.map((step) => step.name).join(" → ");
  const comment = summary.ruleSetUsed?.forbidden?.find((candidate) => candidate.name === rule.name)?.comment ?? "";
  problems.push(`${rule.name}: ${from} → ${way}\n    ${comment}`);
}
// A cruise that cannot read TypeScript finds files without imports and calls them clean.
if ((summary.totalDependenciesCruised ?? 0) < modules.length / 2)
  problems.push(`only ${summary.totalDependenciesCruised} imports found in ${modules.length} files`);

for (const problem of problems) console.error(problem);
console.log(`layers: ${modules.length} modules, ${summary.totalDependenciesCruised} imports, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
