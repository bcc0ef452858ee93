// Strong reads whose answer rests on what is committed, and which wait only to hear that the partition was still owned after they came.
import type { Message } from "../mailbox/index.ts";

/** Whether it was; true at once where nobody else can own it. Does not reject. */
export type Confirmed = true | Promise<boolean>;

export class Unconfirmed {
  /** In order of arrival. Most entities have none. */
  #messages: Set<Message> | undefined;

  /** Resolves with undefined if the message was taken out meanwhile. */
  async add(message: Message, confirmed: Confirmed): Promise<boolean | undefined> {
    this.#messages ??= new Set();
    this.#messages.add(message);
    const owned = await confirmed;
    return this.#messages.delete(message) ? owned : undefined;
  }

  takeAll(): readonly Message[] {
    const messages = [...(this.#messages ?? [])];
    this.#messages?.clear();
    return messages;
  }
}
