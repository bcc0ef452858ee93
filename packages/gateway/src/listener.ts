// The sockets of the gateway: who may connect, for how long, and what becomes of a connection. What is a request goes on to
// `serve`; everything that can go wrong before there is one, or outside of one, is answered here, as problem documents too.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, ListenOptions as ListenOptionsOfNode, Server as NetServer, Socket } from "node:net";
import { Failure } from "@atoll/core";
import type { ListenOptions, PortSharing } from "@atoll/core/edge";
import { emptyAnswer, type Answer } from "./answer.ts";
import type { Limits } from "./limits.ts";
import { Problem, problemAnswer } from "./problem.ts";
import { drain, send, type Serve } from "./socket-answer.ts";

// Not imported: a module of ES would read every export of it, and behind one of them is all of undici (40 ms of a start).
const { createServer, STATUS_CODES } = process.getBuiltinModule("node:http");
const net = process.getBuiltinModule("node:net");

export interface ListenerInit extends ListenOptions {
  readonly limits: Limits;
  /** Longest deadline of a route, in milliseconds. */
  readonly longestMs: number;
  readonly serve: Serve;
}

/** How often the time limits of connections are looked at (ms): how late a 408 may be. */
const checkEveryMs = 1_000;
/** How long a refused connection is still read (ms), so that its client gets to see the answer before the reset. */
const lingerMs = 500;
/** How often a closing listener looks for connections that have become idle (ms). */
const sweepEveryMs = 20;
/**
 * How long a listener still answers what comes over open connections (ms) when others go on at its port. A client that uses its connection in this time is
 * told that it is the last answer; it need not find out by a request that nobody reads.
 */
const lastAnswersMs = 2_000;
/** A moment for closing in which what the kernel had queued has just been accepted: at most that long ago (ms), found within so many turns. */
const quietMs = 0.2;
const quietTurnsMax = 50;
/** What the socket of a request gets beyond the deadline of its route (ms). */
const stallMarginMs = 1_000;
/** Connections the kernel may hold for us while we are busy. */
const backlog = 4_096;

/** What some path may know. */
const methodsOfAll = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

export class HttpListener {
  readonly url: string;
  readonly #server: Server;
  /** With the newest request of each. */
  readonly #connections: ReadonlyMap<Socket, ServerResponse | undefined>;
  readonly #sharing: PortSharing | undefined;
  /** It does not listen, and has no connection any more. */
  readonly #ended: Promise<void>;

  private constructor(
    server: Server,
    url: string,
    connections: ReadonlyMap<Socket, ServerResponse | undefined>,
    sharing: PortSharing | undefined,
  ) {
    this.#server = server;
    this.url = url;
    this.#connections = connections;
    this.#sharing = sharing;
    this.#ended = new Promise((resolve) => server.once("close", resolve));
  }

