// What happened in one run, for people: who asked whom what under which id, what was decided, what was committed where, which
// faults there were, in their order and with their virtual times. Written only where somebody will read it, and no event
// itself: a run that is told is the same run.
import type { VirtualWorld } from "@atoll/core/runtime/virtual";

interface Entry {
  readonly timeMs: number;
  readonly step: number;
  readonly who: string;
  readonly what: string;
}

/** Entries that are kept; what comes later is only counted. */
const entriesMax = 20_000;
const whoWidthMax = 24;

export class Story {
  readonly #world: VirtualWorld;
  readonly #entries: Entry[] = [];
  /** Short names of command ids, in the order in which they were first told. */
  readonly #names = new Map<string, string>();
  #left = 0;

  constructor(world: VirtualWorld) {
    this.#world = world;
  }

  tell(who: string, what: string): void {
    const { timeMs, steps } = this.#world;
    if (this.#entries.length < entriesMax) this.#entries.push({ timeMs, step: steps, who, what });
    else this.#left += 1;
  }

  /** The short name under which a command goes here, the same at every repetition: `#2`; `#2.1` is what #2 asked first. */
  name(id: string): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const dot = id.lastIndexOf("/");
    const parent = dot > 0 ? this.#names.get(id.slice(0, dot)) : undefined;
    const name =
      parent === undefined
        ? `#${[...this.#names.values()].filter((other) => !other.includes(".")).length + 1}`
        : `${parent}.${id.slice(dot + 1)}`;
    this.#names.set(id, name);
    return name;
  }

  /** One a line: virtual ms, step, who, what. */
  lines(): readonly string[] {
    const width = Math.min(whoWidthMax, Math.max(0, ...this.#entries.map(({ who }) => who.length)));
    const lines = this.#entries.map(
      ({ timeMs, step, who, what }) => `${String(timeMs).padStart(7)} ms ${String(step).padStart(6)}  ${who.padEnd(width)}  ${what}`,
    );
    return this.#left === 0 ? lines : [...lines, `… and ${this.#left} more`];
  }
}
