// A small seeded generator (sfc32, by Chris Doty-Humphrey, PractRand) for simulation, back-off jitter and tests. Not
// for secrets. The sequence is part of what makes a seed reproduce: golden values in the test keep it so.

/** Returns a function that yields uniformly distributed numbers in [0, 1), the same sequence for the same seed. */
export function prng(seed: number): () => number {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next(); // lets the seed reach every word of the state
  return next;
}
