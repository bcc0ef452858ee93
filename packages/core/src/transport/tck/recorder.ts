// A handler that remembers everything, and says so at once when something comes after the end (T4).
import assert from "node:assert/strict";
import type { Json } from "../../contract/index.ts";
import type { Link, LinkHandler, LinkLoss } from "../transport.ts";

export class Recorder implements LinkHandler {
  readonly link: Link;
  readonly messages: Json[] = [];
  readonly losses: LinkLoss[] = [];
  rooms = 0;
  /** What this end has called `close` on delivers nothing any more. */
  closing = false;
  /** Called after a message was recorded. */
  onMessage: (message: Json) => void = () => {};
  onRoom: () => void = () => {};
  readonly #broken: string[] = [];
  #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(link: Link) {
    this.link = link;
  }

  message(message: Json): void {
    if (this.losses.length > 0 || this.closing) this.#broken.push("a message after the end");
    this.messages.push(message);
    this.onMessage(message);
    this.#look();
  }

  room(): void {
    if (this.losses.length > 0 || this.closing) this.#broken.push("room after the end");
    this.rooms += 1;
    this.onRoom();
    this.#look();
  }

  closed(loss: LinkLoss): void {
    if (this.losses.length > 0) this.#broken.push("closed twice");
    this.losses.push(loss);
    this.#look();
  }

  close(why?: string): void {
    this.closing = true;
    this.link.close(why);
  }

  /** Resolves once it holds, looked at whenever something has been recorded. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ holds, resolve }));
  }

  arrived(count: number): Promise<void> {
    return this.until(() => this.messages.length >= count);
  }

  /** What T4 forbids and has happened; to be looked at in the end. */
  get broken(): readonly string[] {
    return this.#broken;
  }

  async loss(): Promise<LinkLoss> {
    await this.until(() => this.losses.length > 0);
    assert.deepEqual(this.#broken, []);
    return this.losses[0] as LinkLoss;
  }

  /** Sends all, as fast as there is room. */
  async sendAll(messages: Iterable<Json>): Promise<void> {
    for (const message of messages) {
      while (!this.link.send(JSON.stringify(message))) {
        const { rooms } = this;
        await this.until(() => this.rooms > rooms || this.losses.length > 0);
        if (this.losses.length > 0) return;
      }
    }
  }

  #look(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      if (one.holds()) one.resolve();
      else this.#waiting.push(one);
    }
  }
}
