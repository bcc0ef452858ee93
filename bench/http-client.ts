// A client that costs less than any server it is pointed at: raw sockets, requests made beforehand, one request at a time on
// each connection, a glance at the status. It knows exactly as much HTTP as the servers of http-post.ts send.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import type { Latencies } from "./measure.ts";

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly ms: number;
  /** Whole requests, sent in turns. */
  readonly requests: readonly Buffer[];
}

export function postRequest(path: string, body: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Answers per second. Every answer is a 2xx, or it rejects. */
export async function load({ port, connections, ms, requests }: Load, latencies?: Latencies): Promise<number> {
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  const startMs = performance.now();
  const endMs = startMs + ms;
  let answers = 0;
  const turns = async (connection: Connection, first: number): Promise<void> => {
    let sentMs = startMs;
    for (let i = first; sentMs < endMs; i += connections) {
      await connection.ask(requests[i % requests.length] as Buffer);
      const answeredMs = performance.now();
      latencies?.record(answeredMs - sentMs);
      answers += 1;
      sentMs = answeredMs;
    }
  };
  await Promise.all(opened.map((connection, i) => turns(connection, i)));
  const perSecond = (answers / (performance.now() - startMs)) * 1_000;
  for (const connection of opened) connection.close();
  return perSecond;
}

const headEnd = Buffer.from("\r\n\r\n");
const receiveBytes = 16 * 1_024;

/** One keep-alive connection. */
class Connection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #resolve: (() => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  private constructor(open: (onread: { readonly buffer: Buffer; callback(bytes: number, buffer: Uint8Array): boolean }) => Socket) {
    const buffer = Buffer.allocUnsafeSlow(receiveBytes);
    this.#socket = open({
      buffer,
      callback: (bytes) => {
        this.#receive(buffer.subarray(0, bytes));
        return true;
      },
    });
    this.#socket.setNoDelay(true);
    this.#socket.on("error", (error) => this.#reject?.(error));
    this.#socket.on("close", () => this.#reject?.(new UnexpectedAnswer("the server closed the connection")));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const connection: Connection = new Connection((onread) =>
        connect({ port, host: "127.0.0.1", onread }, () => {
          connection.#reject = undefined;
          resolve(connection);
        }),
      );
      connection.#reject = reject;
    });
  }

  ask(request: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#reject = undefined;
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    // Almost always an answer comes in one piece; what does not is put together.
    const answer = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const bodyAt = answer.indexOf(headEnd) + headEnd.length;
    const complete = bodyAt >= headEnd.length && answer.length >= bodyAt + contentLength(answer, bodyAt);
    if (!complete) {
      this.#received = Buffer.from(answer);
      return;
    }
    this.#received = Buffer.alloc(0);
    const [resolve, reject] = [this.#resolve, this.#reject];
    this.#resolve = this.#reject = undefined;
    if (answer[9] === 0x32) resolve?.(); // "HTTP/1.1 2"
    else reject?.(new UnexpectedAnswer(answer.toString("latin1")));
  }
}

class UnexpectedAnswer extends Error {
  override readonly name = "UnexpectedAnswer";
}

function contentLength(answer: Buffer, headBytes: number): number {
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(answer.toString("latin1", 0, headBytes))?.[1];
  assert(length, "the answer says how long it is");
  return Number(length);
}
