// The flags of the commands that kill: how long, and the seed of what is random.
import { parseArgs } from "node:util";
import { Kill9Error } from "./victim.ts";

export interface Length {
  /** Name of the flag, and the unit. */
  readonly flag: string;
  readonly standard: number;
  readonly min: number;
  readonly max: number;
}

export interface Options {
  /** In the unit of its flag. */
  readonly length: number;
  readonly seed: number;
}

/** Throws for anything that is not right, an unknown flag included. */
export function optionsFrom(args: readonly string[], { flag, standard, min, max }: Length): Options {
  const { values } = parseArgs({ args: [...args], options: { [flag]: { type: "string" }, seed: { type: "string" } } });
  const length = Number(values[flag] ?? standard);
  const seed = Number(values["seed"] ?? process.pid);
  if (!(length >= min && length <= max)) throw new Kill9Error(`--${flag} is a number from ${min} to ${max}`);
  if (!Number.isSafeInteger(seed)) throw new Kill9Error("--seed is a whole number");
  return { length, seed };
}
