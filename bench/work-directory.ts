// Where benchmarks write: a folder on a disk. A file system in memory would make every sync free and every figure about
// durability worthless, so one is never taken.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));
/** `statfs` types of tmpfs and ramfs. */
const inMemory: ReadonlySet<number> = new Set([0x0102_1994, 0x8584_58f6]);

/** Outlives the run, for what is costly to make and the same every time. */
function cacheDirectory(): string {
  const base = [tmpdir(), "/var/tmp", repository].find((path) => existsSync(path) && !inMemory.has(statfsSync(path).type));
  assert(base !== undefined, "no folder on a disk: set TMPDIR to one");
  const directory = join(base, "atoll-bench");
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** An empty folder of this process's own. Those of processes that died without clearing up are removed. */
export function newWorkDirectory(): string {
  const parent = cacheDirectory();
  for (const name of readdirSync(parent)) {
    const pid = /^run-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) removeDirectory(join(parent, name));
  }
  return mkdtempSync(join(parent, `run-${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // there is one, of somebody else
  }
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * A folder that `make` fills once, for all runs with the same `name` and the same `sources`: files that decide what is in
 * it. Nobody may change it; copy it.
 */
export async function cachedDirectory(name: string, sources: readonly URL[], make: (directory: string) => Promise<void>): Promise<string> {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(source));
  const parent = cacheDirectory();
  const directory = join(parent, `${name}-${hash.digest("hex").slice(0, 12)}`);
  if (existsSync(directory)) return directory;
  for (const older of readdirSync(parent)) {
    if (older.startsWith(`${name}-`)) removeDirectory(join(parent, older)); // of sources that have changed since
  }
  const unfinished = newWorkDirectory();
  await make(unfinished);
  renameSync(unfinished, directory);
  return directory;
}

/** Copies a folder of files and folders, and waits until it is on the disk: nothing of it is written back later. */
export function copyDirectory(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      copyDirectory(join(from, entry.name), target);
      continue;
    }
    copyFileSync(join(from, entry.name), target, constants.COPYFILE_FICLONE);
    syncFile(target);
  }
}

/** Bytes of all files below `directory`, as they say of themselves. */
export function bytesBelow(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    bytes += entry.isDirectory() ? bytesBelow(path) : statSync(path).size;
  }
  return bytes;
}

function syncFile(path: string): void {
  const file = openSync(path, "r+");
  fsyncSync(file);
  closeSync(file);
}
