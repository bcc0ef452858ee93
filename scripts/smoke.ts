// The built packages as a user gets them: packed, installed into an empty folder, imported by every published subpath,
// and the hello example run from there on the Node that runs this script, killed, and run again on the same data.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./generated.ts";

/** What a user pays in disk space for the hello example. */
const installedBytesMax = 10_000_000;
const startMsMax = 20_000;

class SmokeError extends Error {
  override readonly name = "SmokeError";
}

function check(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new SmokeError(otherwise);
}

function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], { cwd, encoding: "utf8" });
  check(status === 0, `npm ${args.join(" ")} failed:\n${stdout}${stderr}`);
  return stdout;
}

/** Packages that the hello example does without: nobody pays for what they bring who does not ask for them. */
const apart: ReadonlySet<string> = new Set(["@atoll/read-model"]);
const isApart = (dist: string): boolean =>
  apart.has((JSON.parse(readFileSync(join(dist, "package.json"), "utf8")) as { readonly name: string }).name);

function install(dists: readonly string[], folder: string): void {
  const tarballs = dists.map((dist) => {
    const packed = JSON.parse(npm(["pack", "--json", "--pack-destination", folder], dist)) as readonly { readonly filename: string }[];
    return packed.map(({ filename }) => join(folder, filename));
  });
  const { dependencies } = JSON.parse(readFileSync(join(root, "examples/hello/package.json"), "utf8")) as {
    readonly dependencies: { readonly [name: string]: string };
  };
  const libraries = Object.entries(dependencies).filter(([name]) => !name.startsWith("@atoll/"));
  // --ignore-scripts: nothing of ours may need a build step on the user's machine.
  npm(
    ["install", "--ignore-scripts", "--prefer-offline", ...tarballs.flat(), ...libraries.map(([name, range]) => `${name}@${range}`)],
    folder,
  );
}

/** Files that an install brought, without directories; what `du --apparent-size` would add up. */
function measure(folder: string): number {
  const files = globSync("node_modules/**/*", { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  const native = files.find((entry) => entry.name.endsWith(".node"));
  check(native === undefined, `${native?.parentPath}/${native?.name} is a native module`);
  return files.reduce((bytes, entry) => bytes + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function importEverything(dists: readonly string[], folder: string): void {
  const subpaths = dists.flatMap((dist) => {
    const { name, exports } = JSON.parse(readFileSync(join(dist, "package.json"), "utf8")) as {
      readonly name: string;
      readonly exports?: object;
    };
    return Object.keys(exports ?? {}).map((subpath) => name + subpath.slice(1));
  });
  const program = `for (const name of ${JSON.stringify(subpaths)}) await import(name);`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: folder, encoding: "utf8" });
  check(status === 0, `importing ${subpaths.join(", ")} failed:\n${stderr}`);
}

/** The example compiles against the published declarations alone, and they have no error of their own. */
function compile(folder: string): void {
  const options = [
    "--noEmit",
    "--strict",
    "--exactOptionalPropertyTypes",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--skipLibCheck",
    "false",
  ];
  const types = ["--lib", "es2024,esnext.disposable,dom", "--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), [...options, ...types, "hello.ts"], {
    cwd: folder,
    encoding: "utf8",
  });
  check(status === 0, `hello.ts does not compile against the published packages:\n${stdout}`);
}

/** Resolves with the address that the command prints. */
async function start(folder: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const command = ["node_modules/@atoll/cli/atoll.js", "run", "hello.ts", "--port", "0", "--data", "data"];
  const child = spawn(process.execPath, command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString("utf8")));
  const late = setTimeout(() => child.kill("SIGKILL"), startMsMax);
  for await (const line of createInterface({ input: child.stdout })) {
    printed += `${line}\n`;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url === undefined) continue;
    clearTimeout(late);
    child.stdout.resume();
    return { child, url };
  }
  throw new SmokeError(`hello ended, or printed no address within ${startMsMax} ms:\n${printed}`);
}

async function total(request: Promise<Response>): Promise<number> {
  const response = await request;
  check(response.ok, `hello answered ${response.status}: ${await response.clone().text()}`);
  return ((await response.json()) as { readonly total: number }).total;
}

export async function smoke(dists: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "atoll-smoke-"));
  let child: ChildProcess | undefined;
  try {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    install(
      dists.filter((dist) => !isApart(dist)),
      folder,
    );
    const bytes = measure(folder);
    install(dists.filter(isApart), folder);
    importEverything(dists, folder);
    copyFileSync(join(root, "examples/hello/hello.ts"), join(folder, "hello.ts"));
    compile(folder);

    const first = await start(folder);
    child = first.child;
    const body = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ by: 2 }) };
    check((await total(fetch(`${first.url}/counters/smoke`, body))) === 2, "hello did not count to 2");
    child.kill("SIGKILL");
    await once(child, "exit");

    const second = await start(folder);
    child = second.child;
    check((await total(fetch(`${second.url}/counters/smoke`))) === 2, "hello forgot its count when it was killed");
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number | null];
    check(code === 0, `hello ended with ${code} after SIGTERM`);

    check(
      bytes <= installedBytesMax,
      `hello needs ${(bytes / 1e6).toFixed(1)} MB installed, at most ${installedBytesMax / 1e6} are promised`,
    );
    console.log(`ok  smoke: installed ${(bytes / 1e6).toFixed(1)} MB, counted, killed, remembered`);
  } catch (error) {
    if (!(error instanceof SmokeError)) throw error;
    console.error(`smoke: ${error.message}`);
    process.exitCode = 1;
  } finally {
    child?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
