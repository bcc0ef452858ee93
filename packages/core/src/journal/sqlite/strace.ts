// The tool with which tests make system calls of a process fail. A test that needs it fails where it is missing, and says
// how to install it: what it tests is not covered by anything else.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";

let present: Promise<boolean> | undefined;

/** The command before the command: follows threads, says nothing itself. */
export async function strace(options: readonly string[]): Promise<readonly string[]> {
  present ??= new Promise((resolve) => {
    const probe = spawn("strace", ["-V"], { stdio: "ignore" });
    probe.on("error", () => resolve(false));
    probe.on("close", (code) => resolve(code === 0));
  });
  assert(await present, "this test makes system calls fail with strace, which is missing: sudo apt-get install strace");
  return ["strace", "-f", "-qqq", "-o", "/dev/null", ...options];
}
