// The system that is killed: a real process, started again and again on the same data.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** To recover and print its address. */
const startMsMax = 60_000;
const logCharactersMax = 8_000;

export class Kill9Error extends Error {
  override readonly name = "Kill9Error";
}

export class Victim {
  readonly #command: readonly string[];
  readonly #heard: (line: string) => void;
  #child: ChildProcess | undefined;
  #log = "";
  #up = Promise.withResolvers<string>();
  #isUp = false;
  /** How often it was killed. */
  kills = 0;

  /** `command`: a script and its arguments; it must print the address at which it listens, and take `--port`. `heard`: what it prints. */
  constructor(command: readonly string[], heard: (line: string) => void = () => {}) {
    this.#command = command;
    this.#heard = heard;
  }

  /** Resolves with its address once it listens; after a kill, once it listens again. */
  get up(): Promise<string> {
    return this.#up.promise;
  }

  /** Resolves when the process exists, long before it listens. */
  async spawn(): Promise<void> {
    // Detached: it leads a group of processes, which `destroy` ends as one.
    const child = spawn(process.execPath, [...this.#command, "--port", "0"], { stdio: ["ignore", "pipe", "pipe"], detached: true });
    this.#child = child;
    this.#log = "";
    child.stderr.on("data", (chunk: Buffer) => (this.#log = (this.#log + chunk.toString("utf8")).slice(-logCharactersMax)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (child === this.#child) this.#heard(line);
      const url = /http:\/\/127\.0\.0\.1:\d+$/.exec(line)?.[0];
      if (url === undefined || child !== this.#child) return;
      this.#isUp = true;
      this.#up.resolve(url);
    });
    await once(child, "spawn");
  }

  /** Rejects with a `Kill9Error` if it ends by itself instead, or takes too long. */
  async listening(): Promise<void> {
    const child = this.#child as ChildProcess;
    const late = AbortSignal.timeout(startMsMax);
    const stop = new AbortController();
    const failed = once(child, "exit", { signal: AbortSignal.any([late, stop.signal]) }).then(
      () => true,
      () => !stop.signal.aborted,
    );
    const ended = await Promise.race([this.up.then(() => false), failed]);
    stop.abort();
    if (!ended) return;
    child.kill("SIGKILL");
    throw new Kill9Error(`the system did not start again (exit code ${child.exitCode}):\n${this.#log}`);
  }

  /** Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child as ChildProcess;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Kill9Error(`the system ended by itself (exit code ${child.exitCode}):\n${this.#log}`);
    }
    // Whoever waits for a process that was killed while it started waits for the next one.
    if (this.#isUp) this.#up = Promise.withResolvers();
    this.#isUp = false;
    this.kills += 1;
    await this.#end("SIGKILL");
  }

  /** In order, so that the log can be opened. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await this.#end("SIGTERM");
    if (child.exitCode !== 0)
      throw new Kill9Error(`the system ended with ${child.exitCode ?? child.signalCode} after SIGTERM:\n${this.#log}`);
  }

  /** Whatever state it is in, and with it what it has started: of that nothing writes any more, also not what is stopped. */
  destroy(): void {
    const pid = this.#child?.pid;
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {
      // All of it has ended.
    }
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child as ChildProcess;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
