// Sizes and syncs of files and directories, for what SQLite does not do itself.
import { closeSync, fsyncSync, openSync, statSync } from "node:fs";

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
