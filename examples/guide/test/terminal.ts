// Two terminals, as the guide's reader has them: one in which a system runs, one in which commands are typed. What is typed and
// what is answered is in the .console files beside the examples, which the guide quotes.
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const guide = join(import.meta.dirname, "..");
const atoll = join(guide, "../../packages/cli/src/atoll.js");

/** A system under `atoll run`. */
export class RunningFile implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Resolves once it can be asked. Port 0 takes a free one. */
  static async open(file: string, data: string, port = 0, env: { readonly [name: string]: string } = {}): Promise<RunningFile> {
    const args = [atoll, "run", join(guide, file), "--port", `${port}`, "--data", data];
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (more: string) => (text += more));
    for await (const chunk of child.stdout.setEncoding("utf8") as AsyncIterable<string>) {
      text += chunk;
      const listening = /http:\/\/127\.0\.0\.1:(\d+)\n/.exec(text)?.[1];
      if (listening === undefined) continue;
      child.stdout.resume();
      return new RunningFile(child, Number(listening));
    }
    return assert.fail(`${file} did not start:\n${text}`);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

export interface Typing {
  /** What stands where the guide says `localhost:8080`, `.atoll/agency` and the like. */
  readonly here: { readonly [text: string]: string };
  /** What differs from run to run, made the same. */
  readonly blurred?: (text: string) => string;
}

const eventuallyMsMax = 60_000;

/** Types the commands of a file, in order; each must come to answer what the file says, the first time or, asked again, soon. */
export async function type(file: string, { here, blurred = (text) => text }: Typing): Promise<void> {
  const commands = readFileSync(join(guide, file), "utf8").split(/^\$ /m).slice(1);
  assert.ok(commands.length > 0, `${file} has commands`);
  for (const entry of commands) {
    const [typed = "", ...answer] = entry.split("\n");
    const command = Object.entries(here).reduce((text, [there, value]) => text.replaceAll(there, value), typed);
    const expected = answer.join("\n").trimEnd();
    const endMs = performance.now() + eventuallyMsMax;
    let heard = await shell(command);
    while (blurred(heard) !== blurred(expected) && performance.now() < endMs && isRead(typed)) heard = await shell(command);
    assert.equal(blurred(heard), blurred(expected), `${file}: ${typed}`);
  }
}

/** A command that changes nothing: it may be typed again until what goes on behind it has come so far. */
const isRead = (command: string): boolean => !/ -(d|X) | (resolve|abandon|retry) /.test(command);

export async function shell(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)("sh", ["-c", command.replaceAll("npx atoll", `'${process.execPath}' '${atoll}'`)]);
  return stdout.trimEnd();
}
