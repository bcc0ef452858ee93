// The processes of a system as somebody who means them ill sees them: who is there, who is stopped, and who is never to be left behind.
import { setTimeout as pause } from "node:timers/promises";
import { startOf } from "../../packages/cli/src/supervisor/process-start.ts";
import { Kill9Error } from "../kill9/victim.ts";
import type { AtollCommand } from "./atoll-command.ts";

/** For everything to be running once nobody harms it any more: a process may be at its pauses before the next start. */
const healedWithinMs = 60_000;
/** For processes to be gone once their supervisor is. */
const goneWithinMs = 5_000;
const pollMs = 250;

export interface Node {
  readonly service: string;
  readonly node: string;
  readonly pid: number;
}

export class Nodes {
  readonly #command: AtollCommand;
  /** Start of every process that was ever seen, by pid: a pid alone may be somebody else's by now. */
  readonly #seen = new Map<number, string>();
  readonly #paused = new Set<number>();

  constructor(command: AtollCommand) {
    this.#command = command;
  }

  /** Those that have a process and are not stopped. */
  async list(): Promise<readonly Node[]> {
    const there = (await this.#command.ps()).flatMap(({ service, node, pid }) => (pid === null ? [] : [{ service, node, pid }]));
    for (const { pid } of there) {
      const start = startOf(pid);
      if (start !== "") this.#seen.set(pid, start);
    }
    return there.filter(({ pid }) => !this.#paused.has(pid));
  }

  /** False: it has gone meanwhile. */
  signal(pid: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean {
    const start = this.#seen.get(pid);
    if (start === undefined || startOf(pid) !== start) return false;
    process.kill(pid, signal);
    if (signal === "SIGSTOP") this.#paused.add(pid);
    else this.#paused.delete(pid);
    return true;
  }

  /** Resolves when every service runs, and no node is on its way. Rejects with a `Kill9Error` if that does not come. */
  async healed(): Promise<void> {
    const endMs = performance.now() + healedWithinMs;
    for (;;) {
      const nodes = await this.#command.ps();
      const running = new Set(nodes.flatMap(({ service, state }) => (state === "running" ? [service] : [])));
      // One that was stopped because its service has fewer nodes now is as it should be.
      const not = nodes.filter(({ service, state }) => state !== "running" && !(state === "stopped" && running.has(service)));
      if (not.length === 0) return;
      const failed = not.find(({ state }) => state === "failed");
      if (failed) throw new Kill9Error(`${failed.node} has failed: ${failed.reason}`);
      if (performance.now() > endMs)
        throw new Kill9Error(`after ${healedWithinMs} ms of peace ${not.map(({ node, state }) => `${node} is ${state}`).join(", ")}`);
      await pause(pollMs);
    }
  }

  /** Resolves with those that are still there although their supervisor has gone. */
  async leftBehind(): Promise<readonly number[]> {
    const endMs = performance.now() + goneWithinMs;
    for (;;) {
      const left = [...this.#seen].flatMap(([pid, start]) => (startOf(pid) === start ? [pid] : []));
      if (left.length === 0 || performance.now() > endMs) return left;
      await pause(pollMs);
    }
  }
}
