// Another state of the repository beside this one, for `--against`: its packages and examples, measured by the benches of
// today. Benchmarks that use what the other state does not have yet fail there, and say so.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { git } from "./machine.ts";
import { newWorkDirectory, removeDirectory } from "./work-directory.ts";

export interface OtherRevision extends Disposable {
  /** Its bench folder. */
  readonly bench: URL;
  /** Abbreviated commit. */
  readonly commit: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** Throws what git says of a revision that does not exist. */
export function checkOut(revision: string): OtherRevision {
  const commit = git("rev-parse", "--verify", "--short", `${revision}^{commit}`);
  const directory = newWorkDirectory();
  const archive = join(directory, "archive.tar");
  writeFileSync(archive, execFileSync("git", ["archive", commit], { cwd: root, maxBuffer: 2 ** 30 }));
  execFileSync("tar", ["-xf", archive, "-C", directory]);
  const bench = join(directory, "bench");
  removeDirectory(bench);
  cpSync(join(root, "bench"), bench, { recursive: true, filter: (path) => basename(path) !== "node_modules" });
  linkModules(join(root, "node_modules"), join(directory, "node_modules"));
  return {
    commit,
    bench: pathToFileURL(`${bench}/`),
    [Symbol.dispose]: () => removeDirectory(directory),
  };
}

/** The installed libraries of this state; the packages of the repository are those of the other one. */
function linkModules(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (name !== "@atoll") {
      symlinkSync(join(from, name), join(to, name));
      continue;
    }
    mkdirSync(join(to, name));
    for (const workspace of readdirSync(join(from, name))) {
      symlinkSync(readlinkSync(join(from, name, workspace)), join(to, name, workspace)); // relative: to the folder over there
    }
  }
}
