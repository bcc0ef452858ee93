// Rounds, samples and rows: what every benchmark is made of. Sides of a comparison run in turns (A B C A B C …) within one
// process and one minute, so that whatever else the machine does meets all of them alike; the median of the rounds counts,
// and the spread of the rounds is shown beside it.
import assert from "node:assert/strict";
import { createHistogram } from "node:perf_hooks";

/** One side: a figure per round, in the order in which they were taken. */
export interface Sample {
  readonly rounds: readonly number[];
  readonly median: number;
}

export type Unit = "/s" | "ms" | "us" | "B";

export type Aim =
  /** Bounds on our own figure, in the row's unit. */
  | { readonly kind: "at-least"; readonly value: number }
  | { readonly kind: "at-most"; readonly value: number }
  /** Bounds on our figure divided by the one named. */
  | { readonly kind: "ratio-at-least"; readonly value: number; readonly to: string }
  | { readonly kind: "ratio-at-most"; readonly value: number; readonly to: string };

/** What a benchmark says: our figure, the bare ones beside it, and what was aimed at. */
export interface Row {
  /** Unique and stable: the history is kept by it. */
  readonly name: string;
  readonly unit: Unit;
  readonly ours: Sample;
  readonly bare: readonly { readonly name: string; readonly sample: Sample; readonly details?: Details }[];
  readonly aim?: Aim;
  readonly details?: Details;
  /** What was to stand beside it and could not be measured, and why. */
  readonly absent?: readonly Absent[];
}

/** Further figures of a side, by name; `_ms`, `_us` and `_bytes` at the end of a name say the unit. */
export interface Details {
  readonly [name: string]: number;
}

export interface Absent {
  readonly name: string;
  /** For people, with the way to have it measured. */
  readonly why: string;
}

export const sampleOf = (rounds: readonly number[]): Sample => ({ rounds, median: medianOf(rounds) });

function medianOf(values: readonly number[]): number {
  assert(values.length > 0, "a sample has at least one round");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Half the distance between the worst and the best round, as a part of the median. */
export const spreadOf = ({ median, rounds }: Sample): number =>
  median === 0 ? 0 : (Math.max(...rounds) - Math.min(...rounds)) / 2 / median;

/**
 * Ours divided by the figure beside it: the median of the rounds' own ratios, because what disturbs a round disturbs both
 * of its sides. Sides that were not taken in the same rounds are compared by their medians.
 */
export function ratioOf({ ours }: Row, { sample }: Row["bare"][number]): number {
  if (ours.rounds.length !== sample.rounds.length) return ours.median / sample.median;
  return medianOf(ours.rounds.map((figure, round) => figure / (sample.rounds[round] as number)));
}

/** Undefined where there is no aim. */
export function isMet(row: Row): boolean | undefined {
  const { aim, ours } = row;
  if (!aim) return undefined;
  if (aim.kind === "at-least") return ours.median >= aim.value;
  if (aim.kind === "at-most") return ours.median <= aim.value;
  const bare = row.bare.find(({ name }) => name === aim.to);
  assert(bare, `row "${row.name}" aims at a ratio to "${aim.to}", which is not beside it`);
  return aim.kind === "ratio-at-least" ? ratioOf(row, bare) >= aim.value : ratioOf(row, bare) <= aim.value;
}

/** Runs one round of a side and gives its figure. */
export type Side = (round: number) => number | Promise<number>;

/** One round of each side that does not count, then `rounds` rounds in turns. */
export async function interleave<const N extends string>(
  rounds: number,
  sides: { readonly [name in N]: Side },
): Promise<{ readonly [name in N]: Sample }> {
  const entries = Object.entries(sides) as [N, Side][];
  const values = new Map<N, number[]>(entries.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of entries) {
      const value = await run(round);
      if (round > 0) values.get(name)?.push(value);
    }
  }
  return Object.fromEntries([...values].map(([name, rows]) => [name, sampleOf(rows)])) as { [name in N]: Sample };
}

/** Beside a row: samples by the name that stands in the table. */
export const beside = (samples: { readonly [name: string]: Sample }): Row["bare"] =>
  Object.entries(samples).map(([name, sample]) => ({ name, sample }));

/** Times of answers, from 1 µs to an hour. */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: 3_600_000_000 });

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1_000)));
  }

  /** Forgets the round that does not count. */
  startRound(round: number): void {
    if (round <= 1) this.#histogram.reset();
  }

  details(): { readonly p50_ms: number; readonly p99_ms: number } {
    return { p50_ms: this.#histogram.percentile(50) / 1_000, p99_ms: this.#histogram.percentile(99) / 1_000 };
  }
}
