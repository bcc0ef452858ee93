// A client that sends exactly the bytes it is told to, for requests that no HTTP library would send.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
  readonly json: { readonly [member: string]: unknown };
}

export class RawClient implements Disposable {
  readonly socket: Socket;
  #received = "";
  #closed = false;
  #changed: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#changed();
    });
    socket.on("error", () => undefined); // a reset is one of the expected ends; `closed` says that it came
    socket.on("close", () => {
      this.#closed = true;
      this.#changed();
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  send(text: string): this {
    this.socket.write(text, "latin1");
    return this;
  }

  /** The next answer; undefined if the connection is closed before there is a whole one. */
  async answer(): Promise<RawAnswer | undefined> {
    for (;;) {
      const answer = this.#take();
      if (answer || this.#closed) return answer;
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  /** Resolves once the connection is closed, with what came before that was not taken. */
  async closed(): Promise<string> {
    while (!this.#closed) await new Promise<void>((resolve) => (this.#changed = resolve));
    return this.#received;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #take(): RawAnswer | undefined {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end === -1) return undefined;
    const [line = "", ...lines] = this.#received.slice(0, end).split("\r\n");
    const headers = Object.fromEntries(
      lines.map((header) => [header.slice(0, header.indexOf(":")).toLowerCase(), header.slice(header.indexOf(":") + 1).trim()]),
    );
    const length = Number(headers["content-length"] ?? 0);
    if (this.#received.length < end + 4 + length) return undefined;
    const body = this.#received.slice(end + 4, end + 4 + length);
    this.#received = this.#received.slice(end + 4 + length);
    const json = headers["content-type"]?.includes("json") ? (JSON.parse(body) as RawAnswer["json"]) : {};
    return { status: Number(line.split(" ")[1]), headers, body, json };
  }
}

/** A request as text. `body` gets a Content-Length unless `headers` say otherwise. */
export function requestText(line: string, headers: Record<string, string> = {}, body = ""): string {
  const all: Record<string, string> = {
    host: "trial",
    ...(body === "" ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
    ...headers,
  };
  return `${line} HTTP/1.1\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n${body}`;
}
