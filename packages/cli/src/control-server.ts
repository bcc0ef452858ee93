// The running side of the control socket: operator verbs as JSON over HTTP on a Unix socket. Whoever may open the socket may
// do everything, so access is the file system's: see control-socket.ts. It knows no verb itself; each is a row in the table
// that `run` gives it. Everything is bounded: connections, sizes, times.
import { chmodSync, rmSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { announce, missingHeader, nodesOf, socketFor, withdraw, type ControlAddress } from "./control-socket.ts";
import { CommandError } from "./command-error.ts";

// Not imported: a module of ES would read every export of it, and behind one of them is all of undici (40 ms of a start).
const { createServer } = process.getBuiltinModule("node:http");

/**
 * Input: the parsed body of a POST, undefined for a GET. A `CommandError` becomes a 422 with its message; a `Stream` is answered line by line, a `Incomplete`
 * says what it is without.
 */
export type Verb = (input: unknown) => unknown;
/** By method and path: "GET /quarantine". */
export type Verbs = { readonly [verb: string]: Verb };

/** Where a stream goes. */
export interface Sink {
  /** A line without its line feed. */
  line(text: string): void;
  /** Bytes that the client has not read yet. */
  readonly waiting: number;
  end(): void;
  /** Ends it in the middle, which the client sees. */
  cut(): void;
  /** `then`: once nobody reads any more. */
  whenGone(then: () => void): void;
}

/** The answer of a verb that goes on: lines, as they come. */
export class Stream {
  readonly open: (to: Sink) => void;

  constructor(open: (to: Sink) => void) {
    this.open = open;
  }
}

/** The answer of a verb that could not ask everybody: what there is, and whom it is without, as sentences. */
export class Incomplete {
  readonly value: unknown;
  readonly missing: readonly string[];

  constructor(value: unknown, missing: readonly string[]) {
    this.value = value;
    this.missing = missing;
  }
}

const bodyBytesMax = 16 * 2 ** 10;
/** Beyond it a connection is closed at once. */
const connectionsMax = 128;
/** For a request to arrive. */
const requestWithinMs = 5_000;
/** Sockets looked at by one sweep, and the age (ms) below which one is left alone. */
const sweptMax = 100;
const freshMs = 60_000;

export class ControlServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #data: string;
  readonly #address: ControlAddress;

  private constructor(server: Server, data: string, address: ControlAddress) {
    this.#server = server;
    this.#data = data;
    this.#address = address;
  }

  /** `data`: real path of the data directory. Fails if the socket cannot be had. */
  static async open(data: string, verbs: Verbs): Promise<ControlServer> {
    const socket = socketFor(data);
    if (await isAlive(socket)) throw new CommandError(`another process listens on ${socket}`);
    rmSync(socket, { force: true });
    const server = createServer(
      { requestTimeout: requestWithinMs, headersTimeout: requestWithinMs, connectionsCheckingInterval: 1_000, keepAlive: false },
      (request, response) => void answer(verbs, request, response),
    );
    server.maxConnections = connectionsMax;
    server.unref(); // the system keeps the process alive, not its socket
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(socket, () => {
        server.off("error", reject);
        resolve();
      });
    });
    const address: ControlAddress = { pid: process.pid, socket };
    const control = new ControlServer(server, data, address);
    try {
      chmodSync(socket, 0o600);
      announce(data, address);
      await sweep(dirname(socket), Date.now());
      return control;
    } catch (error) {
      await control[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Answers what has arrived, removes file and socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    withdraw(this.#data, this.#address);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const late = setTimeout(() => this.#server.closeAllConnections(), requestWithinMs);
    await closed;
    clearTimeout(late);
  }
}

/**
 * Removes sockets of killed processes whose data directory is not used any more, and those of their nodes; that of a used one is replaced. A fresh one
 * is left alone: between its making and the first moment it listens it looks dead.
 */
export async function sweep(folder: string, nowMs: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sock"));
  for (const name of names.slice(0, sweptMax)) {
    const socket = join(folder, name);
    const madeMs = (await stat(socket).catch(() => undefined))?.mtimeMs ?? nowMs;
    if (nowMs - madeMs <= freshMs || (await isAlive(socket))) continue;
    await rm(socket, { force: true });
    await rm(nodesOf(socket), { recursive: true, force: true });
  }
}

/** A killed process leaves its socket behind: nobody answers there. Only a refusal counts: a busy process has not gone. */
function isAlive(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"));
  });
}

async function answer(verbs: Verbs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, value: unknown, more: { readonly [name: string]: string } = {}): void => {
    response.writeHead(status, { "content-type": "application/json", connection: "close", ...more }).end(JSON.stringify(value));
  };
  const name = `${request.method} ${request.url}`;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!verb) return send(404, { error: `the running process knows no "${name}"; it may be of another version` });
  try {
    const value = await verb(request.method === "POST" ? await body(request) : undefined);
    if (value instanceof Stream) pour(value, response);
    else if (value instanceof Incomplete) send(200, value.value, { [missingHeader]: encodeURIComponent(JSON.stringify(value.missing)) });
    else send(200, value);
  } catch (error) {
    const known = error instanceof CommandError;
    send(known ? 422 : 500, { error: error instanceof Error ? error.message : String(error) });
  }
}

function pour({ open }: Stream, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson", connection: "close" });
  response.flushHeaders();
  open({
    line: (text) => void response.write(`${text}\n`),
    get waiting() {
      return response.writableLength;
    },
    end: () => void response.end(),
    cut: () => void response.destroy(),
    whenGone: (then) => void response.once("close", then),
  });
}

async function body(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new CommandError(`a request has at most ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new CommandError("the request is not JSON", { cause });
  }
}
