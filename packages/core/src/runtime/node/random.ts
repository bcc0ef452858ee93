// Randomness of the machine. Identifiers come from the operating system's generator, fetched 4 kB at a time, because
// they must be unique across machines; `next` serves jitter and sampling and needs no more than the engine's own.
import { randomFillSync } from "node:crypto";
import type { Random } from "../runtime.ts";

const idBytes = 16;

export function nodeRandom(): Random {
  const pool = Buffer.allocUnsafeSlow(256 * idBytes);
  let used = pool.length;
  return {
    next: () => Math.random(),
    id: () => {
      if (used === pool.length) {
        randomFillSync(pool);
        used = 0;
      }
      used += idBytes;
      return pool.toString("hex", used - idBytes, used);
    },
  };
}
