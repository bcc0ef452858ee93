// Alarms of sagas that wait for room in memory, in order.
import { Deque } from "../../base/deque.ts";

interface Turn {
  readonly partition: number;
  readonly come: () => void;
}

export class Turns {
  readonly #waiting = new Deque<Turn>();

  get length(): number {
    return this.#waiting.length;
  }

  /** Resolves when there is room, or nothing to wait for any more. */
  wait(partition: number): Promise<void> {
    return new Promise((come) => this.#waiting.push({ partition, come }));
  }

  /** There is room for one. */
  next(): void {
    this.#waiting.shift()?.come();
  }

  /** Those of the partition, or all, need not wait any more. */
  end(partition?: number): void {
    for (let left = this.#waiting.length; left > 0; left--) {
      const turn = this.#waiting.shift() as Turn;
      if (partition === undefined || turn.partition === partition) turn.come();
      else this.#waiting.push(turn);
    }
  }
}
