// The asking side of the control socket.
import type { IncomingMessage } from "node:http";
import { announced, type ControlAddress, missingHeader } from "./control-socket.ts";
import { CommandError } from "./command-error.ts";

// Not imported: see control-server.ts.
const { request } = process.getBuiltinModule("node:http");

/** For the whole exchange. A process that is busy recovering or collecting garbage answers late, but within this time. */
const answerWithinMs = 10_000;
const answerBytesMax = 64 * 2 ** 20;

/** Nobody listens there any more. */
const goneCodes: ReadonlySet<unknown> = new Set(["ENOENT", "ECONNREFUSED"]);

export type Asked = { readonly kind: "answered"; readonly value: unknown } | { readonly kind: "not-running" };

/**
 * Asks the process that runs the data directory at real path `data`. Rejects with a `CommandError` if it does not answer, or
 * refuses; its own sentence is the message then. `withinMs`: for what takes longer than an answer. What an answer is without is said
 * on standard error, so that what is printed is the same whether or not it is whole.
 */
export async function askRunning(
  data: string,
  verb: `${"GET" | "POST"} /${string}`,
  input?: unknown,
  withinMs = answerWithinMs,
): Promise<Asked> {
  const address = announced(data);
  if (!address) return { kind: "not-running" };
  const [method, path] = verb.split(" ") as [string, string];
  let answer: Exchanged;
  try {
    answer = await exchange(address, method, path, input === undefined ? "" : JSON.stringify(input), withinMs);
  } catch (cause) {
    if (goneCodes.has((cause as NodeJS.ErrnoException).code)) return { kind: "not-running" };
    throw notAsked(cause, address, data, withinMs);
  }
  const value = parsed(answer.text);
  if (answer.status !== 200 || value === undefined) throw refusal(value, answer.status, address);
  for (const missing of answer.missing) process.stderr.write(`atoll: this list is not whole: ${missing}\n`);
  return { kind: "answered", value };
}

/**
 * Asks for what goes on: `take` gets piece after piece of text. Resolves when the process ends it, or `signal` does; false if no process runs the data
 * directory. Rejects as `askRunning`.
 */
export async function followRunning(
  data: string,
  verb: `POST /${string}`,
  input: unknown,
  take: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const address = announced(data);
  if (!address) return false;
  const [method, path] = verb.split(" ") as [string, string];
  try {
    const body = JSON.stringify(input);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asking = request({ socketPath: address.socket, method, path, headers, agent: false, signal }, resolve);
      asking.on("error", reject);
      asking.end(body);
    });
    response.setEncoding("utf8");
    if (response.statusCode === 200) {
      for await (const text of response as AsyncIterable<string>) take(text);
      return true;
    }
    const texts: string[] = [];
    for await (const text of response as AsyncIterable<string>) texts.push(text);
    throw refusal(parsed(texts.join("")), response.statusCode ?? 0, address);
  } catch (cause) {
    if (signal.aborted) return true;
    if (goneCodes.has((cause as NodeJS.ErrnoException).code)) return false;
    throw notAsked(cause, address, data, 0);
  }
}

function notAsked(cause: unknown, { pid }: ControlAddress, data: string, withinMs: number): CommandError {
  if (cause instanceof CommandError) return cause;
  const { code, name } = cause as NodeJS.ErrnoException;
  const denied = code === "EACCES" || code === "EPERM";
  const what = denied
    ? "may only be asked by the user it runs as"
    : name === "TimeoutError"
      ? `did not answer within ${withinMs / 1_000} s`
      : "broke off: it has ended meanwhile, or more is asked of it at once than it takes; try again";
  return new CommandError(`process ${pid}, which runs ${data}, ${what}`, { cause });
}

function refusal(value: unknown, status: number, { pid }: ControlAddress): CommandError {
  const { error } = (value ?? {}) as { readonly error?: unknown };
  return new CommandError(typeof error === "string" ? error : `process ${pid} answered with status ${status}`);
}

interface Exchanged {
  readonly status: number;
  readonly text: string;
  /** Whom the answer is without. */
  readonly missing: readonly string[];
}

function exchange({ socket, pid }: ControlAddress, method: string, path: string, body: string, withinMs: number): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(withinMs);
    const failed = (error: Error): void => reject(signal.aborted ? (signal.reason as Error) : error);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const asking = request({ socketPath: socket, method, path, headers, agent: false, signal }, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax) asking.destroy(new CommandError(`process ${pid} answered with more than ${answerBytesMax} bytes`));
        else chunks.push(chunk);
      });
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString("utf8"),
          missing: missingIn(response.headers[missingHeader]),
        }),
      );
      response.on("error", failed);
    });
    asking.on("error", failed);
    asking.end(body);
  });
}

function missingIn(header: unknown): readonly string[] {
  if (typeof header !== "string") return [];
  const list = parsed(decodeURIComponent(header));
  return Array.isArray(list) ? list.map(String) : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
