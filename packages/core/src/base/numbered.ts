// What is open under whole numbers that somebody counts up, such as the requests of a link. A Map would do, were it not for the garbage
// collector: each time a Map makes room it leaves its old table behind, which, once it is old itself, keeps all that it held
// from being collected young. Measured with 100 requests open: a third of all that they were made of grew old, and a quarter of the
// CPU went into it. Here a slot that is freed holds nothing.
//
// Open addressing with linear probing; what follows a freed slot moves up, so there are no tombstones (Knuth, 6.4, algorithm R).

const free = -1;
/** Slots of one that is empty; always a power of two. */
const slotsMin = 16;

export class Numbered<T> {
  #numbers: number[];
  #items: (T | undefined)[];
  #size = 0;

  constructor() {
    [this.#numbers, this.#items] = tables(slotsMin);
  }

  get size(): number {
    return this.#size;
  }

  has(number: number): boolean {
    return this.#numbers[this.#slotOf(number)] === number;
  }

  get(number: number): T | undefined {
    return this.#items[this.#slotOf(number)];
  }

  /** `number`: a whole one from 0. */
  set(number: number, item: T): void {
    let slot = this.#slotOf(number);
    if (this.#numbers[slot] === free) {
      if (2 * this.#size >= this.#numbers.length) {
        this.#grow();
        slot = this.#slotOf(number);
      }
      this.#size += 1;
      this.#numbers[slot] = number;
    }
    this.#items[slot] = item;
  }

  /** Whether there was one. */
  delete(number: number): boolean {
    let gap = this.#slotOf(number);
    if (this.#numbers[gap] === free) return false;
    this.#size -= 1;
    const numbers = this.#numbers;
    const items = this.#items;
    const last = numbers.length - 1;
    for (let slot = (gap + 1) & last; numbers[slot] !== free; slot = (slot + 1) & last) {
      const distance = (slot - homeOf(numbers[slot] as number, numbers.length)) & last;
      if (distance < ((slot - gap) & last)) continue; // it would come before its home
      numbers[gap] = numbers[slot] as number;
      items[gap] = items[slot];
      gap = slot;
    }
    numbers[gap] = free;
    items[gap] = undefined;
    return true;
  }

  clear(): void {
    [this.#numbers, this.#items] = tables(slotsMin);
    this.#size = 0;
  }

  /** By number. */
  entries(): [number, T][] {
    const entries: [number, T][] = [];
    for (const [slot, number] of this.#numbers.entries()) if (number !== free) entries.push([number, this.#items[slot] as T]);
    return entries.sort(([a], [b]) => a - b);
  }

  #slotOf(number: number): number {
    const numbers = this.#numbers;
    const last = numbers.length - 1;
    let slot = homeOf(number, numbers.length);
    while (numbers[slot] !== number && numbers[slot] !== free) slot = (slot + 1) & last;
    return slot;
  }

  #grow(): void {
    const entries = this.entries();
    [this.#numbers, this.#items] = tables(2 * this.#numbers.length);
    for (const [number, item] of entries) {
      const slot = this.#slotOf(number);
      this.#numbers[slot] = number;
      this.#items[slot] = item;
    }
  }
}

const homeOf = (number: number, slots: number): number => number % slots;

function tables<T>(slots: number): [number[], (T | undefined)[]] {
  return [new Array<number>(slots).fill(free), new Array<T | undefined>(slots).fill(undefined)];
}
