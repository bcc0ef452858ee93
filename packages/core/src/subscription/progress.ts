// How far a stream is done with: messages are taken in the order of the log, their tells end in any order, and the cursor is
// where the oldest begins that has not ended. Pure.
import { assert } from "../base/assert.ts";
import { Deque } from "../base/deque.ts";

/** A message of which something was told. */
export interface OpenMessage {
  /** Of its record. */
  readonly offset: number;
  /** Tells of it that are not done with. */
  left: number;
}

export class Progress {
  /** Everything below has been taken. */
  #taken: number;
  readonly #open = new Deque<OpenMessage>();

  constructor(from: number) {
    this.#taken = from;
  }

  /** Everything below is done with. */
  get cursor(): number {
    return this.#open.peek()?.offset ?? this.#taken;
  }

  /** Messages that are not done with, and those behind the oldest of them. */
  get ahead(): number {
    return this.#open.length;
  }

  /** Nothing below `offset` will come any more. */
  taken(offset: number): void {
    assert(offset >= this.#taken, "a log is taken in its order");
    this.#taken = offset;
  }

  /** A message at `offset` of which `tells` commands are told. */
  open(offset: number, tells: number): OpenMessage {
    const message: OpenMessage = { offset, left: tells };
    this.#open.push(message);
    return message;
  }

  /** One tell of the message is done with. */
  done(message: OpenMessage): void {
    message.left -= 1;
    while (this.#open.peek()?.left === 0) this.#open.shift();
  }
}
