// From a path on the command line to the one system that the file exports. The file is somebody's program: whatever goes
// wrong while it is loaded is told with its own places, without the stack of the loader and of this command.
import type { System } from "@atoll/core";
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createRequire, findPackageJSON } from "node:module";
import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { CommandError, systemReason } from "./command-error.ts";

export type Start = (typeof import("@atoll/core"))["start"];

export interface SystemFile {
  readonly system: System;
  /** Of the same copy of @atoll/core as the file's own: another one would not know its failures. */
  readonly start: Start;
  /** For `start`, of the same copy as well; undefined where that copy has none. */
  readonly threads: Threads | undefined;
}

type Sqlite = typeof import("@atoll/core/journal/sqlite");
type Threads = InstanceType<Sqlite["ReadyThreads"]>;

/** Most systems have a gateway, and a service that keeps state: each has a log. */
const threadsAhead = 2;

const here = new URL(".", import.meta.url).href;
const extensions = [".ts", ".js", ".mts", ".mjs"] as const;

/** `file` is relative to the current folder. `threads`: how many to start ahead. Fails with a `CommandError`. */
export async function loadSystem(file: string, threadCount = threadsAhead): Promise<SystemFile> {
  const path = resolve(file);
  checkFile(file, path);
  const { ReadyThreads }: Partial<Sqlite> = threadCount === 0 ? {} : await coreOf<Sqlite>(path, "@atoll/core/journal/sqlite");
  const threads = ReadyThreads && new ReadyThreads(threadCount); // they start while the file is loaded
  try {
    const system = onlySystem(file, await load(file, path));
    const { start } = await coreOf<{ readonly start: Start }>(path, "@atoll/core");
    return { system, start, threads };
  } catch (error) {
    threads?.[Symbol.dispose]();
    throw error;
  }
}

function checkFile(file: string, path: string): void {
  let stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT")
      throw new CommandError(`${file} cannot be read: ${systemReason(cause)}`, { cause });
    const meant = extensions.find((extension) => existsSync(path + extension));
    throw new CommandError(`there is no file ${file}${meant === undefined ? ` (looked for ${path})` : `; did you mean ${file}${meant}?`}`);
  }
  if (stats.isDirectory()) throw new CommandError(`${file} is a directory: name the file in it that exports the system`);
  const extension = extname(path);
  if (extensions.some((known) => known === extension)) return;
  throw new CommandError(`${file} is not a program: a system is exported by a file that ends in ${extensions.join(", ")}`);
}

async function load(file: string, path: string): Promise<object> {
  const stuck = (): void => {
    process.stderr.write(`atoll: ${file} was never loaded to its end: an await at its top level waits for something that cannot come\n`);
    process.exit(1);
  };
  process.once("beforeExit", stuck);
  try {
    return (await import(pathToFileURL(path).href)) as object;
  } catch (cause) {
    throw new CommandError(`${file} cannot be loaded\n${whatAndWhere(cause, path)}`, { cause });
  } finally {
    process.off("beforeExit", stuck);
  }
}

/** The error and its places in the user's own package, indented. */
function whatAndWhere(error: unknown, path: string): string {
  if (!(error instanceof Error)) return `  it threw ${inspect(error, { depth: 2 })}`;
  const [head, ...rest] = (error.stack ?? "").split("\n    at ");
  const isOwn = (frame: string): boolean => frame.includes(packageUrl(path)) && !frame.includes("/node_modules/") && !frame.includes(here);
  const frames = rest.filter(isOwn).slice(0, 5);
  // Node puts line and text in front of the stack of most syntax errors, but keeps those of plain JavaScript to itself.
  const placed = /^(file:\/\/)?\/.*:\d+\n/.test(head ?? "");
  const what = placed ? String(head) : (syntaxErrorPlace(error, path) ?? `${error.name}: ${error.message}`);
  return [...what.trim().split("\n"), ...frames.map((frame) => `    at ${frame.trimEnd()}`)]
    .map((line) => `  ${line.replaceAll("file://", "")}`.trimEnd())
    .join("\n");
}

function syntaxErrorPlace(error: Error, path: string): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const { status, stderr } = spawnSync(process.execPath, ["--check", path], { encoding: "utf8", timeout: 5_000 });
  // It may be another error: the check does not look into what the file imports.
  return status !== 0 && stderr.includes(error.message) ? stderr.split("\n    at ")[0] : undefined;
}

function packageUrl(path: string): string {
  const manifest = findPackageJSON(pathToFileURL(path));
  return pathToFileURL(manifest === undefined ? dirname(path) : dirname(manifest)).href;
}

function onlySystem(file: string, exported: object): System {
  const values = Object.entries(exported).filter(([name]) => name !== "module.exports"); // CommonJS
  const systems = new Map<System, string>();
  for (const [name, value] of values) if (isSystem(value) && !systems.has(value)) systems.set(value, name);
  const [only, ...more] = systems.keys();
  if (only && more.length === 0) return only;
  if (!only) {
    const listed = values.map(([name, value]) => `${name} (${kindOf(value)})`).join(", ");
    throw new CommandError(`${file} exports no system, but ${listed === "" ? "nothing" : listed}. Export what system(…) returned.`);
  }
  throw new CommandError(
    `${file} exports ${systems.size} systems: ${[...systems.values()].join(", ")}. Only one can be run: give each a file of its own.`,
  );
}

const isObject = (value: unknown): value is { readonly [member: string]: unknown } => typeof value === "object" && value !== null;
const isSystem = (value: unknown): value is System & { readonly [member: string]: unknown } =>
  isObject(value) && value["kind"] === "system" && typeof value["name"] === "string" && Array.isArray(value["services"]);

function kindOf(value: unknown): string {
  if (!isObject(value)) return typeof value;
  if (typeof value["kind"] === "string") return value["kind"];
  return "$" in value ? "contract" : "object";
}

/** What joins the processes of a system, of the copy of the core that its file uses. */
export async function ringParts(file: string): Promise<{
  readonly helloOf: (typeof import("@atoll/core/ring"))["helloOf"];
  readonly ring: (typeof import("@atoll/core/ring"))["ring"];
  readonly SocketTransport: (typeof import("@atoll/core/transport/socket"))["SocketTransport"];
}> {
  const path = resolve(file);
  const [{ helloOf, ring }, { SocketTransport }] = await Promise.all([
    coreOf<typeof import("@atoll/core/ring")>(path, "@atoll/core/ring"),
    coreOf<typeof import("@atoll/core/transport/socket")>(path, "@atoll/core/transport/socket"),
  ]);
  return { helloOf, ring, SocketTransport };
}

type CorePart = "@atoll/core" | "@atoll/core/journal/sqlite" | "@atoll/core/ring" | "@atoll/core/transport/socket";

/** A part of the core, of the copy that the file uses. */
async function coreOf<T>(path: string, part: CorePart): Promise<T> {
  let own: string;
  try {
    own = pathToFileURL(createRequire(path).resolve(part)).href;
  } catch {
    own = import.meta.resolve(part); // the file got its system in another way: ours will do
  }
  return (await import(own)) as T;
}
