// Answers operators' questions about a running system, as JSON over HTTP on a Unix socket that only its owner can open.
import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Running } from "@atoll/core";
import { noteAddress, removeAddress, socketFor, type ControlAddress } from "./control-socket.ts";

const bodyBytesMax = 16_384;

export class ControlServer {
  readonly #server: Server;
  readonly #data: string;
  readonly #address: ControlAddress;

  private constructor(server: Server, data: string, address: ControlAddress) {
    this.#server = server;
    this.#data = data;
    this.#address = address;
  }

  /** `data` is this process's alone (the journals' locks), so a socket that is left there is a dead one's. */
  static async open(data: string, running: Running): Promise<ControlServer> {
    const socket = socketFor(data);
    rmSync(socket, { force: true });
    const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
      answer(running, request).then(
        ([status, body]) => send(response, status, body),
        (error: unknown) => send(response, 500, { error: error instanceof Error ? error.message : String(error) }),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(socket, resolve);
    });
    chmodSync(socket, 0o600);
    server.unref();
    const address = { pid: process.pid, socket };
    noteAddress(data, address);
    return new ControlServer(server, data, address);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    removeAddress(this.#data, this.#address);
  }
}

async function answer(running: Running, request: IncomingMessage): Promise<readonly [status: number, body: unknown]> {
  if (request.method === "GET" && request.url === "/quarantine") return [200, running.quarantined()];
  if (request.method === "POST" && request.url === "/quarantine/release") {
    const { service, key } = await bodyOf(request);
    if (typeof service !== "string" || typeof key !== "string") return [400, { error: "service and key are texts" }];
    return [200, { released: await running.release(service, key) }];
  }
  return [404, { error: `this version does not know ${request.method} ${request.url}` }];
}

async function bodyOf(request: IncomingMessage): Promise<{ readonly [member: string]: unknown }> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk as string;
    if (text.length > bodyBytesMax) return {};
  }
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? (body as { readonly [member: string]: unknown }) : {};
  } catch {
    return {};
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
