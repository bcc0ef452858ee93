// A Unix socket as the medium of one end. What is written is bounded by the credit of the link and needs no look at the
// socket's own buffer: what the other process does not read stays here, at most `charsInFlightMax` of it.
import type { Socket } from "node:net";
import type { Timers } from "../../runtime/index.ts";
import type { LinkEnd, Wire } from "../link-end.ts";
import { bytesOf, FrameReader } from "./frame-bytes.ts";

export class SocketWire implements Wire {
  readonly form = "text";
  readonly #socket: Socket;
  readonly #timers: Timers;
  /** How long the other process has to read what was written before the end. */
  readonly #lingerMs: number;
  #ended = false;

  constructor(socket: Socket, timers: Timers, lingerMs: number) {
    this.#socket = socket;
    this.#timers = timers;
    this.#lingerMs = lingerMs;
    socket.unref(); // the system keeps the process alive, not its links
  }

  /** What arrives goes to `end` from now on. */
  leadTo(end: LinkEnd): void {
    const socket = this.#socket;
    const reader = new FrameReader(end);
    let why = "the other process has closed the connection";
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
    socket.on("error", (error) => {
      why = error.message;
    });
    socket.on("end", () => end.broken(why));
    socket.on("close", () => end.broken(why));
  }

  write(frame: string): void {
    if (!this.#ended) this.#socket.write(bytesOf(frame));
  }

  end(linger: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    const socket = this.#socket;
    if (!linger) return socket.destroySoon();
    socket.end();
    const timer = this.#timers.after(this.#lingerMs, () => socket.destroy());
    socket.once("close", () => timer.cancel());
  }
}
