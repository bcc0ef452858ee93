// Randomness out of a seed. Every process of a world has a stream of its own, so that what one draws does not change
// what another gets.
import { hash32 } from "../../base/hash.ts";
import { prng } from "../../base/prng.ts";
import type { Random } from "../runtime.ts";

export function seededRandom(seed: number, stream: string): Random {
  const next = prng(hash32(`${seed}/${stream}`));
  const word = (): string =>
    Math.floor(next() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return { next, id: () => word() + word() + word() + word() };
}
