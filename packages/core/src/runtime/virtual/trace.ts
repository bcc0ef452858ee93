// What happened in a virtual world: a running hash over everything (two runs of one seed that differ anywhere differ in
// it), the last entries for people to read, and reach marks, which count that a situation worth testing was reached.
import { fieldsText } from "../log-line.ts";
import type { LogFields } from "../runtime.ts";

/** One entry, kept raw: the text is made only when somebody reads it. */
interface Entry {
  readonly step: number;
  readonly timeMs: number;
  readonly source: string;
  readonly what: string;
  readonly more: LogFields | (() => void) | undefined;
}

/** Two lanes of MurmurHash3 (x86, 32 bit) with different seeds, over 32-bit words. */
class RunningHash {
  #a = 0x9747b28c | 0;
  #b = 0x5bd1e995 | 0;

  fold(word: number): void {
    let k = Math.imul(word | 0, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    const a = this.#a ^ k;
    this.#a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    let l = Math.imul(word | 0, 0x239b961b);
    l = Math.imul((l << 16) | (l >>> 16), 0x38b34ae5);
    const b = this.#b ^ l;
    this.#b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x0bcaa747) | 0;
  }

  get text(): string {
    return hex(finish(this.#a)) + hex(finish(this.#b));
  }
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");

function finish(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

export class Trace {
  readonly #hash = new RunningHash();
  readonly #ring: Entry[] = [];
  readonly #capacity: number;
  readonly #marks = new Map<string, number>();
  #entries = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** 16 hexadecimal digits; the same for the same seed and program, on any machine. */
  get hash(): string {
    return this.#hash.text;
  }

  /** How often each mark was reached; also every log event, under its name. */
  get marks(): ReadonlyMap<string, number> {
    return this.#marks;
  }

  /** `words`: what of the entry goes into the hash, besides its time. */
  event(step: number, timeMs: number, source: string, kind: string, task: () => void, words: readonly [number, number, number]): void {
    this.#foldTime(timeMs);
    for (const word of words) this.#hash.fold(word);
    this.#keep({ step, timeMs, source, what: kind, more: task });
  }

  /** `fields` are kept for people but not hashed: a stack says which machine it was. */
  text(step: number, timeMs: number, source: string, what: string, fields?: LogFields): void {
    this.#foldTime(timeMs);
    this.#foldText(source);
    this.#foldText(what);
    this.#keep({ step, timeMs, source, what, more: fields });
  }

  mark(name: string): void {
    this.#foldText(name);
    this.#marks.set(name, (this.#marks.get(name) ?? 0) + 1);
  }

  /** The last `max` entries, oldest first, one a line: step, virtual ms, process, what. */
  last(max: number): string {
    const lines: string[] = [];
    for (let i = Math.max(0, this.#entries - Math.min(max, this.#ring.length)); i < this.#entries; i++) {
      const { step, timeMs, source, what, more } = this.#ring[i % this.#capacity] as Entry;
      const detail = more === undefined ? "" : typeof more === "function" ? more.name : fieldsText(more);
      lines.push(
        `${String(step).padStart(7)}  ${String(timeMs).padStart(9)} ms  ${source.padEnd(12)} ${what}${detail === "" ? "" : ` ${detail}`}`,
      );
    }
    return lines.join("\n");
  }

  #keep(entry: Entry): void {
    this.#ring[this.#entries % this.#capacity] = entry;
    this.#entries += 1;
  }

  #foldTime(timeMs: number): void {
    this.#hash.fold(timeMs);
    this.#hash.fold(Math.floor(timeMs / 2 ** 32));
  }

  #foldText(text: string): void {
    this.#hash.fold(text.length);
    for (let i = 0; i < text.length; i++) this.#hash.fold(text.charCodeAt(i));
  }
}
