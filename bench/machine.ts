// What the figures were taken on, and of which state of the repository.
import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly sqlite: string;
  /** Processes that wanted a core in the minute before: what others did to the figures. */
  readonly load: number;
}

export function machine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model ?? process.arch,
    cores: cores.length,
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()}`,
    node: process.version,
    sqlite: process.versions["sqlite"] ?? "",
    load: loadavg()[0] ?? 0,
  };
}

export interface Revision {
  /** Abbreviated commit. */
  readonly commit: string;
  /** There are changes that no commit has. */
  readonly dirty: boolean;
}

export function revision(): Revision {
  return { commit: git("rev-parse", "--short", "HEAD"), dirty: git("status", "--porcelain", "--", "packages", "examples") !== "" };
}

/** What git answers in the repository. */
export function git(...args: readonly string[]): string {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  return execFileSync("git", args, { cwd, encoding: "utf8", maxBuffer: 2 ** 26 }).trim();
}
