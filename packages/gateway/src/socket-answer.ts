// Answers on their way to a socket, without a `Response` in between.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "./answer.ts";
import type { ReceiveBody } from "./body.ts";
import type { EdgeRequest } from "./edge-request.ts";
import { problemAnswer, problemOf } from "./problem.ts";
import { receiveFrom, SocketRequest } from "./socket-request.ts";

/** How long a body that nobody wanted is still read (ms), so that the connection can go on, or its client gets to see the answer. */
const drainMs = 500;

/** Answers one message; never rejects. */
export type Serve = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

/** `cut` ends the connection. */
export const serveAnswers =
  (answer: (request: EdgeRequest, receive: ReceiveBody, cut: () => void) => Promise<Answer>): Serve =>
  async (incoming, outgoing) => {
    try {
      send(outgoing, await answer(new SocketRequest(incoming, outgoing), receiveFrom(incoming), () => incoming.socket.destroy()));
    } catch (error) {
      send(outgoing, problemAnswer(problemOf(error)));
    }
  };

/** Node leaves the body out where the method is HEAD. */
export function send(outgoing: ServerResponse, { status, headers, body, stream }: Answer): void {
  if (outgoing.destroyed) return; // the client has gone
  const flat: string[] = []; // names and values one after the other: Node writes them as they are
  for (const name in headers) flat.push(name, headers[name] as string);
  if (body !== null) flat.push("content-length", String(Buffer.byteLength(body)));
  outgoing.writeHead(status, flat);
  if (stream) {
    outgoing.flushHeaders();
    void pour(stream, outgoing);
  } else outgoing.end(body);
}

/** As fast as the client takes it, and until it goes. */
async function pour(stream: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = stream.getReader();
  const gone = (): void => void reader.cancel().catch(() => undefined);
  outgoing.once("close", gone);
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (!outgoing.write(next.value)) await writable(outgoing);
    }
    outgoing.end();
  } catch {
    outgoing.destroy(); // cut off in the middle: the client sees that it is not the end
  } finally {
    outgoing.off("close", gone);
  }
}

/** Resolves when there is room again, or nobody to write to any more. */
function writable(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.once("drain", done).once("close", done);
    if (outgoing.destroyed) done();
  });
}

/** Reads what is left of a body after its answer. A client that goes on sending loses its connection. */
export function drain(incoming: IncomingMessage): void {
  if (incoming.complete || incoming.destroyed) return;
  const late = setTimeout(() => incoming.destroy(), drainMs).unref();
  incoming.once("close", () => clearTimeout(late));
  incoming.resume();
}
