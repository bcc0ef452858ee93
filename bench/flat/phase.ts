// What is measured while something is so: rounds of it taken in turns with rounds of something else, and put together here.
import assert from "node:assert/strict";

/** What the process occupies after a forced collection. */
export interface Memory {
  /** Since its phase began, without the rounds of others (ms). */
  readonly atMs: number;
  /** Objects and buffers. */
  readonly heapBytes: number;
  readonly rssBytes: number;
}

export interface PhaseFigures {
  readonly name: string;
  readonly perSecond: number;
  readonly commands: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Highest of all samples. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** Of the straight line through the samples' heaps. */
  readonly slopeBytesPerMinute: number;
  /** What waited, at its highest, in words. */
  readonly queued: string;
}

export class Phase {
  readonly name: string;
  readonly #latenciesMs: number[] = [];
  readonly #rates: number[] = [];
  readonly #samples: Memory[] = [];
  readonly #queued = new Map<string, number>();
  #roundMs = 0;
  #startMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  startRound(): void {
    this.#startMs = performance.now();
    this.#roundMs = this.#samples.at(-1)?.atMs ?? 0;
  }

  /** `queued`: what waits now, by what it is. */
  sample(queued: { readonly [what: string]: number }): void {
    assert(globalThis.gc, "run with --expose-gc");
    const atMs = this.#roundMs + performance.now() - this.#startMs;
    globalThis.gc();
    const { heapUsed, external, rss } = process.memoryUsage();
    this.#samples.push({ atMs, heapBytes: heapUsed + external, rssBytes: rss });
    for (const [what, count] of Object.entries(queued)) this.#queued.set(what, Math.max(count, this.#queued.get(what) ?? 0));
  }

  answered({ latenciesMs, perSecond }: { readonly latenciesMs: readonly number[]; readonly perSecond: number }): void {
    for (const ms of latenciesMs) this.#latenciesMs.push(ms);
    this.#rates.push(perSecond);
  }

  figures(): PhaseFigures {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b);
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
    return {
      name: this.name,
      perSecond: this.#rates.reduce((sum, rate) => sum + rate, 0) / this.#rates.length,
      commands: sorted.length,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      heapBytes: Math.max(...this.#samples.map(({ heapBytes }) => heapBytes)),
      rssBytes: Math.max(...this.#samples.map(({ rssBytes }) => rssBytes)),
      slopeBytesPerMinute: slopeOf(this.#samples) * 60_000,
      queued: [...this.#queued].map(([what, count]) => `${count.toLocaleString("en")} ${what}`).join(", "),
    };
  }
}

/** Bytes a millisecond, by least squares; 0 for less than two samples. */
export function slopeOf(samples: readonly Pick<Memory, "atMs" | "heapBytes">[]): number {
  const mean = (of: (sample: Pick<Memory, "atMs" | "heapBytes">) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [atMs, heapBytes] = [mean((sample) => sample.atMs), mean((sample) => sample.heapBytes)];
  const spread = mean((sample) => (sample.atMs - atMs) ** 2);
  return spread > 0 ? mean((sample) => (sample.atMs - atMs) * (sample.heapBytes - heapBytes)) / spread : 0;
}
