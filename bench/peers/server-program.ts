// A server that a peer needs, as a program of its own: started, waited for, and ended with the process that started it. What it
// kept is thrown away, so it is killed rather than asked.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { CannotRun } from "./peer-process.ts";

/** How long a server may take until it is ready (ms). */
const readyWithinMs = 60_000;
const lookAgainMs = 50;
/** How much of what it says is kept (characters), to explain a server that ends. */
const saidMax = 4_000;

export interface ServerProgram {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: { readonly [name: string]: string };
  readonly uid?: number;
  readonly gid?: number;
  /** Ends it and all its processes at once. */
  readonly killedBy: "SIGKILL" | "SIGQUIT";
}

export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #killedBy: NodeJS.Signals;
  readonly #atExit = (): void => this.#kill();
  #said = "";
  #ended: string | undefined;

  constructor({ program, args, killedBy, env = {}, ...options }: ServerProgram) {
    this.#name = basename(program);
    this.#killedBy = killedBy;
    this.#child = spawn(program, args, { ...options, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#said = (this.#said + text).slice(-saidMax)));
    }
    this.#child.once("error", ({ message }) => (this.#ended ??= message));
    this.#child.once("close", (code, signal) => (this.#ended ??= `it ended with ${signal ?? `code ${code}`}`));
    process.once("exit", this.#atExit);
  }

  /** Rejects with `CannotRun` if it ends, or is not ready in time; the server is then gone. */
  async ready(isReady: (said: string) => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + readyWithinMs;
    while (!(await isReady(this.#said))) {
      if (this.#ended !== undefined) throw new CannotRun(`${this.#name}: ${this.#ended}${this.#lastWords()}`);
      if (performance.now() > endMs) {
        await this[Symbol.asyncDispose]();
        throw new CannotRun(`${this.#name} was not ready within ${readyWithinMs} ms${this.#lastWords()}`);
      }
      await pause(lookAgainMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.#atExit);
    if (this.#ended !== undefined) return;
    const closed = once(this.#child, "close");
    this.#kill();
    await closed;
  }

  #kill(): void {
    this.#child.kill(this.#killedBy);
  }

  #lastWords(): string {
    const line = this.#said.trim().split("\n").at(-1) ?? "";
    return line === "" ? "" : `, saying: ${line.trim()}`;
  }
}
