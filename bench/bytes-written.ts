// What the kernel says a process has sent towards a disk.
import { existsSync, readFileSync } from "node:fs";

const account = "/proc/self/io";

/** Bytes of this process and its threads so far, whole pages; undefined where the kernel keeps no such account. */
export function bytesWritten(): number | undefined {
  if (!existsSync(account)) return undefined;
  const bytes = /^write_bytes: (\d+)$/m.exec(readFileSync(account, "utf8"))?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}
