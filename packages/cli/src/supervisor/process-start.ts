// What tells one process from a later one of the same pid.
import { readFileSync } from "node:fs";

/** When a living process started: ticks since the boot, and that boot. "" if there is none, or no way to know (only Linux has /proc). */
export function startOf(pid: number): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Behind the name, which is in parentheses and may hold any: the state is the 3rd field, the start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "" : `${boot}/${fields[19]}`;
  } catch {
    return "";
  }
}

/** Whether a process of this pid is there; one that has ended and that its parent has not asked about is not. */
export function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0) && (process.platform !== "linux" || startOf(pid) !== "");
  } catch {
    return false;
  }
}
