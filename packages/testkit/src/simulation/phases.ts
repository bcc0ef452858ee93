// The two phases of a run. Safety: faults happen, and nothing may break that must always hold. Liveness: the faults have ended,
// and the system must come to rest within a bound; it begins with the first `settle`, or with the end of the scenario.
import { BrokenLaw } from "@atoll/core/journal/simulated";
import type { VirtualWorld } from "@atoll/core/runtime/virtual";
import { passing } from "./waiting.ts";
import type { Weather } from "./weather.ts";

export interface Phases {
  /** `ms`, `steps`: until the faults ended, or it broke before that. */
  readonly safety: { readonly ms: number; readonly steps: number; readonly faults: number };
  /** Undefined: the run did not get there. `restMs`: the longest that a rest was waited for; undefined: none came. */
  readonly liveness: { readonly ms: number; readonly restMs: number | undefined } | undefined;
}

/** Looked at this often (virtual ms). */
const settleLookMs = 100;

export class Settling {
  readonly #world: VirtualWorld;
  readonly #weather: Weather;
  readonly #withinMs: number;
  #restMs: number | undefined;

  /** `withinMs`: after the last fault everything is at rest within this. */
  constructor(world: VirtualWorld, weather: Weather, withinMs: number) {
    this.#world = world;
    this.#weather = weather;
    this.#withinMs = withinMs;
  }

  /** Ends the faults and waits until `unrest` says nothing. Throws a `BrokenLaw` with what it says at the end of the bound. */
  async settle(unrest: () => string | undefined): Promise<void> {
    const world = this.#world;
    this.#weather.clear();
    const sinceMs = world.timeMs;
    for (;;) {
      const why = unrest();
      if (why === undefined) break;
      if (world.timeMs >= sinceMs + this.#withinMs)
        throw new BrokenLaw("settles", `${this.#withinMs} virtual ms after the last fault ${why}`);
      await passing(world, settleLookMs);
    }
    this.#restMs = Math.max(this.#restMs ?? 0, world.timeMs - sinceMs);
  }

  get phases(): Phases {
    const { ended, schedule } = this.#weather;
    const { steps, timeMs } = this.#world;
    return {
      safety: { ms: ended?.timeMs ?? timeMs, steps: ended?.steps ?? steps, faults: schedule.length },
      liveness: ended && { ms: timeMs - ended.timeMs, restMs: this.#restMs },
    };
  }
}

/** For people. */
export function phasesText({ safety, liveness }: Phases): string {
  const first = `safety: ${safety.ms} ms, ${safety.steps} events, ${safety.faults} ${safety.faults === 1 ? "fault" : "faults"}`;
  if (!liveness) return `${first}; it broke in there, before the faults ended`;
  const { ms, restMs } = liveness;
  return `${first}; liveness: ${restMs === undefined ? `no rest within ${ms} ms` : `at rest after ${restMs} ms`}`;
}
