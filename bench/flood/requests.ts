// Requests at a rate that does not wait for answers, as those of many clients do: each has a connection for as long as it is open, and who
// is done leaves it to the next. Raw sockets, so that the flood costs little beside what it floods.
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** Of the gateway's 10,000. A request that is due when all are taken is not sent, and counted. */
const connectionsMax = 8_000;

export interface Outcome {
  /** Counted by status, 503 also by the code in its body. */
  readonly answers: { readonly [status: string]: number };
  /** Of those answered with 200 (ms), in the order in which they came. */
  readonly tookMs: readonly number[];
  readonly unsent: number;
  /** Connections that were lost with a request on them. */
  readonly lost: number;
}

export class Requests {
  readonly #port: number;
  readonly #request: Buffer;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  #answers: Record<string, number> = {};
  #tookMs: number[] = [];
  #unsent = 0;
  #lost = 0;

  constructor(port: number, path: string, body: string) {
    this.#port = port;
    this.#request = Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  /** For `ms`. What is still open then is not waited for, and counts where its answer comes. */
  async at(perSecond: number, ms: number): Promise<Outcome> {
    const startMs = performance.now();
    let sent = 0;
    for (let nowMs = startMs; nowMs - startMs < ms; nowMs = performance.now()) {
      for (const due = Math.floor(((nowMs - startMs) * perSecond) / 1_000); sent < due; sent++) this.#send();
      await pause(1);
    }
    const outcome = { answers: this.#answers, tookMs: this.#tookMs, unsent: this.#unsent, lost: this.#lost };
    this.#answers = {};
    this.#tookMs = [];
    this.#unsent = this.#lost = 0;
    return outcome;
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }

  #send(): void {
    const connection = this.#idle.pop() ?? this.#open();
    if (connection) connection.ask(this.#request);
    else this.#unsent += 1;
  }

  #open(): Connection | undefined {
    if (this.#all.size >= connectionsMax) return undefined;
    const connection = new Connection(this.#port, {
      answered: (answer, tookMs) => {
        this.#answers[answer] = (this.#answers[answer] ?? 0) + 1;
        if (answer === "200") this.#tookMs.push(tookMs);
        this.#idle.push(connection);
      },
      closed: (asked) => {
        this.#all.delete(connection);
        if (asked) this.#lost += 1;
        else if (this.#idle.includes(connection)) this.#idle.splice(this.#idle.indexOf(connection), 1);
      },
    });
    this.#all.add(connection);
    return connection;
  }
}

interface Heard {
  answered(answer: string, tookMs: number): void;
  closed(asked: boolean): void;
}

class Connection {
  readonly #socket: Socket;
  #text = "";
  #askedMs: number | undefined;

  constructor(port: number, heard: Heard) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1").on("data", (text: string) => {
      this.#text += text;
      const bodyAt = this.#text.indexOf("\r\n\r\n") + 4;
      const length = /\r\ncontent-length: (\d+)\r\n/i.exec(this.#text)?.[1];
      if (bodyAt < 4 || this.#text.length < bodyAt + Number(length)) return;
      const status = this.#text.slice(9, 12);
      const code = status === "200" ? undefined : /"code":"([A-Z_]+)"/.exec(this.#text)?.[1];
      const tookMs = performance.now() - (this.#askedMs ?? 0);
      this.#text = "";
      this.#askedMs = undefined;
      heard.answered(code === undefined ? status : `${status} ${code}`, tookMs);
    });
    this.#socket.on("error", () => {});
    this.#socket.once("close", () => heard.closed(this.#askedMs !== undefined));
  }

  ask(request: Buffer): void {
    this.#askedMs = performance.now();
    this.#socket.write(request);
  }

  close(): void {
    this.#askedMs = undefined;
    this.#socket.destroy();
  }
}
