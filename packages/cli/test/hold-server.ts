// A server that answers when the test says so: what holds a request, or a start, at a known place.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export class HoldServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #held: ServerResponse[] = [];
  #arrived = Promise.withResolvers<void>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (_, response: ServerResponse) => {
      this.#held.push(response);
      this.#arrived.resolve();
    });
  }

  static async open(): Promise<HoldServer> {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", resolve);
    await promise;
    return new HoldServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Resolves when a request is being held. */
  get arrived(): Promise<void> {
    return this.#arrived.promise;
  }

  release(): void {
    for (const response of this.#held.splice(0)) response.end();
    this.#arrived = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }
}
