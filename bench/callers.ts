// Callers in a closed loop: each asks again as soon as it has its answer, and not before.
import type { Latencies } from "./measure.ts";

export type Ask = (caller: number) => Promise<unknown>;

/** Answers per second of `callers` that ask for `ms`. For answers that take long enough for a look at the clock to be nothing. */
export async function askDuring(ms: number, callers: number, ask: Ask, latencies?: Latencies): Promise<number> {
  const startMs = performance.now();
  const endMs = startMs + ms;
  let answers = 0;
  const caller = async (i: number): Promise<void> => {
    for (let askedMs = startMs; askedMs < endMs;) {
      await ask(i);
      const answeredMs = performance.now();
      latencies?.record(answeredMs - askedMs);
      answers += 1;
      askedMs = answeredMs;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, i) => caller(i)));
  return (answers / (performance.now() - startMs)) * 1_000;
}

/** Answers per second when each of `callers` asks `times`. The clock is read twice in all. */
export async function askTimes(times: number, callers: number, ask: Ask): Promise<number> {
  const startMs = performance.now();
  const caller = async (i: number): Promise<void> => {
    for (let asked = 0; asked < times; asked++) await ask(i);
  };
  await Promise.all(Array.from({ length: callers }, (_, i) => caller(i)));
  return ((times * callers) / (performance.now() - startMs)) * 1_000;
}

/** Whole numbers from 0 to `n` - 1, the same at every run for the same `seed`; for choosing keys. */
export function numbersBelow(n: number, seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b9) ^ 0x85ebca6b) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}
