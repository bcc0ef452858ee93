// The command as a real process, seen from outside: arguments, output, signals, exit code.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

export const launcher = fileURLToPath(new URL("../src/atoll.js", import.meta.url));
export const exampleHello = fileURLToPath(new URL("../../../examples/hello/hello.ts", import.meta.url));
export const systemFile = (name: string): string => fileURLToPath(new URL(`./systems/${name}.ts`, import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AtollOptions {
  readonly cwd?: string;
  readonly env?: { readonly [name: string]: string };
  /** For Node itself. */
  readonly execArgv?: readonly string[];
}

export class AtollProcess implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";
  #heard = Promise.withResolvers<void>();
  #over = false;

  constructor(args: readonly string[], { cwd, env, execArgv = [] }: AtollOptions = {}) {
    const { PORT: _, NODE_ENV: __, ...inherited } = process.env;
    const child = spawn(process.execPath, [...execArgv, launcher, ...args], {
      cwd,
      env: { ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.#hear(() => (this.#stdout += text)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.#hear(() => (this.#stderr += text)));
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        this.#hear(() => (this.#over = true));
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with the first match in what it printed on standard output. Rejects, with all it printed, if it ended before. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match) return match;
      if (this.#over) throw new Error(`it ended without printing ${pattern}:\n${this.#stdout}${this.#stderr}`);
      await this.#heard.promise;
    }
  }

  /** Resolves with the gateway's address once the system runs. */
  async url(): Promise<string> {
    const [address] = await this.prints(/http:\/\/127\.0\.0\.1:\d+(?=\n)/);
    await this.prints(/stop .*\n/);
    return address;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<Ended> {
    this.kill("SIGTERM");
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended;
  }

  #hear(take: () => void): void {
    take();
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }
}

/** Runs a command to its end. */
export async function atoll(args: readonly string[], options?: AtollOptions): Promise<Ended> {
  await using running = new AtollProcess(args, options);
  return await running.ended;
}

/** The lines of standard error that are not log entries: what a person is told. */
export const told = ({ stderr }: Ended): string => stderr.replaceAll(/^\{.*\n/gm, "");

/** What it printed with --json, and nothing else. */
export async function jsonOf<T>(ending: Promise<Ended>): Promise<T> {
  const { code, stdout, stderr } = await ending;
  assert.deepEqual([code, stderr], [0, ""]);
  return JSON.parse(stdout) as T;
}

/** It ended with `code`, said why, and printed nothing on standard output. */
export async function refused(ending: Promise<Ended>, code: 1 | 2, pattern: RegExp): Promise<void> {
  const ended = await ending;
  assert.match(told(ended), pattern);
  assert.deepEqual([ended.code, ended.stdout], [code, ""]);
}
