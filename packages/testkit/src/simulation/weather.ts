// What goes wrong in one run, and when: drawn whole from the seed before the run begins, carried out between two events,
// and written down as it happens. Moments are counted in events of the process's life, because that is what a program
// consists of; virtual time stands still while it works.
import { Failure } from "@atoll/core";
import { type FaultRates, noFaults, type PlannedFault, type SimulatedDisk } from "@atoll/core/journal/simulated";
import { seededRandom, type VirtualWorld } from "@atoll/core/runtime/virtual";
import type { Machine } from "./machine.ts";
import { type Fault, faultKinds } from "./world.ts";

interface Crash {
  /** Events that the process lives, its start included. */
  readonly afterSteps: number;
  readonly downMs: number;
}

/** From an event of the run on the disk is in another mood: until one fault has come of it, or for a while. */
interface Mood {
  readonly afterSteps: number;
  readonly lasts: "one fault" | { readonly ms: number };
  readonly kind: Fault;
  readonly rates: Partial<FaultRates>;
}

interface Forecast {
  readonly crashes: readonly Crash[];
  /** In the order in which they come. */
  readonly moods: readonly Mood[];
  /** Between moods. */
  readonly rates: FaultRates;
  /** Chance that a command is delivered twice. */
  readonly duplicates: number;
}

/**
 * Faults of one run. Few and short enough that a call with ten seconds finds calm between them, and that a start, which asks the
 * journal for every partition, succeeds before long.
 */
const crashesMax = 3;
const glitchesMax = 8;
const stormsMax = 2;
const downMsMax = 500;
const stormMsMax = 1_000;
/** A crash soon after a start falls into the recovery. */
const earlyStepsMax = 60;
/** Lines of the schedule that are kept for people. */
const linesMax = 200;

export interface WeatherInit {
  readonly world: VirtualWorld;
  readonly disk: SimulatedDisk;
  readonly faults: readonly Fault[];
  /** Events of a run without faults. */
  readonly calmSteps: number;
}

export class Weather {
  /** What has happened, oldest first. */
  readonly lines: string[] = [];
  /** The kinds that have happened at least once. */
  readonly seen = new Set<Fault>();
  readonly #world: VirtualWorld;
  readonly #disk: SimulatedDisk;
  readonly #forecast: Forecast;
  readonly #random: () => number;
  #crashes = 0;
  /** Moods that have begun. */
  #moods = 0;
  /** The present mood ends with a fault of this kind. */
  #untilFault: Fault | undefined;
  #calm = false;

  constructor({ world, disk, faults, calmSteps }: WeatherInit) {
    const random = seededRandom(world.seed, "weather");
    this.#world = world;
    this.#disk = disk;
    this.#random = () => random.next();
    this.#forecast = forecast(faults, calmSteps, this.#random);
    disk.faults = this.#forecast.rates;
  }

