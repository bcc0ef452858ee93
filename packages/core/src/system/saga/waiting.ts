// The callers that wait for the outcome of a saga. A caller's deadline ends its waiting and nothing else.
import type { Deadlines, Message } from "../../mailbox/index.ts";

export class Waiting {
  readonly #deadlines: Deadlines;
  readonly #messages = new Map<string, Set<Message>>();
  #size = 0;

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  get size(): number {
    return this.#size;
  }

  has(key: string): boolean {
    return this.#messages.has(key);
  }

  add(message: Message): void {
    if (message.settled) return;
    const { key } = message;
    const waiting = this.#messages.get(key);
    if (waiting) waiting.add(message);
    else this.#messages.set(key, new Set([message]));
    this.#size += 1;
    message.onSettled = () => this.#remove(key, message);
    this.#deadlines.watch(message);
  }

  settle(key: string, answer: (message: Message) => void): void {
    for (const message of this.#messages.get(key) ?? []) answer(message);
  }

  /** Nobody here waits for these any more: each is handed over as it came. */
  release(of: (key: string) => boolean, take: (message: Message) => void): void {
    for (const [key, messages] of this.#messages) {
      if (!of(key)) continue;
      for (const message of messages) {
        message.onSettled = undefined;
        this.#remove(key, message);
        take(message);
      }
    }
  }

  #remove(key: string, message: Message): void {
    const waiting = this.#messages.get(key);
    if (!waiting?.delete(message)) return;
    this.#size -= 1;
    if (waiting.size === 0) this.#messages.delete(key);
  }
}
