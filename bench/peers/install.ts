// Peers are no workspace: `npm ci` of the repository does not bring them, and nothing but `npm run bench -- --peers` needs
// them. They are installed on first use into this folder, by the lock file that stands here.
//   I1 What the lock file says is installed: no registry is asked.
//   I2 Whatever keeps them from being installed is a reason for people, never an exception.
//   I3 No script of theirs is run: some of their packages would report to their makers.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export type Installation =
  | { readonly kind: "not-asked-for" }
  | { readonly kind: "installed" }
  | { readonly kind: "missing"; readonly why: string };

/** As long as npm may take (ms): some 240 MB over a slow line. */
const installWithinMs = 600_000;
const npmArguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
/** One more try, soon: whoever is offline does not wait for a minute to be told. */
const retryArguments = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"];
/** What npm says when the registry is not there. */
const unreachable = /\b(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/;

/** `folder` holds package.json and package-lock.json. */
export async function installPeers(folder: string = fileURLToPath(new URL(".", import.meta.url))): Promise<Installation> {
  const wanted = createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .digest("hex");
  const mark = join(folder, "node_modules", ".installed");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return { kind: "installed" };
  console.error("installing peers, once, some 240 MB");
  const problem = await npmCi(folder);
  if (problem !== undefined) return { kind: "missing", why: `${problem} (npm ci in ${relative(process.cwd(), folder) || "."})` };
  writeFileSync(mark, wanted); // npm ci begins by removing it: it never stands beside half an installation
  return { kind: "installed" };
}

/** Undefined if it went well. */
async function npmCi(cwd: string): Promise<string | undefined> {
  // A shell on Windows only, where npm is a script for one.
  const child = spawn("npm", [...npmArguments, ...retryArguments], {
    cwd,
    shell: process.platform === "win32",
    stdio: ["ignore", "ignore", "pipe"],
    signal: AbortSignal.timeout(installWithinMs),
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const code = await new Promise<number | string | null>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", resolve);
  });
  if (code === 0) return undefined;
  if (typeof code === "string") return `npm cannot be run: ${code}`;
  const [, reason] = unreachable.exec(said) ?? [];
  if (reason !== undefined) return `the npm registry cannot be reached (${reason})`;
  return `npm failed: ${/^npm (?:error|ERR!) (?!code )(.+)$/m.exec(said)?.[1] ?? `code ${code}`}`;
}
