// Frames as bytes: four bytes of length, the most significant first, then that many bytes of UTF-8, which are one JSON value.
// Measured (ADR 0027): decoding UTF-8 is as fast as latin1 in Node 24, so there is one way to read; writing what is ASCII as
// latin1 is twice as fast, so there are two ways to write.
import { isUtf8 } from "node:buffer";

const lengthBytes = 4;
const bytesPerCharMax = 3;
/** Of the room for a frame that has not arrived as a whole: grows with what arrives, never with what is announced. */
const firstBytes = 4_096;

export function bytesOf(frame: string): Buffer {
  const length = Buffer.byteLength(frame);
  const bytes = Buffer.allocUnsafe(lengthBytes + length);
  bytes.writeUInt32BE(length);
  bytes.write(frame, lengthBytes, length === frame.length ? "latin1" : "utf8");
  return bytes;
}

/** Where frames go. */
export interface FrameSink {
  /** Nothing more is wanted; what is left of a chunk is dropped. */
  readonly isOver: boolean;
  /** The longest frame that may come now. */
  readonly frameCharsMax: number;
  received(frame: unknown, chars: number): void;
  /** What arrived is no frame. Then nothing more is given. */
  garbled(why: string): void;
}

/** Cuts what arrives into frames. Holds at most one frame that is not complete. */
export class FrameReader {
  readonly #sink: FrameSink;
  /** The beginning of a frame, `#heldBytes` of it. */
  #held = Buffer.alloc(0);
  #heldBytes = 0;
  #garbled = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length && this.#wantsMore) {
      const end = this.#heldBytes === 0 ? this.#endOf(chunk, from, chunk.length) : undefined;
      if (end === undefined) from += this.#hold(chunk, from);
      else {
        this.#give(chunk, from + lengthBytes, end);
        from = end;
      }
    }
  }

  get #wantsMore(): boolean {
    return !this.#garbled && !this.#sink.isOver;
  }

  /** Where the frame that begins at `from` ends; undefined if that is not within the bytes that are there. */
  #endOf(bytes: Buffer, from: number, available: number): number | undefined {
    if (available - from < lengthBytes) return undefined;
    const length = bytes.readUInt32BE(from);
    const bytesMax = bytesPerCharMax * this.#sink.frameCharsMax;
    if (length > bytesMax) {
      this.#garble(`a frame of ${length} bytes was announced, ${bytesMax} are allowed`);
      return undefined;
    }
    const end = from + lengthBytes + length;
    return end <= available ? end : undefined;
  }

  /** Adds what the frame that is not complete still needs, and gives it once it is. Returns how many bytes it has used. */
  #hold(chunk: Buffer, from: number): number {
    if (this.#garbled) return chunk.length;
    const needed = this.#heldBytes < lengthBytes ? lengthBytes : lengthBytes + this.#held.readUInt32BE(0);
    const used = Math.min(needed - this.#heldBytes, chunk.length - from);
    this.#makeRoom(this.#heldBytes + used);
    chunk.copy(this.#held, this.#heldBytes, from, from + used);
    this.#heldBytes += used;
    const end = this.#endOf(this.#held, 0, this.#heldBytes);
    if (end !== undefined) {
      const frame = this.#held;
      this.#held = Buffer.alloc(0);
      this.#heldBytes = 0;
      this.#give(frame, lengthBytes, end);
    }
    return used;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#held.length) return;
    const larger = Buffer.allocUnsafe(Math.max(firstBytes, bytes, Math.min(2 * this.#held.length, 2 * bytes)));
    this.#held.copy(larger, 0, 0, this.#heldBytes);
    this.#held = larger;
  }

  #give(bytes: Buffer, from: number, to: number): void {
    const text = bytes.toString("utf8", from, to);
    if (text.length > this.#sink.frameCharsMax) return this.#garble(`a frame has ${text.length} characters`);
    let frame: unknown;
    try {
      // What stands for a byte that is no UTF-8 may also have been sent as such.
      if (text.includes("\ufffd") && !isUtf8(bytes.subarray(from, to))) return this.#garble("a frame is not UTF-8");
      frame = JSON.parse(text);
    } catch {
      return this.#garble("a frame is not JSON");
    }
    this.#sink.received(frame, text.length);
  }

  #garble(why: string): void {
    this.#garbled = true;
    this.#held = Buffer.alloc(0);
    this.#heldBytes = 0;
    this.#sink.garbled(why);
  }
}
