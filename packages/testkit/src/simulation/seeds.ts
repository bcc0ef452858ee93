// Which seeds run. The environment may name one (ATOLL_SEED, to reproduce) or say how many (ATOLL_SEEDS).
import { Failure } from "@atoll/core";
import { environment } from "@atoll/core/runtime/node";

export interface Seeds {
  readonly seeds: readonly number[];
  /** One was named. */
  readonly named: boolean;
}

/** Seeds from 1; 0 is the run without faults, and may be named too. Throws INVALID_CONFIG. */
export function chosenSeeds(count: number): Seeds {
  const one = whole("ATOLL_SEED", 0);
  if (one !== undefined) return { seeds: one === 0 ? [] : [one], named: true };
  return { seeds: Array.from({ length: whole("ATOLL_SEEDS", 1) ?? count }, (_, i) => i + 1), named: false };
}

function whole(name: string, min: number): number | undefined {
  const text = environment()[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new Failure("INVALID_CONFIG", { what: `${name} is a whole number from ${min}, not "${text}"`, at: "simulate" });
}
