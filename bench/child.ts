// Work in a process of its own: a module that says `answer(work)` is given its parameters, works, and answers once; one that
// says `serve(open)` answers when it is open, and stays until its parent lets it go or dies. Parameters and answers are JSON.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** A child ended without an answer. What it said is on standard error. */
export class ChildFailed extends Error {
  override readonly name = "ChildFailed";
}

/** How long a child may take for its answer (ms): many times the longest, so that a hanging one ends the run. */
const answerWithinMs = 300_000;

/** Runs `module`, relative to `base`, and resolves with its answer. */
export async function inChild(
  module: string,
  parameters: unknown,
  base: string | URL = import.meta.url,
  withinMs: number = answerWithinMs,
): Promise<unknown> {
  const { child, value } = await openChild(new URL(module, base), parameters, withinMs);
  await closeChild(child);
  return value;
}

export interface Served extends AsyncDisposable {
  readonly value: unknown;
  /** CPU time of the process so far, all threads, in microseconds. */
  cpuUs(): Promise<number>;
}

/** Starts `module`, a file beside this one, and resolves once it is open. */
export async function serving(module: string, parameters: unknown): Promise<Served> {
  const { child, value } = await openChild(new URL(module, import.meta.url), parameters);
  return {
    value,
    async cpuUs() {
      child.send("cpu");
      const [{ cpuUs }] = (await once(child, "message")) as [{ readonly cpuUs: number }];
      return cpuUs;
    },
    [Symbol.asyncDispose]: () => closeChild(child),
  };
}

async function openChild(
  module: URL,
  parameters: unknown,
  withinMs: number = answerWithinMs,
): Promise<{ readonly child: ChildProcess; readonly value: unknown }> {
  const path = fileURLToPath(module);
  const env = { ...process.env, NODE_ENV: "production" };
  // Standard output is the table's.
  const child = fork(path, [JSON.stringify(parameters)], { env, execArgv: ["--expose-gc"], stdio: ["ignore", 2, 2, "ipc"] });
  const value = await new Promise<unknown>((resolve, reject) => {
    const late = setTimeout(() => child.kill("SIGKILL"), withinMs);
    child.once("message", (message: { readonly value: unknown }) => {
      clearTimeout(late);
      child.removeAllListeners("exit");
      resolve(message.value);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(late);
      reject(new ChildFailed(`${basename(path)} ended with ${signal ?? `code ${code}`} and no answer`));
    });
  });
  return { child, value };
}

async function closeChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}

/** What the parent gave; `never` takes any type, and only the two modules know which. */
const parameters = (): never => JSON.parse(process.argv[2] ?? "{}") as never;

/** In the child. */
export async function answer(work: (given: never) => Promise<unknown>): Promise<void> {
  // Whether it has its answer or is gone: nobody waits for this process any more, whatever may still keep it alive.
  process.once("disconnect", () => process.exit());
  process.send?.({ value: await work(parameters()) });
}

/** In the child; `open` may leave something behind that is closed at the end. */
export async function serve(
  open: (given: never) => Promise<{ readonly value: unknown; readonly close: () => Promise<void> }>,
): Promise<void> {
  const { value, close } = await open(parameters());
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuUs: user + system });
  });
  process.once("disconnect", () => void close().finally(() => process.exit(0)));
  process.send?.({ value });
}
