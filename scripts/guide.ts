// `npm run guide`: every piece of code in docs/guide is what the file that it is quoted from says, and those files are compiled and
// run by the tests. Without a flag it compares, with `--write` it renews the pages.
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renewed } from "./guide/quotes.ts";
import { root } from "./generated.ts";

const read = (file: string): string | undefined => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : undefined);

for (const file of globSync("docs/guide/*.md", { cwd: root }).sort()) {
  const written = readFileSync(join(root, file), "utf8");
  const { page, problems } = renewed(written, read);
  for (const problem of problems) console.error(`${file}: ${problem}`);
  const stale = page !== written;
  if (stale && process.argv.includes("--write")) writeFileSync(join(root, file), page);
  else if (stale) console.error(`${file} differs from the files it quotes: npm run guide -- --write`);
  if (problems.length > 0 || (stale && !process.argv.includes("--write"))) process.exitCode = 1;
}
