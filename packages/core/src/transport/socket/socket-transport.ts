// Links between the processes of one machine, over Unix domain sockets. Who may connect at all is the file system's to say
// (socket-place.ts); who they are, the ticket's.
import { connect, createServer, type Server, type Socket } from "node:net";
import { Failure } from "../../base/failure.ts";
import type { Runtime } from "../../runtime/index.ts";
import { callNode } from "../calling.ts";
import { ConnectFailure } from "../connect-failure.ts";
import { LinkMetrics } from "../link-metrics.ts";
import { type NodeOptions, nodeOptions, type TransportOptions } from "../node-options.ts";
import { Reception } from "../reception.ts";
import type { Address, HandleLink, Link, Listener, NodeIdentity, Transport } from "../transport.ts";
import { pathProblem, prepareSocket, protectSocket } from "./socket-place.ts";
import { SocketWire } from "./socket-wire.ts";

/** One for a node, which is a process. */
export class SocketTransport implements Transport {
  readonly #runtime: Runtime;
  readonly #node: NodeOptions;
  readonly #metrics: LinkMetrics;

  /** Fails with INVALID_CONFIG. */
  constructor(runtime: Runtime, options: TransportOptions) {
    this.#runtime = runtime;
    this.#node = nodeOptions(options);
    this.#metrics = new LinkMetrics(runtime.metrics);
  }

  get self(): NodeIdentity {
    return this.#node.self;
  }

  /** `at`: absolute path of the socket; its folder is made if there is none, and must be this user's alone. */
  async listen(at: string, secret: string, accept: HandleLink): Promise<Listener> {
    await prepareSocket(at);
    const reception = new Reception(this.#runtime, this.#node, secret, accept, this.#metrics);
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      const wire = this.#wire(socket);
      wire.leadTo(reception.receive(wire, `connection ${connections}`));
    });
    // Links that have ended linger until their last words are read; what they leave open is bounded here.
    server.maxConnections = 2 * this.#node.limits.linksMax + this.#node.limits.strangersMax;
    server.unref();
    await listening(server, at);
    await protectSocket(at);
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closed ??= new Promise((resolve) => {
        server.close();
        reception.close();
        resolve();
      });
      return closed;
    };
    return { at, close, [Symbol.asyncDispose]: close };
  }

  connect(to: Address, handle: HandleLink): Promise<Link> {
    const problem = pathProblem(to.at);
    if (problem !== undefined) return Promise.reject(new ConnectFailure("unreachable", problem, to.at));
    const wire = this.#wire(connect(to.at));
    const { end, link } = callNode(this.#runtime, this.#node, to, handle, this.#metrics, wire);
    wire.leadTo(end);
    return link;
  }

  #wire(socket: Socket): SocketWire {
    return new SocketWire(socket, this.#runtime.timers, this.#node.limits.handshakeMs);
  }
}

async function listening(server: Server, at: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const code = error.code === "EADDRINUSE" ? "ADDRESS_TAKEN" : "INVALID_CONFIG";
      reject(new Failure(code, { what: error.message, at, cause: error }));
    });
    server.listen(at, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}
