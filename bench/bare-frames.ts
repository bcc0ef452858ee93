// The least that exchanges JSON messages over a socket: four bytes of length before each, and one write for all that gather
// until the end of the turn. No credit, no handshake, no signs of life, no bounds: what a link adds to is measured beside it.
import type { Socket } from "node:net";

export type BareSend = (message: unknown) => void;

const lengthBytes = 4;

export function bareFrames(socket: Socket, receive: (message: unknown) => void): BareSend {
  let waiting: string[] = [];
  let held: Buffer | undefined;
  const flush = (): void => {
    const texts = waiting;
    waiting = [];
    const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + lengthBytes + Buffer.byteLength(text), 0));
    let at = 0;
    for (const text of texts) {
      const length = bytes.write(text, at + lengthBytes);
      at = bytes.writeUInt32BE(length, at) + length;
    }
    socket.write(bytes);
  };
  socket.on("data", (chunk: Buffer) => {
    const bytes = held ? Buffer.concat([held, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= lengthBytes) {
      const end = at + lengthBytes + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      receive(JSON.parse(bytes.toString("utf8", at + lengthBytes, end)));
      at = end;
    }
    held = at < bytes.length ? bytes.subarray(at) : undefined;
  });
  return (message) => {
    if (waiting.push(JSON.stringify(message)) === 1) setImmediate(flush);
  };
}
