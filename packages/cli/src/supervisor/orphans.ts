// Which processes a supervisor has started, in a file of the data directory: should it be killed while one of them hangs, and so does not
// notice where the kernel does not end it (ending-with-parent.ts), the next supervisor ends that one. A pid alone proves nothing, it may be somebody else's by now: a process is known by its
// pid, the moment at which it started and the boot of the machine. Only whoever holds the lock of the directory reads or writes here.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startOf } from "./process-start.ts";

interface StartedProcess {
  readonly pid: number;
  /** "" where the system does not say: then it is never ended. */
  readonly started: string;
}

/** As long as the kernel may take to bury what was killed. */
const buriedWithinMs = 5_000;
const pollMs = 10;

const fileIn = (data: string): string => join(data, "processes.json");

/** Writes down who is there now. */
export function recordProcesses(data: string, pids: readonly number[]): void {
  const file = fileIn(data);
  const processes: readonly StartedProcess[] = pids.map((pid) => ({ pid, started: startOf(pid) }));
  writeFileSync(`${file}.new`, `${JSON.stringify(processes)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export const forgetProcesses = (data: string): void => rmSync(fileIn(data), { force: true });

/** Ends what a former supervisor of the directory has left. Resolves with the pids, once they are gone. */
export async function endOrphans(data: string): Promise<readonly number[]> {
  const orphans = recorded(data).filter(isThere);
  for (const { pid } of orphans) kill(pid);
  for (let waitedMs = 0; waitedMs < buriedWithinMs && orphans.some(isThere); waitedMs += pollMs) await pause(pollMs);
  forgetProcesses(data);
  return orphans.map(({ pid }) => pid);
}

const isThere = ({ pid, started }: StartedProcess): boolean => started !== "" && startOf(pid) === started;

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL"); // also where it is stopped
  } catch {
    // it has gone meanwhile
  }
}

function recorded(data: string): readonly StartedProcess[] {
  try {
    const list = JSON.parse(readFileSync(fileIn(data), "utf8")) as readonly Partial<StartedProcess>[];
    return list.flatMap(({ pid, started }) =>
      Number.isSafeInteger(pid) && (pid as number) > 1 && typeof started === "string" ? [{ pid: pid as number, started }] : [],
    );
  } catch {
    return []; // none, or half a one: a process that hangs holds its log, which whoever wants it is told
  }
}
