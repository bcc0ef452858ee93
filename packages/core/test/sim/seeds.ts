// Which seeds a simulation runs: ATOLL_SEED names one (to reproduce), ATOLL_SEEDS says how many. A failing seed prints
// the command that reproduces it.
import { AssertionError } from "node:assert";
import { environment } from "@atoll/core/runtime/node";

const whole = (name: string): number | undefined => {
  const text = environment()[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new AssertionError({ message: `${name} is a whole number, not "${text}"` });
  return value;
};

/** Runs `scenario` for each seed. Reach marks of all runs together must include `mustReach`, unless one seed was named. */
export async function eachSeed(
  name: string,
  count: number,
  mustReach: readonly string[],
  scenario: (seed: number) => Promise<ReadonlyMap<string, number>>,
): Promise<void> {
  const one = whole("ATOLL_SEED");
  const seeds = one === undefined ? Array.from({ length: whole("ATOLL_SEEDS") ?? count }, (_, i) => i + 1) : [one];
  const reached = new Map<string, number>();
  for (const seed of seeds) {
    try {
      for (const [mark, times] of await scenario(seed)) reached.set(mark, (reached.get(mark) ?? 0) + times);
    } catch (error) {
      const message = `seed ${seed} of "${name}" fails; reproduce with: npm run sim -- --seed ${seed} --name "${name}"\n${error instanceof Error ? error.message : String(error)}`;
      throw new AssertionError({ message, ...(error instanceof Error ? { operator: error.stack ?? "" } : {}) });
    }
  }
  if (one !== undefined) return;
  const missed = mustReach.filter((mark) => !reached.has(mark));
  if (missed.length > 0)
    throw new AssertionError({
      message: `${seeds.length} seeds of "${name}" never reached ${missed.join(", ")}; they reached ${[...reached.keys()].join(", ")}`,
    });
}
