// Sizes and syncs of files and directories, for what SQLite does not do itself.
import { closeSync, existsSync, fsyncSync, openSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { systemCodeOf } from "./sqlite-error.ts";

/** Bytes; 0 also for a file that is not there. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** An entry of a directory is durable when the directory is. Windows knows no such thing. */
export function syncDirectory(directory: string): void {
  if (process.platform !== "win32") syncFile(directory);
}

/** Never of a database that is open here: closing a file drops every lock the process holds on it. */
export function syncFile(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Durable: a power failure does not take the directory away from under a log. One level at a time, because the recursive
 * form never returns on a file system that refuses with ENOENT (/proc). Rejects with the system's own error.
 */
export async function makeDirectory(directory: string): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(directory); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const made of missing) {
    await mkdir(made).catch((error: unknown) => {
      if (systemCodeOf(error) !== "EEXIST") throw error; // another service or process was faster
    });
    syncDirectory(dirname(made));
  }
}
