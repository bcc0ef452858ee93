// What npm puts on the disk for the hello example: every package it needs, by the bytes its files say they have. Our own
// packages count as they are published if they have been built (`npm run build`), else their sources without tests.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Row, sampleOf } from "./measure.ts";
import { bytesBelow } from "./work-directory.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const bytesMax = 10_000_000;
/** What it imports, and what runs it. */
const wanted = ["examples/hello", "packages/cli"];

export function measureSize(): Promise<readonly Row[]> {
  const sizes = new Map<string, number>();
  for (const folder of wanted) addPackage(join(root, folder), sizes);
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const details = Object.fromEntries([...sizes].map(([name, size]) => [`${name}_bytes`, size]));
  const form = existsSync(join(root, "packages/core/dist")) ? "built" : "sources";
  const row: Row = {
    name: `installed for hello, ${form}`,
    unit: "B",
    ours: sampleOf([bytes]),
    bare: [],
    aim: { kind: "at-most", value: bytesMax },
    details,
  };
  return Promise.resolve([row]);
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: { readonly [name: string]: string };
}

function addPackage(folder: string, sizes: Map<string, number>): void {
  const { name, dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  if (sizes.has(name)) return;
  sizes.set(name, name.startsWith("@atoll/") ? ownBytes(folder) : bytesBelow(folder));
  for (const dependency of Object.keys(dependencies)) addPackage(folderOf(dependency, folder), sizes);
}

/** Where Node finds `name` from `folder`. */
function folderOf(name: string, folder: string): string {
  const places = createRequire(join(folder, "package.json")).resolve.paths(name) ?? [];
  const place = places.find((candidate) => existsSync(join(candidate, name, "package.json")));
  return join(place ?? join(dirname(folder), "not installed"), name);
}

function ownBytes(folder: string): number {
  const dist = join(folder, "dist");
  return existsSync(dist) ? bytesBelow(dist) : sourceBytes(folder);
}

function sourceBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += ["node_modules", "test", "tck"].includes(entry.name) ? 0 : sourceBytes(path);
    else if (!/\.test\.ts$|-under-test\.ts$/.test(entry.name)) bytes += statSync(path).size;
  }
  return bytes;
}
