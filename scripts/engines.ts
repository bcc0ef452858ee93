// Sees to the programs that the `.os.test.ts` tests drive and that npm cannot bring. As root on Debian it installs what
// is missing; anywhere else it fails with the command to type, because a silently skipped test proves nothing.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Program, Debian package that holds it, and what a test needs it for. */
const engines = [
  { program: "strace", debian: "strace", needed: "makes a disk answer EIO on sync" },
  { program: "mount", debian: "mount", needed: "gives a journal a disk that is full" },
] as const;

const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];

function isInstalled(program: string): boolean {
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const missing = (): readonly (typeof engines)[number][] => engines.filter(({ program }) => !isInstalled(program));

function apt(...args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync("apt-get", args, {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (status !== 0) console.error(`apt-get ${args.join(" ")} failed: ${error?.message ?? stdout + stderr}`);
}

const wanted = missing();
if (wanted.length > 0 && process.getuid?.() === 0 && isInstalled("apt-get")) {
  apt("update", "-qq");
  apt("install", "-y", "-qq", "--no-install-recommends", ...new Set(wanted.map(({ debian }) => debian)));
}
const absent = missing();
for (const { program, needed } of absent) console.error(`${program} is missing: a test ${needed} with it.`);
if (absent.length > 0) {
  console.error(`Install: sudo apt-get update && sudo apt-get install -y ${[...new Set(absent.map(({ debian }) => debian))].join(" ")}`);
  process.exitCode = 1;
}
