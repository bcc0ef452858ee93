// A bare socket for tests that speak to a listener without the transport: whole frames, parts of them, or noise.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Json } from "../../contract/index.ts";
import { headCharsMax, linkLimits } from "../link-limits.ts";
import { ticketFor } from "../ticket.ts";
import type { NodeIdentity } from "../transport.ts";
import { bytesOf, FrameReader } from "./frame-bytes.ts";

export class RawPeer {
  readonly socket: Socket;
  readonly frames: unknown[] = [];
  readonly #closed: Promise<unknown>;
  #arrived: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {}); // a reset is one way to be turned away
    const reader = new FrameReader({
      isOver: false,
      frameCharsMax: linkLimits.messageCharsMax + headCharsMax,
      received: (frame) => {
        this.frames.push(frame);
        this.#arrived?.();
      },
      garbled: (why) => this.frames.push({ garbled: why }),
    });
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
  }

  static async open(at: string): Promise<RawPeer> {
    const peer = new RawPeer(connect(at));
    await Promise.race([once(peer.socket, "connect"), peer.#closed]);
    return peer;
  }

  send(bytes: Buffer | string): this {
    this.socket.write(typeof bytes === "string" ? bytesOf(bytes) : bytes);
    return this;
  }

  sendJson(frame: Json): this {
    return this.send(JSON.stringify(frame));
  }

  /** Resolves when the listener has closed the connection, or it was never taken. */
  async turnedAway(): Promise<void> {
    await this.#closed;
  }

  async frame(): Promise<unknown> {
    while (this.frames.length === 0) await new Promise<void>((resolve) => (this.#arrived = resolve));
    return this.frames.shift();
  }
}

const rawCaller: NodeIdentity = { node: "raw", service: "raw", incarnation: "a".repeat(32) };

const { messagesInFlightMax, charsInFlightMax, messageCharsMax } = linkLimits;

/** A hello that is right, but for what `other` says. */
export const rawHello = (to: NodeIdentity, secret: string, other: { readonly [member: string]: Json } = {}): Json => ({
  atoll: "link",
  protocol: [1, 1],
  system: "trial",
  from: { ...rawCaller },
  to: { ...to },
  ticket: ticketFor(secret, "trial", rawCaller),
  allows: { messagesInFlightMax, charsInFlightMax, messageCharsMax, silentMs: 0 },
  hello: null,
  ...other,
});
