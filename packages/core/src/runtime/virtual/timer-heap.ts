// The timers of a virtual world that are not due yet, earliest first, in a binary heap. Events know their place in it,
// so that a cancelled timer leaves at once: a deadline of ten seconds that is met after one must not stay for nine.
import type { VirtualEvent } from "./virtual-event.ts";

export class TimerHeap {
  readonly #events: VirtualEvent[] = [];

  get length(): number {
    return this.#events.length;
  }

  peek(): VirtualEvent | undefined {
    return this.#events[0];
  }

  push(event: VirtualEvent): void {
    this.#events.push(event);
    this.#rise(event, this.#events.length - 1);
  }

  remove(event: VirtualEvent): void {
    const index = event.heapIndex;
    if (index < 0) return;
    event.heapIndex = -1;
    const last = this.#events.pop() as VirtualEvent;
    if (last === event) return;
    this.#rise(last, index);
    this.#sink(last, last.heapIndex);
  }

  /** In no particular order. */
  find(matches: (event: VirtualEvent) => boolean): VirtualEvent | undefined {
    return this.#events.find(matches);
  }

  removeAll(matches: (event: VirtualEvent) => boolean): void {
    for (const event of this.#events.filter(matches)) this.remove(event);
  }

  #rise(event: VirtualEvent, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#events[parentIndex] as VirtualEvent;
      if (!before(event, parent)) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(event, index);
  }

  #sink(event: VirtualEvent, from: number): void {
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = this.#events[childIndex];
      if (!child) break;
      const other = this.#events[childIndex + 1];
      if (other && before(other, child)) {
        child = other;
        childIndex += 1;
      }
      if (!before(child, event)) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(event, index);
  }

  #place(event: VirtualEvent, index: number): void {
    this.#events[index] = event;
    event.heapIndex = index;
  }
}

const before = (a: VirtualEvent, b: VirtualEvent): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.id < b.id);
