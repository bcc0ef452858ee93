// Work in a process of its own: a module that says `answer(work)` is given its parameters, works, and answers once; one that
// says `serve(open)` answers when it is open, takes requests one at a time, and stays until its parent lets it go or dies.
// Parameters, requests and answers are JSON.
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
  /** What the module answers to a request. Rejects with `ChildFailed` if it ends instead. */
  ask(request: unknown): Promise<unknown>;
}

/** Starts `module`, a file beside this one, and resolves once it is open. */
export async function serving(module: string, parameters: unknown): Promise<Served> {
  const { child, value } = await openChild(new URL(module, import.meta.url), parameters);
  const asked = (message: Message): Promise<unknown> => {
    child.send(message);
    return answerOf(child, basename(module));
  };
  return {
    value,
    cpuUs: () => asked({ kind: "cpu" }) as Promise<number>,
    ask: (request) => asked({ kind: "request", request }),
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
  return { child, value: await answerOf(child, basename(path), withinMs) };
}

/** The next one. */
function answerOf(child: ChildProcess, name: string, withinMs: number = answerWithinMs): Promise<unknown> {
  return new Promise<unknown>((resolve, reject) => {
    const late = setTimeout(() => child.kill("SIGKILL"), withinMs);
    const answered = ({ value }: { readonly value: unknown }): void => {
      clearTimeout(late);
      child.off("exit", ended);
      resolve(value);
    };
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(late);
      child.off("message", answered);
      reject(new ChildFailed(`${name} ended with ${signal ?? `code ${code}`} and no answer`));
    };
    child.once("message", answered);
    child.once("exit", ended);
  });
}

async function closeChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}

type Message = { readonly kind: "cpu" } | { readonly kind: "request"; readonly request: unknown };

/** What the parent gave; `never` takes any type, and only the two modules know which. */
const parameters = (): never => JSON.parse(process.argv[2] ?? "{}") as never;

/** In the child. */
export async function answer(work: (given: never) => Promise<unknown>): Promise<void> {
  // Whether it has its answer or is gone: nobody waits for this process any more, whatever may still keep it alive.
  process.once("disconnect", () => process.exit());
  process.send?.({ value: await work(parameters()) });
}

export interface Opened {
  readonly value: unknown;
  readonly close: () => Promise<void>;
  /** If it takes requests. What it throws ends the process. */
  readonly answer?: (request: never) => Promise<unknown>;
}

/** In the child; `open` may leave something behind that is closed at the end. */
export async function serve(open: (given: never) => Promise<Opened>): Promise<void> {
  let close = (): Promise<void> => Promise.resolve();
  // Also while it opens: whoever waits for it may be gone by then.
  process.once("disconnect", () => void close().finally(() => process.exit(0)));
  const opened = await open(parameters());
  close = opened.close;
  const answered = async (message: Message): Promise<unknown> => {
    if (message.kind === "request") return opened.answer?.(message.request as never);
    const { user, system } = process.cpuUsage();
    return user + system;
  };
  process.on("message", (message: Message) => {
    void answered(message).then((value) => process.send?.({ value }));
  });
  process.send?.({ value: opened.value });
}
