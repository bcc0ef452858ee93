// Which entities the index surely does not know (J13): a Bloom filter over its keys, in memory that two threads share. The worker
// adds a key before it stores it, the main thread asks without asking the worker. An entity that is new, as most orders and sagas are, then costs
// no look-up. What is added is never taken out, so that a file opened anew, or an update that failed, does it no harm.
//
// All bits of one key lie in one block, the size of a cache line: a question touches one line, and memory that no key has
// touched is never taken from the system.
import { keyHash } from "../../base/hash.ts";

/** 8 bits a key for two million keys: 3 in a hundred new ones are looked up in vain; of four million, some 15. */
export const keyFilterBytes = 2 * 2 ** 20;
const wordsPerBlock = 16;
const blocks = keyFilterBytes / 4 / wordsPerBlock;
const bitsPerKey = 5;
const bitsMask = wordsPerBlock * 32 - 1;

export class KeyFilter {
  readonly #words: Int32Array;

  /** `memory`: `keyFilterBytes`, zero at first. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  add(type: string, key: string): void {
    const { a, b } = keyHash(type, key);
    const block = (a % blocks) * wordsPerBlock;
    for (let i = 0, bit = b; i < bitsPerKey; i++, bit += stride(b)) {
      const word = block + ((bit & bitsMask) >>> 5);
      Atomics.or(this.#words, word, 1 << (bit & 31));
    }
  }

  /** False: it was certainly not added. */
  mayHold(type: string, key: string): boolean {
    const { a, b } = keyHash(type, key);
    const block = (a % blocks) * wordsPerBlock;
    for (let i = 0, bit = b; i < bitsPerKey; i++, bit += stride(b)) {
      const word = Atomics.load(this.#words, block + ((bit & bitsMask) >>> 5));
      if ((word & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}

/** Odd, so that no bit of a key falls on another of its own. */
const stride = (b: number): number => (b >>> 9) | 1;
