// A set of operations by their numbers, of which a search makes very many.

export class OperationSet {
  readonly #words: Uint32Array;

  constructor(size: number | Uint32Array) {
    this.#words = typeof size === "number" ? new Uint32Array((size + 31) >>> 5) : size;
  }

  has(number: number): boolean {
    return ((this.#at(number >>> 5) >>> (number & 31)) & 1) === 1;
  }

  add(number: number): void {
    this.#words[number >>> 5] = this.#at(number >>> 5) | (1 << (number & 31));
  }

  remove(number: number): void {
    this.#words[number >>> 5] = this.#at(number >>> 5) & ~(1 << (number & 31));
  }

  isWithin(other: OperationSet): boolean {
    return this.#words.every((word, i) => (word & ~other.#at(i)) === 0);
  }

  copy(): OperationSet {
    return new OperationSet(this.#words.slice());
  }

  /** The same for the same set of the same size. */
  text(): string {
    return this.#words.join();
  }

  #at(word: number): number {
    return this.#words[word] as number;
  }
}