  /** Between two events: whatever is due now happens. */
  tick(machine: Machine): void {
    const { ageSteps } = machine;
    if (this.#calm || ageSteps === undefined) return;
    const mood = this.#forecast.moods[this.#moods];
    if (mood && this.#world.steps >= mood.afterSteps) this.#turn(mood);
    const crash = this.#forecast.crashes[this.#crashes];
    if (!crash || ageSteps < crash.afterSteps) return;
    this.#crashes += 1;
    this.#happened("crash", `${machine.process?.label} dies${machine.up ? "" : " while it starts"}, for ${Math.round(crash.downMs)} ms`);
    machine.crash(crash.downMs);
  }

  /** When the next command is to be delivered once more. Undefined: never. */
  duplicate(): "at once" | "after the answer" | { readonly afterMs: number } | undefined {
    if (this.#calm || this.#random() >= this.#forecast.duplicates) return undefined;
    const draw = this.#random();
    return draw < 0.35 ? "at once" : draw < 0.6 ? "after the answer" : { afterMs: this.#random() * (draw < 0.85 ? 20 : 2_000) };
  }

  duplicated(what: string): void {
    this.#happened("duplicate", `${what} is delivered once more`);
  }

  diskFault(service: string, { call, fault }: PlannedFault): void {
    const kind: Fault = fault.kind === "slow" ? "slow-disk" : "failing-disk";
    if (kind === this.#untilFault) this.#usual();
    this.#happened(kind, `journal of ${service}, call ${call} of this life: ${JSON.stringify(fault, rounded)}`);
  }

  /** From now on nothing goes wrong. What is late may still arrive. */
  clear(): void {
    if (this.#calm) return;
    this.#calm = true;
    this.#usual();
    this.#disk.faults = noFaults;
    this.#world.note("faults end");
  }

  #turn({ kind, lasts, rates }: Mood): void {
    this.#moods += 1;
    this.#disk.faults = { ...noFaults, ...rates };
    this.#untilFault = lasts === "one fault" ? kind : undefined;
    if (lasts === "one fault") return; // it is written down when it happens
    this.#write(`${kind}: ${JSON.stringify(rates, rounded)} for ${Math.round(lasts.ms)} ms`);
    const turn = this.#moods;
    this.#world.outside.timers.after(lasts.ms, () => {
      if (turn === this.#moods) this.#usual();
    });
  }

  #usual(): void {
    this.#untilFault = undefined;
    if (!this.#calm) this.#disk.faults = this.#forecast.rates;
  }

  #happened(kind: Fault, what: string): void {
    this.seen.add(kind);
    this.#write(`${kind}: ${what}`);
  }

  #write(what: string): void {
    const { steps, timeMs } = this.#world;
    this.#world.note(what);
    if (this.lines.length < linesMax) this.lines.push(`${String(steps).padStart(7)}  ${String(timeMs).padStart(9)} ms  ${what}`);
    else if (this.lines.length === linesMax) this.lines.push("… and more");
  }
}

/** Throws INVALID_DEFINITION for what is no fault here. */
export function checkFaults(faults: readonly string[]): void {
  const known: readonly string[] = faultKinds;
  for (const fault of faults) {
    if (known.includes(fault)) continue;
    throw new Failure("INVALID_DEFINITION", {
      what: `"${fault}" is no fault of one process: those are ${known.join(", ")}`,
      at: "simulate",
    });
  }
}

/** For people: a delay of 742.354 ms is one of 742; a rate is below 1. */
const rounded = (_: string, value: unknown): unknown => (typeof value === "number" && value > 1 ? Math.round(value) : value);

function forecast(faults: readonly Fault[], calmSteps: number, random: () => number): Forecast {
  const has = (fault: Fault): boolean => faults.includes(fault);
  const upTo = (max: number): number => random() * max;
  const times = (max: number): number => Math.floor(upTo(max + 1));
  const within = (): number => 1 + Math.floor(upTo(calmSteps));
  // Every draw is made whether its fault is wanted or not, so that leaving one kind out leaves the others where they were.
  const crashes = Array.from({ length: times(crashesMax) }, (_, i) => ({
    afterSteps: i > 0 && random() < 0.3 ? 1 + Math.floor(upTo(earlyStepsMax)) : within(),
    downMs: random() < 0.3 ? 0 : upTo(random() < 0.5 ? 50 : downMsMax),
  }));
  const duplicates = upTo(0.5);
  const slow = { slow: upTo(0.3), slowMsMax: 5 + upTo(95) };
  const glitches = Array.from({ length: times(glitchesMax) }, (): Mood => ({
    afterSteps: within(),
    lasts: "one fault",
    ...oneOf(glitchKinds, random),
  }));
  const storms = Array.from({ length: times(stormsMax) }, (): Mood => ({
    afterSteps: within(),
    lasts: { ms: 50 + upTo(stormMsMax - 50) },
    ...oneOf(stormKinds, random),
  }));
  return {
    crashes: has("crash") ? crashes : [],
    duplicates: has("duplicate") ? duplicates : 0,
    rates: has("slow-disk") ? { ...noFaults, ...slow } : noFaults,
    moods: [...glitches, ...storms].filter(({ kind }) => has(kind)).toSorted((a, b) => a.afterSteps - b.afterSteps),
  };
}

type Kind = Pick<Mood, "kind" | "rates">;

const glitchKinds: readonly Kind[] = [
  { kind: "failing-disk", rates: { failed: 1 } },
  { kind: "failing-disk", rates: { full: 1 } },
  { kind: "failing-disk", rates: { ambiguous: 1 } },
  { kind: "failing-disk", rates: { late: 1, lateMsMax: 20 } },
  { kind: "failing-disk", rates: { late: 1, lateMsMax: 2_000 } },
  { kind: "slow-disk", rates: { slow: 1, slowMsMax: 1_000 } },
];

const stormKinds: readonly Kind[] = [
  { kind: "failing-disk", rates: { failed: 1 } },
  { kind: "failing-disk", rates: { full: 1 } },
  { kind: "failing-disk", rates: { ambiguous: 0.6, late: 0.3, lateMsMax: 1_000 } },
  { kind: "slow-disk", rates: { slow: 1, slowMsMax: 300 } },
];

const oneOf = (kinds: readonly Kind[], random: () => number): Kind => kinds[Math.floor(random() * kinds.length)] as Kind;