  /** Fails with a `Failure`: PORT_TAKEN, or INVALID_CONFIG for an address that is none of this machine's. */
  static async open({ port, host = "127.0.0.1", sharing, limits, longestMs, serve }: ListenerInit): Promise<HttpListener> {
    const connections = new Map<Socket, ServerResponse | undefined>();
    const server = createServer({
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersWithinMs,
      requestTimeout: limits.requestWithinMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: checkEveryMs,
      requireHostHeader: false, // answered as a problem document by the request listener
    });
    server.timeout = Math.max(limits.stalledMs, longestMs + stallMarginMs);
    server.maxConnections = limits.connectionsMax;
    server.maxHeadersCount = 0; // their bytes are bounded; dropping some in silence would change what a request means
    server.on("connection", (socket) => {
      connections.set(socket, undefined);
      socket.once("close", () => connections.delete(socket));
    });
    const request = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      if (!server.listening) outgoing.setHeader("connection", "close");
      else connections.set(incoming.socket, outgoing);
      const answer = withoutRoute(incoming);
      if (answer) send(outgoing, answer);
      else void serve(incoming, outgoing);
      if (!incoming.complete) outgoing.once("finish", () => drain(incoming));
    };
    server.on("request", request);
    server.on("checkContinue", (incoming: IncomingMessage, outgoing: ServerResponse) => {
      if (!(Number(incoming.headers["content-length"]) > limits.bodyBytesMax)) outgoing.writeContinue();
      request(incoming, outgoing);
    });
    server.on("checkExpectation", (_: IncomingMessage, outgoing: ServerResponse) => {
      send(outgoing, problemAnswer(new Problem("EXPECTATION_FAILED", { detail: "Only 100-continue is understood." })));
    });
    const refused = new WeakSet<Socket>();
    const refuse = (socket: Socket, problem: Problem): void => {
      refused.add(socket);
      socket.end(rawResponse(problemAnswer(problem)));
      const linger = setTimeout(() => socket.destroy(), lingerMs).unref();
      socket.once("close", () => clearTimeout(linger));
    };
    server.on("connect", (_: IncomingMessage, socket: Socket) => {
      socket.on("error", () => socket.destroy()); // the server no longer listens for it
      socket.resume();
      refuse(socket, new Problem("METHOD_NOT_ALLOWED", { detail: "This is no tunnel.", headers: { allow: methodsOfAll } }));
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
      if (refused.has(socket)) return; // what it still sends is read and forgotten
      // A complete request is being answered on it: whatever we wrote now would be taken for its answer.
      if (answering(socket) || !socket.writable || error.code === "ECONNRESET") {
        socket.destroy();
        return;
      }
      refuse(socket, clientProblem(error.code, limits));
    });
    await listening(server, port, host, sharing);
    const { port: bound, address } = server.address() as AddressInfo;
    const reachable = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
    return new HttpListener(server, `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${bound}`, connections, sharing);
  }

  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Where others go on at the port: stops accepting, and resolves when those who use their connections have been told to open new ones, or when `late`
   * does. From here on every answer is the last of its connection.
   */
  retire(late: Promise<void>): Promise<void> | undefined {
    return this.#sharing?.goesOn() ? this.#retire(late) : undefined;
  }

  async #retire(late: Promise<void>): Promise<void> {
    await quietMoment();
    for (const answer of this.#connections.values()) if (answer?.headersSent === false) answer.setHeader("connection", "close");
    net.Server.prototype.close.call(this.#server); // that of HTTP would close idle connections in the same moment
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const last = setTimeout(resolve, lastAnswersMs);
    await Promise.race([this.#ended, over, late]);
    clearTimeout(last);
  }

  /** Stops accepting and closes each connection once it is idle, or when `late` resolves, whatever it is doing. */
  async close(late: Promise<void>): Promise<void> {
    if (this.#server.listening) this.#server.close();
    this.#server.closeIdleConnections();
    const sweep = setInterval(() => this.#server.closeIdleConnections(), sweepEveryMs);
    const cut = late.then(() => this.#server.closeAllConnections());
    await Promise.race([this.#ended, cut]);
    clearInterval(sweep);
    await this.#ended;
  }
}

/** The answer to what is about no path, or about no host that everybody would agree on (RFC 9112, section 3.2). */
function withoutRoute({ method, url, httpVersion, rawHeaders }: IncomingMessage): Answer | undefined {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === "host") hosts += 1;
  if (hosts > 1 || (hosts === 0 && httpVersion !== "1.0")) {
    return problemAnswer(new Problem("MALFORMED", { detail: "A request has one Host header." }));
  }
  return method === "OPTIONS" && url === "*" ? { ...emptyAnswer(204), headers: { allow: methodsOfAll } } : undefined;
}

/** Whether a request that has arrived as a whole is being answered. Node keeps the response under this name, and has no other. */
function answering(socket: Socket & { readonly ["_httpMessage"]?: ServerResponse | null }): boolean {
  return socket["_httpMessage"]?.req.complete === true;
}

/** A shared port is shared with everybody who wants to, so the first one of a system makes sure that it is nobody's. */
async function listening(server: Server, port: number, host: string, sharing: PortSharing | undefined): Promise<void> {
  if (sharing?.first && port !== 0) {
    const probe = net.createServer();
    await listen(probe, { port, host });
    await new Promise((resolve) => probe.close(resolve));
  }
  await listen(server, { port, host, backlog, ...(sharing === undefined ? {} : { reusePort: true }) });
}

function listen(server: NetServer, options: ListenOptionsOfNode & { readonly port: number; readonly host: string }): Promise<void> {
  const { port, host } = options;
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(cannotListen(error, port, host));
    server.once("error", failed);
    server.listen(options, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

/** What is in the kernel's queue when a socket stops listening is reset, so that is done right after a turn of the loop that has emptied it. */
async function quietMoment(): Promise<void> {
  for (let turns = 0, sinceMs = performance.now(); turns < quietTurnsMax; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    const nowMs = performance.now();
    if (turns > 0 && nowMs - sinceMs < quietMs) return;
    sinceMs = nowMs;
  }
}

function cannotListen(cause: NodeJS.ErrnoException, port: number, host: string): Failure {
  if (cause.code === "EADDRINUSE") return new Failure("PORT_TAKEN", { what: `another process listens on port ${port} of ${host}`, cause });
  if (cause.code === "EACCES") return new Failure("PORT_TAKEN", { what: `this user may not listen on port ${port} of ${host}`, cause });
  return new Failure("INVALID_CONFIG", { what: `cannot listen on port ${port} of ${host}: ${cause.message}`, cause });
}

/** What Node's parser and its time limits refuse. */
function clientProblem(code: string | undefined, limits: Limits): Problem {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new Problem("HEADERS_TOO_LARGE", { detail: `Request line and headers may have ${limits.headerBytesMax} bytes.` });
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new Problem("REQUEST_TIMEOUT", {
        detail: `Headers must arrive within ${limits.headersWithinMs} ms, the whole request within ${limits.requestWithinMs} ms.`,
      });
    default:
      return new Problem("MALFORMED", { detail: `This is not HTTP/1.1${code?.startsWith("HPE_") ? ` (${code})` : ""}.` });
  }
}

function rawResponse({ status, headers, body }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const text = body ?? "";
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...lines,
    `content-length: ${Buffer.byteLength(text)}`,
    "connection: close",
    "",
    text,
  ].join("\r\n");
}
