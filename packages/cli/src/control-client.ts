// The asking side of the control socket.
import type { IncomingMessage } from "node:http";
import { announced, type ControlAddress } from "./control-socket.ts";
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
 * refuses; its own sentence is the message then. `withinMs`: for what takes longer than an answer.
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
  let answer: { readonly status: number; readonly text: string };
  try {
    answer = await exchange(address, method, path, input === undefined ? "" : JSON.stringify(input), withinMs);
  } catch (cause) {
    const { code, name } = cause as NodeJS.ErrnoException;
    if (goneCodes.has(code)) return { kind: "not-running" };
    if (cause instanceof CommandError) throw cause;
    const denied = code === "EACCES" || code === "EPERM";
    const what = denied
      ? "may only be asked by the user it runs as"
      : name === "TimeoutError"
        ? `did not answer within ${withinMs / 1_000} s`
        : "broke off";
    throw new CommandError(`process ${address.pid}, which runs ${data}, ${what}`, { cause });
  }
  const value = parsed(answer.text);
  if (answer.status === 200 && value !== undefined) return { kind: "answered", value };
  const { error } = (value ?? {}) as { readonly error?: unknown };
  throw new CommandError(typeof error === "string" ? error : `process ${address.pid} answered with status ${answer.status}`);
}

function exchange(
  { socket, pid }: ControlAddress,
  method: string,
  path: string,
  body: string,
  withinMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
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
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }));
      response.on("error", failed);
    });
    asking.on("error", failed);
    asking.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
