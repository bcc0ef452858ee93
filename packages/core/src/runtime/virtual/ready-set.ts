// The events of one process that could run now. Taking one costs the same however many there are: the one chosen
// changes places with the oldest, so the rest stays roughly in the order in which it came.
import type { VirtualEvent } from "./virtual-event.ts";

export class ReadySet {
  #events: VirtualEvent[] = [];
  #head = 0;

  get length(): number {
    return this.#events.length - this.#head;
  }

  add(event: VirtualEvent): void {
    this.#events.push(event);
  }

  /** `chance` in [0, 1); 0 takes the oldest. Only while `length` > 0. */
  take(chance: number): VirtualEvent {
    const events = this.#events;
    const index = this.#head + Math.floor(chance * (events.length - this.#head));
    const event = events[index] as VirtualEvent;
    events[index] = events[this.#head] as VirtualEvent;
    this.#head += 1;
    if (this.#head === events.length) {
      events.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1_024 && this.#head * 2 >= events.length) {
      events.splice(0, this.#head);
      this.#head = 0;
    }
    return event;
  }

  clear(): void {
    this.#events = [];
    this.#head = 0;
  }
}
